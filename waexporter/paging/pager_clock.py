"""The pager's own time: ages outlive a restart, and jumps of the wall clock don't change them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from waexporter.model import Instant


class PagerClock:
    """The wall clock as it was at the start, moved on by the steady clock."""

    def __init__(self, clock: Callable[[], Instant]) -> None:
        now = clock()
        self._clock = clock
        self._offset = now.wall - now.steady

    def now(self) -> float:
        """Return seconds since the epoch, which grow as evenly as the steady clock."""
        return self._clock().steady + self._offset
