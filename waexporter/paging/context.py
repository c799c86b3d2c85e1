"""What the parts of the pager share: metrics, clocks, chance, and the report of bugs."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from waexporter.model import Instant
    from waexporter.paging.telemetry import PagerTelemetry


class PagerContext(NamedTuple):
    """What the daemon gives to its pager; tests give fakes."""

    telemetry: PagerTelemetry
    clock: Callable[[], Instant]
    jitter: Callable[[], float]  # returns a random number between 0 and 1
    on_crash: Callable[[Exception], None]  # called with an exception that only a bug can raise


class PagerClock:
    """The pager's own clock: the wall clock at the start, moved on by the steady clock.

    Jumps of the wall clock do not change ages, and ages outlive a restart.
    """

    def __init__(self, clock: Callable[[], Instant]) -> None:
        now = clock()
        self._clock = clock
        self._offset = now.wall - now.steady

    def now(self) -> float:
        """Return seconds since the epoch, which grow as evenly as the steady clock."""
        return self._clock().steady + self._offset
