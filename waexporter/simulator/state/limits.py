"""How many requests are let through: a sliding window and a token bucket."""

from __future__ import annotations

from collections import deque


class Window:
    """At most `most` admissions within any `seconds`; None admits everything."""

    def __init__(self, most: int | None, seconds: float) -> None:
        self._most = most
        self._seconds = seconds
        self._admitted: deque[float] = deque()

    def full(self, now: float) -> bool:
        """Say whether nothing more is admitted now."""
        while self._admitted and self._admitted[0] <= now - self._seconds:
            self._admitted.popleft()
        return self._most is not None and len(self._admitted) >= self._most

    def add(self, now: float) -> None:
        """Count one admission."""
        self._admitted.append(now)

    def admits(self, now: float) -> bool:
        """Count one admission, unless the window is full."""
        if self.full(now):
            return False
        self.add(now)
        return True


class Bucket:
    """`rate` admissions per second, and up to `burst` saved up."""

    def __init__(self, rate: float, burst: float) -> None:
        self._rate = rate
        self._burst = burst
        self._level = burst
        self._filled = float("-inf")

    def admits(self, now: float) -> bool:
        """Take one admission out, unless the bucket is empty."""
        self._level = min(self._burst, self._level + (now - self._filled) * self._rate)
        self._filled = now
        if self._level < 1:
            return False
        self._level -= 1
        return True
