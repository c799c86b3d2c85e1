"""The dashboards about waexporter itself call nothing well of which nothing is known."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

import pytest

from tests.grafana.boards import BOARDS, Sight, panels

if TYPE_CHECKING:
    from pathlib import Path

    from tests.real.fixtures import RunTool

Series = dict[str, str]  # values by series, in promtool's notation: one every 30 s, for 20 minutes
Answer = Mapping[str, float]  # values by labels

_ENDS = " _x20"  # after ten minutes Prometheus reaches the exporter no more


def _of(series: Series, end: str = " {}x20") -> Series:
    """Say each value for ten minutes, and then that it goes on or ends."""
    return {name: f"{value}x20{end.format(value)}" for name, value in series.items()}


_EXPORTER = {
    "waexporter_build_info": "1",
    "waexporter_config_last_reload_successful": "1",
    "waexporter_clashing_families": "0",
    "waexporter_crashes_total": "0",
    'waexporter_poll_success{target="orders",collector="app"}': "1",
    'waexporter_poll_failures_total{target="orders",collector="app",reason="timeout"}': "0",
    'waexporter_last_success_timestamp_seconds{target="orders",collector="app"}': "900",
}
_PAGER = {
    "waexporter_pages_pending": "0",
    "waexporter_oldest_pending_page_seconds": "0",
    "waexporter_journal_writable": "1",
    'waexporter_pages_total{channel="whatsapp",result="failed"}': "0",
    'waexporter_pages_total{channel="whatsapp",result="accepted"}': "0",
}
_WATCHDOG = {'waexporter_watchdog_age_seconds{source="eu"}': "20"}
_RUNS = _of(_EXPORTER)
_GONE = _of(_EXPORTER | _PAGER | _WATCHDOG, _ENDS)
_OTHER_JOB = {'up{instance="node:9100",job="node"}': "1x40"}
_FAILS = _RUNS | {
    'waexporter_poll_success{target="orders",collector="app"}': "1x20 0x20",
    'waexporter_poll_failures_total{target="orders",collector="app",reason="timeout"}': "0x20 0+1x20",
}
_CRASHED = _GONE | {"waexporter_crashes_total": "0x10 2x10 _x20"}
_KNOWN = {"target:whatsapp_problem:severity{problem='none',target='orders'}": "0x40"}
_REACHED = _KNOWN | {"whatsapp_on_call_group_reachable{target='orders'}": "1x40"}
_NOT_REACHED = _KNOWN | {"whatsapp_on_call_group_reachable{target='orders'}": "0x40"}

# What each panel of a dashboard says after twenty minutes.
CASES: tuple[tuple[str, int, Series, Answer], ...] = (
    ("exporter", 1, _RUNS | {"up": "1x40"} | _OTHER_JOB, {'{instance="a:9847"}': 1}),
    ("exporter", 1, _GONE | {"up": "1x20 0x20"} | _OTHER_JOB, {'{instance="a:9847"}': 0}),
    ("exporter", 1, _OTHER_JOB, {}),
    ("exporter", 3, _RUNS, {"{}": 0}),
    ("exporter", 3, _FAILS, {"{}": 1}),
    ("exporter", 3, _GONE, {}),
    ("exporter", 4, _RUNS, {"{}": 0}),
    ("exporter", 4, _GONE, {}),
    ("exporter", 4, _CRASHED, {"{}": 2}),
    ("exporter", 10, _RUNS, {'{collector="all"}': 1}),
    ("exporter", 10, _FAILS, {'{collector="app",target="orders"}': 0}),
    ("exporter", 10, _GONE, {}),
    ("exporter", 11, _RUNS, {'{series="no poll fails"}': 0}),
    ("exporter", 11, _FAILS, {'{reason="timeout",series="orders timeout",target="orders"}': 2}),
    ("exporter", 11, _GONE, {}),
    *(("pager", tile, _RUNS, {"{}": -1}) for tile in (1, 2, 3, 4, 6)),
    *(("pager", tile, _RUNS | _of(_PAGER), {"{}": 0}) for tile in (1, 2, 3)),
    *(("pager", tile, _GONE, {}) for tile in (1, 2, 3, 4, 6)),
    ("pager", 4, _RUNS | _of(_PAGER), {"{}": -1}),
    ("pager", 4, _RUNS | _of(_PAGER | _WATCHDOG), {"{}": 20}),
    ("pager", 5, _REACHED, {"{}": 0}),
    ("pager", 5, _NOT_REACHED, {"{}": 1}),
    ("pager", 5, _KNOWN, {}),
    ("pager", 10, _RUNS | _of(_PAGER), {'{series="no page"}': 0}),
    ("pager", 10, _RUNS, {}),
    ("pager", 10, _GONE, {}),
    ("pager", 15, _RUNS | _of(_PAGER), {'{channel="any channel"}': -1}),
    ("pager", 15, _GONE, {}),
)


def test_what_is_told_of_exporter_and_pager_is_known(promtool: RunTool, suite: str, tmp_path: Path) -> None:
    file = tmp_path / "cases.yml"
    file.write_text(json.dumps({"tests": [case(*each) for each in CASES]}))

    finding = promtool(suite, "test", "rules", file)

    assert finding.status == 0, finding.output


def case(name: str, number: int, series: Series, answer: Answer, query: str = "A") -> dict[str, object]:
    board = BOARDS[name]
    (panel,) = (panel for panel in panels(board) if panel["id"] == number)
    (asked,) = (target["expr"] for target in panel["targets"] if target["refId"] == query)
    expr = Sight(end=0).resolve(asked, board)
    samples = [{"labels": labels, "value": value} for labels, value in answer.items()]
    return {
        "name": f"{name} {number}",
        "interval": "30s",
        "input_series": [{"series": of(each), "values": values} for each, values in series.items()],
        "promql_expr_test": [{"expr": expr, "eval_time": "20m", "exp_samples": samples}],
    }


def of(series: str) -> str:
    """Say whose series it is, unless it says so."""
    name, _, labels = series.partition("{")
    if "instance=" in labels:
        return series
    return f'{name}{{instance="a:9847",job="waexporter"{"," if labels else ""}{labels or "}"}'


def test_a_verdict_is_unknown_only_where_no_exporter_knows(
    promtool: RunTool, suite: str, tmp_path: Path
) -> None:
    known, unknown = (
        {
            f'whatsapp_verdict{{instance="{name}:9847",job="waexporter",target="orders",verdict="{each}"}}': (
                f"{int(each == verdict)}x40"
            )
            for each in ("degraded", "unknown")
        }
        for name, verdict in (("a", "degraded"), ("b", "unknown"))
    )
    told = ((known | unknown, 1), (unknown, 3))
    cases = [case("fleet", 7, series, {'{target="orders"}': number}, "G") for series, number in told]
    file = tmp_path / "cases.yml"
    file.write_text(json.dumps({"tests": cases}))

    finding = promtool(suite, "test", "rules", file)

    assert finding.status == 0, finding.output


@pytest.mark.parametrize("number", [1, 2, 3])
def test_the_phone_says_nothing_of_clients_of_which_nothing_is_known(
    promtool: RunTool, suite: str, tmp_path: Path, number: int
) -> None:
    file = tmp_path / "cases.yml"
    told: Mapping[int, Answer] = {1: {"{}": 0}, 2: {"{}": 0}, 3: {'{problem="none"}': 0}}
    file.write_text(
        json.dumps(
            {"tests": [case("oncall", number, _KNOWN, told[number]), case("oncall", number, _GONE, {})]}
        )
    )

    finding = promtool(suite, "test", "rules", file)

    assert finding.status == 0, finding.output


def test_the_phone_shows_one_panel_below_the_other() -> None:
    places = [panel["gridPos"] for panel in panels(BOARDS["oncall"])]

    assert {(place["x"], place["w"]) for place in places} == {(0, 24)}
