"""Which metrics there are, as docs/metrics.md has it, and which of them nobody needs to look at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.markdown import METRICS, SPAN, part, rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

OWN = (
    "The client's health",
    "Builds, disks, settings, certificates, the on-call group",
    "The exporter itself",
)
OF_PROMETHEUS = {"up", "scrape_samples_scraped", "ALERTS"}  # it makes them itself

# Metrics that no panel and no alert uses, and why.
UNUSED: Mapping[str, str] = {
    "process_virtual_memory_bytes": "address space says nothing of what a process needs",
    "whatsapp_callback_requests_total": "up to 2.18; the summary of its durations counts the same",
}
_SUFFIXES: Mapping[str, tuple[str, ...]] = {
    "summary": ("_count", "_sum"),
    "histogram": ("_bucket", "_count", "_sum"),
}


def families() -> dict[str, frozenset[str]]:
    """Give the names of the series of each documented family, by its name."""
    return {name: frozenset(name + suffix for suffix in _SUFFIXES.get(kind, ("",))) for name, kind in _documented()}


def _documented() -> Iterator[tuple[str, str]]:
    for heading in OWN:
        for row in rows(part(METRICS, heading)):
            yield SPAN.findall(row[0])[0], row[1]
    for row in rows(part(METRICS, "Known families")):
        yield SPAN.findall(row[1])[0], row[2]
