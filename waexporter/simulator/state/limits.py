"""Rate limits: a sliding window and a token bucket."""

from __future__ import annotations

from collections import deque


class Window:
    """A sliding window with at most `most` requests in any `seconds`; None is no limit."""

    def __init__(self, most: int | None, seconds: float) -> None:
        self._most = most
        self._seconds = seconds
        self._admitted: deque[float] = deque()

    def full(self, now: float) -> bool:
        """Return whether the limit is reached."""
        while self._admitted and self._admitted[0] <= now - self._seconds:
            self._admitted.popleft()
        return self._most is not None and len(self._admitted) >= self._most

    def add(self, now: float) -> None:
        """Count a request."""
        self._admitted.append(now)

    def admits(self, now: float) -> bool:
        """Count a request unless the limit is reached; return whether it was counted."""
        if self.full(now):
            return False
        self.add(now)
        return True


class Bucket:
    """A token bucket: `rate` requests per second, and up to `burst` at once."""

    def __init__(self, rate: float, burst: float) -> None:
        self._rate = rate
        self._burst = burst
        self._level = burst
        self._filled = float("-inf")

    def admits(self, now: float) -> bool:
        """Take a token; return whether there was one."""
        self._level = min(self._burst, self._level + (now - self._filled) * self._rate)
        self._filled = now
        if self._level < 1:
            return False
        self._level -= 1
        return True
