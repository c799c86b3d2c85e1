"""The pager's own time: ages that outlive a restart, and no jump of the wall clock."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from waexporter.model import Instant


class Clock:
    """Time that goes on evenly: the wall clock as it was at the start, whatever it jumps to later."""

    def __init__(self, clock: Callable[[], Instant]) -> None:
        now = clock()
        self._clock = clock
        self._offset = now.wall - now.steady

    def now(self) -> float:
        """Give seconds since the epoch, as evenly as the steady clock goes."""
        return self._clock().steady + self._offset
