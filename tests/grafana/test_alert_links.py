"""The links of alerts lead to when it began, and to problems only where these tell of the alert."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.alerts.rules import alerts
from tests.grafana.boards import BOARDS, panels
from waexporter.health.catalogue import PROBLEMS

if TYPE_CHECKING:
    from tests.alerts.rules import Rule
    from tests.grafana.boards import Panel

# It has no problem of its own: a target that was taken out of the configuration has none that is watched.
LEFT_TO_OTHERS = {"WhatsAppTargetMissing"}


def chosen(rule: Rule) -> dict[str, list[str]]:
    return parse_qs(urlsplit(rule.annotations["dashboard_url"]).query)


def panel_of(rule: Rule) -> Panel:
    path = urlsplit(rule.annotations["dashboard_url"]).path
    board = next(board for board in BOARDS.values() if path == f"/d/{board['uid']}")
    return next(panel for panel in panels(board) if [str(panel["id"])] == chosen(rule)["viewPanel"])


def test_a_link_chooses_its_time_only_where_its_alert_takes_hours_to_fire() -> None:
    links = [(rule.labels.get("long", ""), chosen(rule)) for rule in alerts()]

    times = {(long, *link.get("from", ()), *link.get("to", ())) for long, link in links}

    assert times == {
        ("",),  # all of these are for the pager to choose
        ("1h",),
        ("6h", "now-6h", "now"),
        ("1d", "now-1d", "now"),
        ("3d", "now-3d", "now"),
    }


@pytest.mark.parametrize("rule", alerts(), ids=lambda rule: f"{rule.name}-{rule.labels['severity']}")
def test_an_alert_that_leads_to_problems_is_about_one_of_them(rule: Rule) -> None:
    shows_problems = "target:whatsapp_problem:" in str(panel_of(rule)["targets"])

    told = {kind.runbook for kind in PROBLEMS.values()} | LEFT_TO_OTHERS

    assert rule.name in told or not shows_problems, (
        f"{rule.name}: no problem has its runbook, so its dashboard_url leads to a panel that does not tell "
        "of it. Give the number of another one (viewPanel=NUMBER)."
    )
