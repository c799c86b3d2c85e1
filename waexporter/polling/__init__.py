"""Polls on a schedule and on demand, and the store of their readings."""
