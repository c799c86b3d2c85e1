"""Polls targets on a schedule and on demand, and stores their readings."""
