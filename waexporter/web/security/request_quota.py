"""The rate limit of requests."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from waexporter.model import RequestRate


class RequestQuota:
    """A token bucket as in Go's exporters: `burst` requests at once, then one in each `interval`."""

    def __init__(self, rate: RequestRate, now: float) -> None:
        self._rate = rate
        self._tokens = float(rate.burst)
        self._at = now  # steady clock

    def take(self, now: float) -> bool:
        """Return whether one more request may be answered at the time `now` (steady clock)."""
        earned = (now - self._at) / self._rate.interval
        self._tokens = min(self._tokens + max(earned, 0.0), float(self._rate.burst))
        self._at = now
        if self._tokens < 1.0:
            return False
        self._tokens -= 1.0
        return True
