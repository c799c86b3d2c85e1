"""Alerts that must keep coming: an alert when they stop, and its end when they come back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.paging.fakes import WALL, an_alert
from waexporter.model import Watchdog
from waexporter.paging.alert_record import AlertRecord
from waexporter.paging.intake.watchdogs import (
    LastSeen,
    find_watchdog_alerts,
    fingerprint_of,
    is_watchdog,
    matches,
)
from waexporter.paging.messages.compose import compose
from waexporter.paging.model import Item, ItemKind, Page

if TYPE_CHECKING:
    from waexporter.paging.model import Alert

EU = Watchdog("eu", (("alertname", "Watchdog"), ("prometheus", "eu")), 180.0)
US = Watchdog("us", (("alertname", "Alive"),), 60.0)


def test_an_alert_matches_by_every_label() -> None:
    assert matches(an_alert("Watchdog", prometheus="eu", more="1").labels, EU)
    assert not matches(an_alert("Watchdog", prometheus="us").labels, EU)
    assert not matches(an_alert("Watchdog").labels, EU)


@pytest.mark.parametrize(
    ("name", "expected"), [("Watchdog", True), ("Alive", True), ("WatchdogX", False), ("Down", False)]
)
def test_a_watchdog_pages_nobody(name: str, expected: bool) -> None:  # noqa: FBT001
    assert is_watchdog(an_alert(name).labels, (EU, US)) is expected


def last_seen(at: float) -> LastSeen:
    return LastSeen(at, at)


def alerts_about_eu(
    seen: float, known: dict[str, AlertRecord] | None = None, wall: float = WALL
) -> tuple[Alert, ...]:
    """Return the alerts about EU, last seen so many seconds ago."""
    return find_watchdog_alerts([EU], {"eu": last_seen(1_000.0 - seen)}, known or {}, 1_000.0, wall)


def test_a_silence_up_to_the_limit_is_no_alert() -> None:
    assert alerts_about_eu(180.0) == ()


def test_a_silence_beyond_the_limit_fires() -> None:
    [alert] = alerts_about_eu(180.1)

    assert (alert.fingerprint, alert.ends_at) == (fingerprint_of(EU), None)
    assert alert.starts_at == pytest.approx(WALL - 180.1), "it begins where the watchdog was last seen"
    assert alert.labels == {
        "alertname": "WaExporterWatchdogMissing",
        "severity": "critical",
        "source": "eu",
    }
    assert "eu: its watchdog alert has not come for over 180 s" in alert.annotations["description"]


def test_a_silence_fires_once() -> None:
    known = {fingerprint_of(EU): AlertRecord(fingerprint_of(EU), "t", WALL - 9.0, None, 0.0)}

    assert alerts_about_eu(500.0, known) == ()


def test_a_watchdog_that_comes_back_resolves_the_alert() -> None:
    known = {fingerprint_of(EU): AlertRecord(fingerprint_of(EU), "t", WALL - 99.0, None, 0.0)}

    [alert] = alerts_about_eu(1.0, known)

    assert (alert.starts_at, alert.ends_at) == (WALL - 99.0, WALL - 1.0)


def test_a_resolved_alert_does_not_name_the_limit() -> None:
    known = {fingerprint_of(EU): AlertRecord(fingerprint_of(EU), "t", WALL - 99.0, None, 0.0)}

    [alert] = alerts_about_eu(1.0, known)
    text = compose([Page("t", (Item(alert, ItemKind.RESOLVED),), received_at=WALL)], WALL)

    assert "ALL CLEAR" in text
    assert "Was:" not in text
    assert "180 s" not in text


def test_an_alert_does_not_end_before_it_began_if_the_clock_was_set_back() -> None:
    known = {fingerprint_of(EU): AlertRecord(fingerprint_of(EU), "t", WALL, None, 0.0)}

    [alert] = alerts_about_eu(1.0, known, WALL - 3_600.0)

    assert (alert.starts_at, alert.ends_at) == (WALL, WALL)


def test_a_second_silence_is_another_occurrence_even_after_the_clock_was_set_back() -> None:
    known = {fingerprint_of(EU): AlertRecord(fingerprint_of(EU), "t", WALL - 99.0, WALL, 0.0)}

    [alert] = alerts_about_eu(500.0, known, WALL - 3_600.0)

    assert alert.fires
    assert alert.starts_at > WALL


def test_each_watchdog_has_its_own_limit() -> None:
    assert [
        each.labels["source"]
        for each in find_watchdog_alerts(
            [EU, US], {"eu": last_seen(900.0), "us": last_seen(900.0)}, {}, 1_000.0, WALL
        )
    ] == ["us"]
