"""The metrics of the pager itself, by prometheus_client."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import Counter, Gauge, Histogram

from waexporter.paging.channels import OK
from waexporter.paging.channels.channel_types import CHANNELS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from prometheus_client import CollectorRegistry

ACCEPTED, FAILED, SUPPRESSED = "accepted", "failed", "suppressed"
WEBHOOK_RESULTS = ("accepted", "invalid", "refused", "too_large", "failed")

_DELIVERY_BUCKETS = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800)  # seconds


class PagerTelemetry:
    """The metrics of one pager; every closed set of labels begins at 0."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._pages = Counter(
            "waexporter_pages",
            "Pages by what became of them: accepted by a channel (which is not yet delivered), failed for "
            "good on it, or suppressed since they said nothing new.",
            ["channel", "result"],
            registry=registry,
        )
        self._attempts = Counter(
            "waexporter_page_attempts",
            "Attempts to hand over a message, by channel and outcome: ok, an error code of the API, an HTTP "
            "status, or a reason such as timeout.",
            ["channel", "code"],
            registry=registry,
        )
        self._delivery = Histogram(
            "waexporter_page_delivery_seconds",
            "From the webhook's arrival until the page was accepted.",
            ["channel"],
            buckets=_DELIVERY_BUCKETS,
            registry=registry,
        )
        self._last_success = Gauge(
            "waexporter_page_last_success_timestamp_seconds",
            "When a page was last accepted.",
            ["channel"],
            registry=registry,
        )
        self._webhooks = Counter(
            "waexporter_webhooks",
            "Webhooks received, by result: accepted (they are in the journal), invalid, refused (a wrong "
            "secret), too_large, failed (the journal could not be written).",
            ["result"],
            registry=registry,
        )
        self._pending = Gauge(
            "waexporter_pages_pending", "Pages in the journal that are not out yet.", registry=registry
        )
        self._oldest = Gauge(
            "waexporter_oldest_pending_page_seconds",
            "How long the oldest of them has been waiting; 0 without one.",
            registry=registry,
        )
        self._silence = Gauge(
            "waexporter_watchdog_age_seconds",
            "How long ago an expected watchdog alert last came, or has been expected for, if it never came.",
            ["source"],
            registry=registry,
        )
        self.duplicates = Counter(
            "waexporter_page_duplicates",
            "Messages sent again after an attempt whose outcome is not known, so they may be read twice.",
            registry=registry,
        )
        self.journal_writable = Gauge(
            "waexporter_journal_writable",
            "1 if the journal of pages could be written the last time it was tried, else 0.",
            registry=registry,
        )
        self.journal_damaged = Counter(
            "waexporter_journal_damaged",
            "Rows of the journal of pages that could not be read, and were set aside.",
            registry=registry,
        )
        for channel in CHANNELS:
            self._delivery.labels(channel)
            self._attempts.labels(channel, OK)
            for result in (ACCEPTED, FAILED, SUPPRESSED):
                self._pages.labels(channel, result)
        for result in WEBHOOK_RESULTS:
            self._webhooks.labels(result)

    def watch(
        self,
        pending: Callable[[], int],
        oldest: Callable[[], float],
        silences: Iterable[tuple[str, Callable[[], float]]],
    ) -> None:
        """Read these functions at every scrape: pending pages, and the silence of each watchdog."""
        self._pending.set_function(pending)
        self._oldest.set_function(oldest)
        for source, silence in silences:
            self._silence.labels(source).set_function(silence)

    def unwatch(self, sources: Iterable[str]) -> None:
        """Remove the series of watchdogs that are no longer expected."""
        for source in sources:
            self._silence.remove(source)

    def count_webhook(self, result: str) -> None:
        """Count one webhook."""
        self._webhooks.labels(result).inc()

    def count_attempt(self, channel: str, code: str) -> None:
        """Count one attempt to hand over a message."""
        self._attempts.labels(channel, code).inc()

    def count_page(self, channel: str, result: str, pages: int = 1) -> None:
        """Count pages by their final result."""
        self._pages.labels(channel, result).inc(pages)

    def note_acceptance(self, channel: str, at: float, waited: float) -> None:
        """Record that a page was accepted, at a time of the wall clock, after `waited` seconds."""
        self._last_success.labels(channel).set(at)
        self._delivery.labels(channel).observe(waited)

    def remember_acceptance(self, channel: str, at: float) -> None:
        """Restore the time of the last acceptance from the journal."""
        self._last_success.labels(channel).set(at)
