"""How many messages one recipient gets: what is above it waits, to be told together."""

from __future__ import annotations

from collections import Counter, deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from waexporter.model import Rate


class Throttle:
    """Counts the messages to each recipient within a sliding window; times on the steady clock.

    The last few of a window are given out evenly over it. Were all given at once, what comes after a burst
    would wait for the window's whole length; so it waits for a part of it, and comes as a digest.
    """

    def __init__(self, rate: Rate) -> None:
        self._rate = rate
        self._reserve = rate.messages // 5 if rate.messages > 1 else 0
        self._sent: dict[str, deque[float]] = {}
        self._under_way: Counter[str] = Counter()

    def note(self, recipient: str, at: float) -> None:
        """Take note of a message."""
        self._sent.setdefault(recipient, deque(maxlen=self._rate.messages)).append(at)

    def begin(self, recipient: str) -> None:
        """Take note of one that is under way: until it ends, it counts as sent now."""
        self._under_way[recipient] += 1

    def end(self, recipient: str) -> None:
        """Take note that it is under way no more; if it was sent, `note` has been told."""
        self._under_way[recipient] -= 1
        if not self._under_way[recipient]:
            del self._under_way[recipient]

    def free_at(self, recipient: str, now: float) -> float:
        """Tell from when on the recipient may get a message: `now`, or later."""
        times = [*self._recent(recipient, now), *[now] * self._under_way[recipient]]
        if len(times) >= self._rate.messages:
            return times[-self._rate.messages] + self._rate.per
        if len(times) < self._rate.messages - self._reserve or not times:
            return now
        return max(now, times[-1] + self._rate.per / (self._reserve + 1))

    def _recent(self, recipient: str, now: float) -> deque[float]:
        sent = self._sent.get(recipient, deque())
        while sent and sent[0] <= now - self._rate.per:
            sent.popleft()
        if not sent:
            self._sent.pop(recipient, None)
        return sent
