"""What a page of GET /probe says of the probe itself, under the names that probes have everywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from waexporter.model import Family, Head, Sample

if TYPE_CHECKING:
    from collections.abc import Iterator

_SUCCESS = Head(
    "probe_success", "gauge", "1 if the client answered /v1/health in time and was understood, else 0."
)
_DURATION = Head("probe_duration_seconds", "gauge", "How long the probe took.")

HEADS = (_SUCCESS, _DURATION)


def of_probe(*, has_answered: bool, duration: float) -> Iterator[Family]:
    """Give probe_success and probe_duration_seconds; `duration` in seconds."""
    yield Family(_SUCCESS, (Sample((), int(has_answered)),))
    yield Family(_DURATION, (Sample((), round(duration, 6)),))
