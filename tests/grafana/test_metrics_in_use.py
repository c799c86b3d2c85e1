"""Dashboards and alerts use the metrics that there are, and all of them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
import yaml

from tests.alerts.rules import recordings
from tests.grafana.boards import BOARDS, ROOT, Sight, queries
from tests.grafana.catalogue import OF_PROMETHEUS, UNUSED, families
from tests.grafana.promql import metrics, parse
from tests.places import hold

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.grafana.boards import Board

SIGHT = Sight(end=0)

everywhere = pytest.mark.parametrize("board", BOARDS.values(), ids=list(BOARDS))


def on_dashboards() -> set[str]:
    return {
        name
        for board in BOARDS.values()
        for asked in queries(board)
        for name in metrics(SIGHT.resolve(asked.expr, board))
    }


def in_rules() -> Iterator[str]:
    for file in (ROOT / "alerts").glob("*.yml"):
        for group in yaml.safe_load(file.read_text()).get("groups", ()):
            for rule in group["rules"]:
                yield from metrics(rule["expr"])


@everywhere
def test_every_query_parses_once_its_variables_have_values(board: Board) -> None:
    resolved = [SIGHT.resolve(asked.expr, board) for asked in queries(board)]

    assert [query for query in resolved if re.search(r"\$(?!1)", query)] == []  # $1 is of label_replace()
    for query in resolved:
        assert parse(query)


def test_every_metric_on_a_dashboard_is_documented_or_recorded() -> None:
    documented = frozenset[str]().union(*families().values()) | OF_PROMETHEUS
    recorded = {rule.name for rule in recordings()}

    assert on_dashboards() - documented - recorded == set()


def test_every_documented_metric_is_on_a_dashboard_in_an_alert_or_on_the_list() -> None:
    used = on_dashboards() | set(in_rules())

    unused = {name for name, series in families().items() if not series & used}

    hold(
        unused,
        UNUSED,
        add="Show it on a panel (grafana/source, then `make dashboards`) or use it in an alert; if neither "
        "makes sense, add it to UNUSED in tests/grafana/catalogue.py with the reason.",
        remove="Take it out of UNUSED: it is used by now.",
    )
