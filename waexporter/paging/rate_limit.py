"""The rate limit of each recipient: pages above it wait, and are sent in one message."""

from __future__ import annotations

from collections import Counter, deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from waexporter.model import Rate


class RateLimiter:
    """Counts the messages to each recipient within a sliding window; times on the steady clock.

    The last fifth of the messages of a window is a reserve that is spread evenly over the window. Without it,
    the first page after a burst would wait for a whole window; with it, for a part of a window.
    """

    def __init__(self, rate: Rate) -> None:
        self._sent: dict[str, deque[float]] = {}
        self._reserved: Counter[str] = Counter()
        self.set_rate(rate)

    def set_rate(self, rate: Rate) -> None:
        """Apply another rate; messages already sent count towards it."""
        self._rate = rate
        self._reserve = rate.messages // 5 if rate.messages > 1 else 0
        self._sent = {
            recipient: deque(times, maxlen=rate.messages) for recipient, times in self._sent.items()
        }

    def record(self, recipient: str, at: float) -> None:
        """Record a sent message."""
        self._sent.setdefault(recipient, deque(maxlen=self._rate.messages)).append(at)

    def reserve(self, recipient: str) -> None:
        """Reserve a slot for a message being sent: until `release`, it counts as sent now."""
        self._reserved[recipient] += 1

    def release(self, recipient: str) -> None:
        """Release the slot; a message that was sent has been recorded before."""
        self._reserved[recipient] -= 1
        if not self._reserved[recipient]:
            del self._reserved[recipient]

    def free_at(self, recipient: str, now: float) -> float:
        """Return when the recipient may get the next message: `now`, or later."""
        times = [*self._recent(recipient, now), *[now] * self._reserved[recipient]]
        free = now
        while (later := self._not_before(times, free)) > free:
            free = later
        return free

    def _not_before(self, times: list[float], at: float) -> float:
        """Return `at` if a message may follow those sent at `times` then, else the next time to check."""
        limit, per = self._rate.messages, self._rate.per
        within = [sent for sent in times if sent + per > at]
        if len(within) >= limit:
            return within[-limit] + per
        unspaced = limit - self._reserve  # messages that may follow each other without a pause
        if len(within) < unspaced or not within:
            return at
        # Either the pause after the last message is over, or fewer messages than need a pause are left.
        return max(at, min(within[-1] + per / (self._reserve + 1), within[-unspaced] + per))

    def _recent(self, recipient: str, now: float) -> deque[float]:
        sent = self._sent.get(recipient, deque())
        while sent and sent[0] + self._rate.per <= now:
            sent.popleft()
        if not sent:
            self._sent.pop(recipient, None)
        return sent
