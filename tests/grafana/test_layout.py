"""Panels stand beside each other, are told apart, and every link leads somewhere."""

from __future__ import annotations

import re
from collections import Counter
from itertools import combinations
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.alerts.rules import METRIC, alerts, recordings
from tests.grafana.boards import BOARDS, ROOT, links, panels, rows, variables
from tests.grafana.fields import fields
from waexporter.model import WebSettings

if TYPE_CHECKING:
    from tests.alerts.rules import Rule
    from tests.grafana.boards import Board, Panel

COLUMNS = 24
RUNBOOKS = ROOT / "alerts" / "runbooks"
# Alerts about nothing that a panel could show, and what their links show instead.
LEFT_TO_OTHERS = {
    "WhatsAppTargetMissing": "a target that is gone has no series: when its verdicts ended",
    "Watchdog": "it has no series at all: what the pager heard of it",
}

everywhere = pytest.mark.parametrize("board", BOARDS.values(), ids=list(BOARDS))


@everywhere
def test_no_panel_covers_another_or_leaves_the_grid(board: Board) -> None:
    overlapping = [
        (one["title"], two["title"])
        for together in sheets(board)
        for one, two in combinations(together, 2)
        if cells(one) & cells(two)
    ]
    outside = [
        panel["title"]
        for panel in (*panels(board), *rows(board))
        if max(column for column, _ in cells(panel)) >= COLUMNS
    ]

    assert overlapping == []
    assert outside == []


def sheets(board: Board) -> list[list[Panel]]:
    """Give what is laid out together: a row that is collapsed has its panels to itself until it is opened."""
    return [board["panels"], *(row["panels"] for row in rows(board) if row.get("panels"))]


def cells(panel: Panel) -> set[tuple[int, int]]:
    place = panel["gridPos"]
    return {
        (column, line)
        for column in range(place["x"], place["x"] + place["w"])
        for line in range(place["y"], place["y"] + place["h"])
    }


@everywhere
def test_every_line_of_panels_is_full(board: Board) -> None:
    covered = [Counter(line for panel in together for _, line in cells(panel)) for together in sheets(board)]

    assert [{line for line, count in each.items() if count != COLUMNS} for each in covered] == [set()] * len(
        covered
    )


@everywhere
def test_the_numbers_of_panels_and_the_names_of_queries_are_unique(board: Board) -> None:
    numbers = Counter(panel["id"] for panel in (*panels(board), *rows(board)))
    names = [Counter(target["refId"] for target in panel.get("targets", ())) for panel in panels(board)]

    taken = [number for number, count in numbers.items() if count > 1]
    assert not taken, (
        f"two panels have the number {taken[0]}: give the new one a number that is free; the highest so far "
        f"is {max(numbers)}"
    )
    assert max(max(each.values(), default=1) for each in names) == 1


@everywhere
def test_titles_are_unique(board: Board) -> None:
    titles = Counter(panel["title"] for panel in (*panels(board), *rows(board)))

    assert [title for title, count in titles.items() if count > 1] == []


@everywhere
def test_every_link_leads_to_a_dashboard_of_ours_or_to_the_runbooks(board: Board) -> None:
    uids = {each["uid"] for each in BOARDS.values()}
    names = {each["name"] for each in board["templating"]["list"]}

    found = list(links(board))

    assert found
    for _, link in found:
        if link.get("type") == "dashboards":
            assert [each for each in BOARDS.values() if set(link["tags"]) <= set(each["tags"])] == [
                *BOARDS.values()
            ]
            continue
        leads = re.match(r"/d/([\w-]+)\?", link["url"])
        assert (leads is not None and leads[1] in uids) or link["url"].startswith("${runbooks}")
        used = {name for name in re.findall(r"\$\{(\w+)", link["url"]) if not name.startswith("__")}
        assert used <= names


@everywhere
def test_a_link_to_the_client_names_a_column_that_is_there(board: Board) -> None:
    for panel in panels(board):
        headings = {override["matcher"]["options"] for override in panel["fieldConfig"]["overrides"]}
        for found in re.findall(r"\$\{__data\.fields\.(\w+)[:}]", str(panel)):
            assert found in headings


@everywhere
def test_every_runbook_that_a_table_names_is_there(board: Board) -> None:
    columns = [
        field
        for panel in panels(board)
        if panel["type"] == "table"
        for field in fields(panel)
        if field.source == "runbook"
    ]
    named = {
        result["text"]
        for column in columns
        for result in column.results
        if result is not column.replaced and result["text"]
    }

    assert bool(columns) == bool(named)
    assert {name for name in named if not (RUNBOOKS / f"{name}.md").is_file()} == set()


@pytest.mark.parametrize("rule", alerts(), ids=lambda rule: f"{rule.name}-{rule.labels['severity']}")
def test_every_alert_leads_to_a_panel_that_shows_what_it_is_about(rule: Rule) -> None:
    link = urlsplit(rule.annotations["dashboard_url"].replace("{{ $labels.target | urlquery }}", "a"))
    board = next(board for board in BOARDS.values() if link.path == f"/d/{board['uid']}")
    chosen = parse_qs(link.query)
    found = [panel for panel in panels(board) if [str(panel["id"])] == chosen["viewPanel"]]
    assert len(found) == 1, (
        f"{rule.name}: its dashboard_url leads to viewPanel={chosen['viewPanel'][0]}, and {len(found)} "
        f"panels of {board['title']!r} have this number"
    )
    (shown,) = found

    about = rule.expr + rule.annotations["description"]
    assert names(about) & names(str(shown["targets"])) or rule.name in LEFT_TO_OTHERS, (
        f"{rule.name}: its dashboard_url leads to a panel without its metrics. Give the number of one "
        "that has them (viewPanel=NUMBER), or add it to LEFT_TO_OTHERS in tests/grafana/test_layout.py."
    )
    known = {"viewPanel", "from", "to"}.union(f"var-{variable['name']}" for variable in variables(board))
    assert set(chosen) <= known


def names(text: str) -> set[str]:
    """Give the metrics a text is about, by what is recorded of them, too; a record may name itself."""
    left = list(recordings())
    while told := [rule for rule in left if rule.name in text]:
        left = [rule for rule in left if rule not in told]
        text += "".join(rule.expr for rule in told)
    return {*re.findall(r"\bup\b", text), *METRIC.findall(text)}


@everywhere
def test_what_is_stacked_has_no_outline_that_a_series_of_zeros_could_draw_over_the_others(
    board: Board,
) -> None:
    looks = [
        panel["fieldConfig"]["defaults"]["custom"] for panel in panels(board) if panel["type"] == "timeseries"
    ]

    stacked = [look for look in looks if look.get("stacking", {}).get("mode") == "normal"]

    assert {(look["lineWidth"], look["fillOpacity"] > 0) for look in stacked} <= {(0, True)}
    assert all(look["lineWidth"] for look in looks if look not in stacked)


def test_a_choice_of_nodes_is_where_nodes_are() -> None:
    offered = {
        name for name, board in BOARDS.items() if "node" in {each["name"] for each in variables(board)}
    }

    assert offered == {"client"}


@everywhere
def test_the_runbooks_are_where_a_daemon_serves_them(board: Board) -> None:
    (box,) = (each for each in board["templating"]["list"] if each["name"] == "runbooks")

    served = f"http://localhost:{WebSettings().port}/runbooks"

    assert {box["query"], box["current"]["value"]} == {served}
    assert ".example" not in str(board)
