"""An alert is about what lasts and is still so: at every scrape interval, whatever is missed or odd."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.alerts.lasting import LASTING, SCRAPES, write
from tests.alerts.rules import alerts
from tests.places import hold
from tests.real import parts

if TYPE_CHECKING:
    from pathlib import Path

    from tests.alerts.lasting import Lasting
    from tests.real.fixtures import RunTool

pytestmark = pytest.mark.timeout(300)  # seconds; fifteen are enough on an idle machine
# The oldest and the newest: since Prometheus 3 ranges are open at their left. The third is as the oldest.
SUITES = (parts.SUITES[0], parts.SUITES[-1])
# Rules are evaluated as often as is scraped, or as often as the quickest scrape would be.
INTERVALS = [pytest.param((scrape, scrape), id=f"{scrape}s") for scrape in SCRAPES] + [
    pytest.param((60, 15), id="60s-evaluated-every-15s")
]


# In halves, since a busy machine takes long for all at once.
HALVES = [pytest.param(LASTING[half::2], id=f"half-{half}") for half in range(2)]


@pytest.mark.parametrize("suite", SUITES)
@pytest.mark.parametrize("rules", HALVES)
@pytest.mark.parametrize("intervals", INTERVALS)
def test_only_what_lasts_begins_an_alert_and_only_its_end_ends_it(
    rules: tuple[Lasting, ...], intervals: tuple[int, int], promtool: RunTool, suite: str, tmp_path: Path
) -> None:
    file = write(tmp_path, rules, *intervals)

    finding = promtool(suite, "test", "rules", file)

    assert finding.status == 0, finding.output


def test_every_alert_on_a_verdict_or_a_problem_is_among_them() -> None:
    slow = {"WhatsAppVersionSkew"}  # polled every five minutes; its own tests tell such stories
    lasting = {(rule.alert, rule.severity) for rule in LASTING}

    told = {
        (rule.name, rule.labels["severity"])
        for rule in alerts()
        if "present_over_time(whatsapp_" in rule.expr or 'problem="' in rule.expr or 'verdict="' in rule.expr
    }

    hold(
        {f"{name} ({severity})" for name, severity in told if name not in slow},
        {f"{name} ({severity})" for name, severity in told & lasting if name not in slow},
        add="Add a row to LASTING in tests/alerts/lasting.py: after how many seconds it fires, and the "
        "series that says so.",
        remove="",
    )
