"""What the pager says of what it hears: unexpected watchdogs, absent ones, webhooks that it refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs

from tests.paging.desk import Desk
from waexporter.model import PagerSettings, Watchdog
from waexporter.paging.intake.refused_senders import Refusal, WebhookSender

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

EU = Watchdog("prometheus-eu", (("alertname", "Watchdog"), ("prometheus", "eu")), 180.0)
REFUSAL = Refusal(401, "Another secret was sent than that of pager.webhook.")


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path, PagerSettings(state_dir=str(tmp_path), watchdogs=(EU,)))
    yield desk
    desk.pager.stop()


def watchdog_of(desk: Desk, prometheus: str) -> dict[str, object]:
    said = desk.alert("Watchdog")
    return said | {"labels": {"alertname": "Watchdog", "prometheus": prometheus}, "fingerprint": prometheus}


def test_a_watchdog_that_matches_no_entry_is_named_with_what_is_expected_once_per_change(desk: Desk) -> None:
    with capture_logs() as said:
        for name in ("eu", "us", "us", "asia", "us"):
            desk.receive(watchdog_of(desk, name))

    lines = [line for line in said if "came" in line]
    assert [line["came"] for line in lines] == [
        ("alertname=Watchdog prometheus=us",),
        ("alertname=Watchdog prometheus=asia",),
    ]
    assert {line["expected"] for line in lines} == {("prometheus-eu: alertname=Watchdog prometheus=eu",)}
    assert desk.pager.status(1).unexpected_watchdogs == tuple(line["came"][0] for line in lines)


def test_no_number_of_unexpected_watchdogs_in_one_delivery_fills_a_line(desk: Desk) -> None:
    with capture_logs() as said:
        desk.receive(*(watchdog_of(desk, f"x{number}") for number in range(100)))

    (line,) = (line for line in said if "came" in line)
    assert len(line["came"]) == len(desk.pager.status(1).unexpected_watchdogs) == 10


def test_no_number_of_unexpected_watchdogs_fills_the_log(desk: Desk) -> None:
    with capture_logs() as said:
        for number in range(100):
            desk.receive(watchdog_of(desk, str(number)))

    assert len(said) == 10


def test_whether_a_watchdog_has_ever_come_is_known_even_across_a_restart(desk: Desk) -> None:
    seen = [desk.pager.status(1).silences[0].was_seen]
    desk.restart()
    seen.append(desk.pager.status(1).silences[0].was_seen)
    desk.receive(watchdog_of(desk, "eu"))
    desk.restart()
    seen.append(desk.pager.status(1).silences[0].was_seen)

    assert seen == [False, False, True]


@pytest.mark.parametrize(
    ("refused_at", "heard_at", "is_named"), [(20.0, 10.0, True), (10.0, None, True), (10.0, 20.0, False)]
)
def test_the_page_of_a_missing_watchdog_names_webhooks_that_were_refused_since_it_was_seen(
    desk: Desk, refused_at: float, heard_at: float | None, *, is_named: bool
) -> None:
    for second in range(int(30 + EU.max_silence)):
        if second == refused_at:
            desk.pager.refusals.record_refusal(WebhookSender("10.0.0.7", "Alertmanager/0.28.0"), REFUSAL)
        if second == heard_at:
            desk.receive(watchdog_of(desk, "eu"))
        desk.clock.move(1.0)
        desk.pager.upkeep.tick()

    desk.run()

    (text,) = desk.texts()
    assert "WaExporterWatchdogMissing" in text
    assert (" Webhooks are being refused: 401 from 10.0.0.7 since " in text) is is_named
