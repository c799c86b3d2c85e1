"""What the pager gets from outside."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from waexporter.model import Instant
    from waexporter.paging.telemetry import PagerTelemetry


class PagerContext(NamedTuple):
    """Where the pager counts, its time and chance, and who is called about a bug."""

    telemetry: PagerTelemetry
    clock: Callable[[], Instant]
    chance: Callable[[], float]  # a number between 0 and 1
    on_crash: Callable[[Exception], None]
