"""The families of GET /probe about the probe itself, under the names that all probes use."""

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


def probe_families(*, success: bool, duration: float) -> Iterator[Family]:
    """Yield probe_success and probe_duration_seconds; `duration` in seconds."""
    yield Family(_SUCCESS, (Sample((), int(success)),))
    yield Family(_DURATION, (Sample((), round(duration, 6)),))
