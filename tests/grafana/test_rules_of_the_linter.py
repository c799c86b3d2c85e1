"""Every rule of Grafana's dashboard-linter, which mixtool runs too; the names are the linter's.

The file .lint beside the dashboards tells the linter what is left out, and why.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from promql_parser import MatchOp

from tests.grafana.boards import BOARDS, FOLDER, panel_queries, panels, variable_queries, variables
from tests.grafana.faults.frame import of_one_client
from tests.grafana.promql import bare, matchers, parse, ranges, selectors

if TYPE_CHECKING:
    from tests.grafana.boards import Board

# Grafana's own variables become what parses; those of the dashboard stay, as regular expressions.
MAGIC = {
    "__rate_interval": "11277964s",
    "__interval_ms": "60000",
    "__interval": "1m",
    "__range_s": "3600",
    "__range": "1h",
}
RATE_INTERVAL = 11277964.0  # seconds: no query says this by itself
# What is read as a share or as yes or no, over the time shown or what the alerts look at.
WINDOWS = {3600.0, 300.0, 10800.0}
QUERIED = ("stat", "timeseries", "table", "state-timeline", "bargauge", "gauge")
UNITS = {"none", "short", "s", "bytes", "Bps", "percentunit", "reqps", "mps", "ops", "cps"}
CHOSEN = {"job": "Job", "instance": "Instance", "target": "Client"}  # variables and what they are called
COUNTS = ("_total", "_count", "_sum", "_bucket")

everywhere = pytest.mark.parametrize("board", BOARDS.values(), ids=list(BOARDS))


def plain(expr: str) -> str:
    expr = re.sub(r"\$\{(\w+):raw\}", r"$\1", expr)
    return re.sub(r"\$(__\w+)", lambda found: MAGIC[found[1]], expr)


def named(board: Board) -> dict[str, dict[str, Any]]:
    return {variable["name"]: variable for variable in board["templating"]["list"]}


@everywhere
def test_template_datasource_rule(board: Board) -> None:
    source = board["templating"]["list"][0]

    assert (source["name"], source["label"]) == ("datasource", "Data source")
    assert (source["type"], source["query"]) == ("datasource", "prometheus")


@everywhere
def test_template_job_rule_and_template_instance_rule(board: Board) -> None:
    found = {name: variable for name, variable in named(board).items() if name in CHOSEN}

    assert {"job", "target"} <= found.keys()
    for name, variable in found.items():
        assert (variable["type"], variable["label"]) == ("query", CHOSEN[name])
        assert variable["datasource"] == {"type": "prometheus", "uid": "$datasource"}
        if name != "target" or not of_one_client(board):
            assert variable["multi"] is True
            assert variable["includeAll"] is True
            assert variable["allValue"] == ".+"


def test_exporters_are_chosen_where_they_are_what_is_shown() -> None:
    offered = {name for name, board in BOARDS.items() if "instance" in named(board)}

    assert offered == {"exporter", "oncall", "pager"}


def test_a_node_may_have_no_name() -> None:
    variable = named(BOARDS["client"])["node"]

    assert variable["multi"] is True
    assert variable["allValue"] == ".*"


@everywhere
def test_template_label_promql_rule(board: Board) -> None:
    for asked in variable_queries(board):
        assert selectors(plain(asked.expr)), asked


@everywhere
def test_template_on_time_change_reload_rule(board: Board) -> None:
    assert {variable["refresh"] for variable in variables(board)} == {2}


@everywhere
def test_panel_datasource_rule(board: Board) -> None:
    found = {str(panel["datasource"]) for panel in panels(board) if panel["type"] in QUERIED}
    found |= {str(annotation["datasource"]) for annotation in board["annotations"]["list"]}

    assert found == {"{'type': 'prometheus', 'uid': '$datasource'}"}


@everywhere
def test_panel_title_description_rule(board: Board) -> None:
    wanting = [panel["id"] for panel in panels(board) if not panel["title"] or len(panel["description"]) < 15]

    assert wanting == []


@everywhere
def test_panel_units_rule(board: Board) -> None:
    units = {panel["id"]: panel["fieldConfig"]["defaults"].get("unit") for panel in panels(board)}

    assert {number: unit for number, unit in units.items() if unit not in UNITS} == {}


@everywhere
def test_panel_no_targets_rule(board: Board) -> None:
    kinds = {panel["type"] for panel in panels(board)}

    assert kinds <= set(QUERIED)
    assert [panel["title"] for panel in panels(board) if not panel["targets"]] == []


@everywhere
def test_target_promql_rule(board: Board) -> None:
    for asked in panel_queries(board):
        assert parse(plain(asked.expr)), asked


@everywhere
def test_target_rate_interval_rule_but_for_what_is_not_drawn_over_time(board: Board) -> None:
    wrong = [
        asked.where
        for asked in panel_queries(board)
        for each in ranges(plain(asked.expr))
        if each.function in {"rate", "irate"} and each.seconds not in {RATE_INTERVAL, *WINDOWS}
    ]

    assert wrong == []


@everywhere
def test_increase_is_asked_only_of_counters_that_begin_at_0(board: Board) -> None:
    """Those of clients are new with any value, which engines count in different ways."""
    wrong = [
        asked.where
        for asked in panel_queries(board)
        for each in ranges(plain(asked.expr))
        if each.function == "increase" and not each.metric.startswith("waexporter_")
    ]

    assert wrong == []


def test_the_linter_is_told_what_is_left_out_and_why() -> None:
    told = yaml.safe_load((FOLDER / ".lint").read_text())

    assert list(told) == ["exclusions"]
    assert list(told["exclusions"]) == [
        "target-rate-interval-rule",
        "template-instance-rule",
        "target-instance-rule",
    ]
    assert "increase()" in told["exclusions"]["target-rate-interval-rule"]["reason"]


@everywhere
def test_target_job_rule(board: Board) -> None:
    wrong = [
        f"{asked.where}: {selector}"
        for asked in panel_queries(board)
        for selector in selectors(plain(asked.expr))
        if matchers(selector).get("job") != (MatchOp.Re, "$job")
    ]

    assert wrong == []


@everywhere
def test_target_instance_rule_but_for_what_is_about_clients(board: Board) -> None:
    """It is about the chosen ones instead, whichever exporter says it."""
    one = (MatchOp.Equal if of_one_client(board) else MatchOp.Re, "$target")
    wrong = [
        f"{asked.where}: {selector}"
        for asked in panel_queries(board)
        for selector in selectors(plain(asked.expr))
        for found in [matchers(selector)]
        if found.get("target") != one
        and ("whatsapp_" in (selector.name or "") or found.get("instance") != (MatchOp.Re, "$instance"))
    ]

    assert wrong == []


@everywhere
def test_target_counter_agg_rule(board: Board) -> None:
    raw = {
        name for asked in panel_queries(board) for name in bare(plain(asked.expr)) if name.endswith(COUNTS)
    }
    over = {
        each.function
        for asked in panel_queries(board)
        for each in ranges(plain(asked.expr))
        if each.metric.endswith(COUNTS)
    }

    assert raw == set()
    assert over <= {"rate", "increase"}


@everywhere
def test_uneditable_dashboard_rule(board: Board) -> None:
    assert board["editable"] is False


def test_the_checks_notice_what_is_wrong() -> None:
    query = 'rate(a_total{job="x"}[5m]) + b_total'

    assert [(each.function, each.seconds) for each in ranges(query)] == [("rate", 300.0)]
    assert bare(query) == {"b_total"}
    assert matchers(selectors(query)[0])["job"] == (MatchOp.Equal, "x")
    with pytest.raises(ValueError, match=r"."):
        parse("sum by (")
