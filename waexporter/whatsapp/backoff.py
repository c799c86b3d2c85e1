"""Exponential backoff of logins."""

from __future__ import annotations

from dataclasses import dataclass

FIRST_PAUSE = 120.0  # seconds without a login after a refused one; doubles with each further refusal
MAX_PAUSE = 3600.0  # seconds


@dataclass(slots=True)
class Backoff:
    """A pause without logins; each pause is twice as long as the one before."""

    first: float = FIRST_PAUSE
    longest: float = MAX_PAUSE
    length: float = 0.0  # seconds
    ends: float = float("-inf")  # steady clock

    def begin(self, now: float, least: float = 0.0) -> None:
        """Begin the next pause at `now`, of at least `least` seconds."""
        self.length = min(self.length * 2 or self.first, self.longest)
        self.ends = now + max(self.length, least)
