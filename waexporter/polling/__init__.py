"""Asking on a timer, and remembering what was answered."""
