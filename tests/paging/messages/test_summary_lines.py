"""The first lines and the last one: state and counts, exact and true."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.paging.shapes import (
    NOW,
    alert,
    down,
    fired,
    first_line,
    foreign,
    page,
    reminded,
    resolved,
)
from waexporter.model import PagerSettings
from waexporter.model.severity import Severity
from waexporter.paging.messages.compose import compose

if TYPE_CHECKING:
    from waexporter.paging.model import Page


@pytest.mark.parametrize(
    ("given", "line"),
    [
        (page(*fired(*down(1))), "FIRING: 1 alert, 1 critical"),
        (page(*fired(alert("WhatsAppBuildExpiring"))), "FIRING: 1 alert"),
        (
            page(*fired(*down(2), alert("WhatsAppBuildExpiring")), still_firing=1, truncated=7),
            "FIRING: 3 alerts, 2 critical, 1 other still firing, 7 unknown",
        ),
        (page(*reminded(*down(2))), "REMINDER: 2 alerts still firing, 2 critical"),
        (page(*fired(*down(1)), *reminded(*down(3)[1:])), "FIRING: 3 alerts (1 new), 3 critical"),
        (page(*fired(*down(1)), *resolved(*down(3)[1:])), "FIRING: 1 alert, 1 critical, 2 resolved"),
        (page(*resolved(*down(3))), "ALL CLEAR: 3 resolved"),
        (page(*resolved(*down(2)), still_firing=3), "RESOLVED: 2 of 5, 3 still firing"),
        (page(*resolved(*down(2)), truncated=4), "RESOLVED: 2 of 6, 4 unknown"),
        (
            page(*resolved(*down(2)), truncated=4, still_firing=1),
            "RESOLVED: 2 of 7, 1 still firing, 4 unknown",
        ),
        (page(truncated=4, still_firing=1), "NO NEWS: 1 still firing, 4 unknown"),
        (page(), "NO NEWS: no alerts"),
    ],
)
def test_the_first_line_says_state_and_count(given: Page, line: str) -> None:
    assert first_line(given) == line


def test_without_a_page_there_is_no_all_clear() -> None:
    assert compose([], NOW) == "NO NEWS: no alerts"


def test_a_severity_counts_however_it_is_written() -> None:
    shouted = foreign({"alertname": "A", "severity": " Critical "})

    assert first_line(page(*fired(shouted))) == "FIRING: 1 alert, 1 critical"


@pytest.mark.parametrize(
    ("words", "order"),
    [
        (["info", "page", "warning", "emergency"], ["emergency", "page", "warning", "info"]),
        (["P4", "ticket", "SEV-1", "disaster"], ["disaster", "sev-1", "ticket", "p4"]),
        (["info", "tier-1", "warning", "", "critical"], ["critical", "", "tier-1", "warning", "info"]),
    ],
)
def test_critical_alerts_come_first_then_those_of_unknown_severity(
    words: list[str], order: list[str]
) -> None:
    alerts = [foreign({"alertname": "A", "severity": word}) for word in words]

    text = compose([page(*fired(*alerts))], NOW)

    assert re.findall("^(.*): A$", text, re.MULTILINE) == [word.upper() or "ALERT" for word in order]


def test_the_configuration_adds_words_for_severities() -> None:
    alerts = [foreign({"alertname": "A", "severity": word}) for word in ("P1", "tier 1", "urgent", "info")]
    settings = PagerSettings(
        severities=(("Tier-1", Severity.CRITICAL), ("p1", Severity.INFO), ("urgent", Severity.WARNING))
    )

    text = compose([page(*fired(*alerts))], NOW, settings=settings)

    assert text.startswith("FIRING: 4 alerts, 1 critical\n")
    assert re.findall("^(.*): A$", text, re.MULTILINE) == ["TIER 1", "URGENT", "INFO", "P1"]


@pytest.mark.parametrize(
    ("severities", "rest"),
    [
        (["info"] * 5, "+5 more (none critical)"),
        (["ticket", "p4"], "+2 more (none critical)"),
        (["info", "tier-1", ""], "+3 more (2 of unknown severity)"),
        (["emergency", "p1", "sev2", "info"], "+4 more (2 critical, 1 of unknown severity)"),
    ],
)
def test_none_critical_is_said_only_if_it_is_known(severities: list[str], rest: str) -> None:
    first = foreign({"alertname": "A", "severity": "critical"}, {"description": "word " * 40})
    others = [foreign({"alertname": f"B{place}", "severity": word}) for place, word in enumerate(severities)]

    text = compose([page(*fired(first, *others))], NOW, 150)

    assert text.split("\n")[-1] == rest
