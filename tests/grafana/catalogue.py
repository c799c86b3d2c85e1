"""Which metrics there are, and which of them nobody needs to look at."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, generate_latest

from docs.source.reference import own_families
from tests.markdown import METRICS, SPAN, part, rows
from waexporter.paging.telemetry import PagerTelemetry

if TYPE_CHECKING:
    from collections.abc import Mapping

OF_PROMETHEUS = {"up", "scrape_samples_scraped", "ALERTS"}  # it makes them itself

# Metrics that no panel and no alert uses, and why.
UNUSED: Mapping[str, str] = {
    "process_virtual_memory_bytes": "address space says nothing of what a process needs",
    "waexporter_journal_damaged_total": "the log, the status page and `waexporter pages` name each row",
    "whatsapp_callback_requests_total": "up to 2.18; the summary of its durations counts the same",
}
_SUFFIXES: Mapping[str, tuple[str, ...]] = {
    "summary": ("_count", "_sum"),
    "histogram": ("_bucket", "_count", "_sum"),
}


def families() -> dict[str, frozenset[str]]:
    """Give the names of the series of each family that there is, by its name."""
    documented = {SPAN.findall(row[1])[0]: row[2] for row in rows(part(METRICS, "Known families"))}
    every = own_families() | _pager_families() | documented
    return {
        name: frozenset(name + suffix for suffix in _SUFFIXES.get(kind, ("",)))
        for name, kind in every.items()
    }


def _pager_families() -> dict[str, str]:
    registry = CollectorRegistry()
    PagerTelemetry(registry)
    found = re.findall(r"^# TYPE (\S+) (\S+)$", generate_latest(registry).decode(), re.MULTILINE)
    return {name: kind for name, kind in found if not name.endswith("_created")}
