"""What the pager says of itself: closed sets begin at 0, and what waits is as it is at the scrape."""

from __future__ import annotations

import re

from tests.metrics.reading_back import read_text
from waexporter.metrics.telemetry import Telemetry
from waexporter.paging.channels.channel_types import CHANNELS
from waexporter.paging.telemetry import WEBHOOK_RESULTS, PagerTelemetry


def values(telemetry: Telemetry) -> dict[str, float]:
    """Return the pager's samples, each by its name with its labels, without the buckets."""
    names = re.compile("waexporter_(page|oldest|webhooks|watchdog|journal)")
    return {
        name + "".join(f" {value}" for _, value in sorted(labels)): number
        for (name, labels), number in read_text(telemetry.render(as_openmetrics=False).decode()).items()
        if names.match(name) and not name.endswith("_bucket")
    }


def test_without_a_pager_nothing_is_said_of_one() -> None:
    assert values(Telemetry()) == {}


def test_every_closed_set_of_labels_begins_at_nothing() -> None:
    telemetry = Telemetry()
    PagerTelemetry(telemetry.registry)

    found = values(telemetry)

    assert set(found.values()) == {0.0}
    for channel in CHANNELS:
        assert f"waexporter_page_attempts_total {channel} ok" in found
        assert f"waexporter_page_delivery_seconds_count {channel}" in found
        for result in ("accepted", "failed", "suppressed"):
            assert f"waexporter_pages_total {channel} {result}" in found
    for result in WEBHOOK_RESULTS:
        assert f"waexporter_webhooks_total {result}" in found
    assert "waexporter_page_duplicates_total" in found


def test_when_a_page_was_last_accepted_is_absent_before_the_first() -> None:
    telemetry = Telemetry()
    pager = PagerTelemetry(telemetry.registry)
    name = "waexporter_page_last_success_timestamp_seconds whatsapp"
    assert name not in values(telemetry)

    pager.remember_acceptance("whatsapp", 5.0)
    assert values(telemetry)[name] == 5.0
    assert values(telemetry)["waexporter_page_delivery_seconds_count whatsapp"] == 0.0


def test_what_happens_is_counted() -> None:
    telemetry = Telemetry()
    pager = PagerTelemetry(telemetry.registry)
    pager.count_webhook("invalid")
    pager.count_attempt("webhook", "503")
    pager.count_page("whatsapp", "accepted", 3)
    pager.note_acceptance("whatsapp", 9.0, 2.5)
    pager.duplicates.inc()
    pager.journal_writable.set(1)

    found = {name: value for name, value in values(telemetry).items() if value}

    assert found == {
        "waexporter_webhooks_total invalid": 1.0,
        "waexporter_page_attempts_total webhook 503": 1.0,
        "waexporter_pages_total whatsapp accepted": 3.0,
        "waexporter_page_last_success_timestamp_seconds whatsapp": 9.0,
        "waexporter_page_delivery_seconds_sum whatsapp": 2.5,
        "waexporter_page_delivery_seconds_count whatsapp": 1.0,
        "waexporter_page_duplicates_total": 1.0,
        "waexporter_journal_writable": 1.0,
    }


def test_what_waits_is_asked_for_at_every_scrape() -> None:
    telemetry = Telemetry()
    waiting = [1, 2]
    PagerTelemetry(telemetry.registry).watch(lambda: len(waiting), lambda: 7.5, [("eu", lambda: 12.0)])

    before = values(telemetry)
    waiting.clear()

    assert before["waexporter_pages_pending"] == 2.0
    assert before["waexporter_oldest_pending_page_seconds"] == 7.5
    assert before["waexporter_watchdog_age_seconds eu"] == 12.0
    assert values(telemetry)["waexporter_pages_pending"] == 0.0
