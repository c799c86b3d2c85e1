"""How many messages one recipient gets: what is above it waits, to be told together."""

from __future__ import annotations

from collections import deque
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

    def note(self, recipient: str, at: float) -> None:
        """Take note of a message."""
        self._sent.setdefault(recipient, deque(maxlen=self._rate.messages)).append(at)

    def free_at(self, recipient: str, now: float) -> float:
        """Tell from when on the recipient may get a message: `now`, or later."""
        sent = self._sent.get(recipient)
        if sent is None:
            return now
        while sent and sent[0] <= now - self._rate.per:
            sent.popleft()
        if not sent:
            del self._sent[recipient]
            return now
        if len(sent) >= self._rate.messages:
            return sent[0] + self._rate.per
        if len(sent) < self._rate.messages - self._reserve:
            return now
        return max(now, sent[-1] + self._rate.per / (self._reserve + 1))
