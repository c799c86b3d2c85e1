"""No dashboard has a mistake that its JSON alone shows; each rule finds the one that version 0.1.0 had.

The folder version_0_1_0 has those panels as they were.
"""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING

import pytest

from tests.grafana.boards import BEFORE, BOARDS
from tests.grafana.faults import RULES, frame, layout, names, no_data, queries

if TYPE_CHECKING:
    from tests.grafana.boards import Board
    from tests.grafana.faults import Rule

WRONG = "What is wrong, and what to do"
WHO = "7 Clients, the worst first"

FOUND: tuple[tuple[Rule, str, set[str]], ...] = (
    (no_data.merged_by_thresholds, "fleet", {"9 Verdicts over time", "10 Messages over time"}),
    (
        no_data.merged_by_thresholds,
        "client",
        {"7 Verdict over time", "8 Problems over time", "9 Nodes", "88 Sockets to WhatsApp"},
    ),
    (
        no_data.coloured_when_not_known,
        "fleet",
        {
            "2 Ok",
            "9 Verdicts over time",
            "10 Messages over time",
            *(
                f"{WHO}, {heading}"
                for heading in (
                    "Verdict",
                    "Worst problem",
                    "Severity",
                    "Unwell for",
                    "Messages",
                    "Lost or refused",
                    "Callbacks waiting",
                    "Sound sends",
                )
            ),
            "20 Requests without a fault of the client",
            *(
                f"40 What runs out first, {heading}"
                for heading in ("Build", "Certificate", "Free space", "Login")
            ),
        },
    ),
    (
        no_data.coloured_when_not_known,
        "client",
        {
            "1 Verdict",
            "4 Lost or refused",
            "7 Verdict over time",
            "8 Problems over time",
            "9 Nodes",
            "88 Sockets to WhatsApp",
            f"6 {WRONG}, Problem",
            f"6 {WRONG}, Severity",
            "86 Settings last changed",
        },
    ),
    (
        no_data.words_other_than_not_known,
        "exporter",
        {
            "4 Crashes",
            "10 Polls that fail now",
            "10 Polls that fail now, Last poll",
        },
    ),
    (no_data.words_other_than_not_known, "pager", {"4 Silence of watchdogs"}),
    (names.identifiers_in_legends, "client", {"8 Problems over time"}),
    (
        names.client_in_legends,
        "client",
        {
            "1 Verdict",
            "4 Lost or refused",
            "7 Verdict over time",
            "8 Problems over time",
            "9 Nodes",
            "26 Concurrent rate limit",
            "86 Settings last changed",
            "88 Sockets to WhatsApp",
        },
    ),
    (
        names.words_aligned_right,
        "fleet",
        {f"{WHO}, {heading}" for heading in ("Verdict", "Severity", "Messages")},
    ),
    (layout.fixed_widths, "fleet", {f"{WHO}, Client", "40 What runs out first, Client"}),
    (
        layout.fixed_widths,
        "client",
        {f"6 {WRONG}, {heading}" for heading in ("Client", "Problem", "Runbook")},
    ),
    (layout.columns_out_of_sight, "client", {f"6 {WRONG}, What to do"}),
    (layout.columns_out_of_sight, "fleet", {f"{WHO}, Messages"}),
    (layout.axes_of_zeros, "fleet", {"22 Share of sends refused by the client's own fault"}),
    (layout.axes_of_zeros, "client", {"26 Concurrent rate limit"}),
    (
        layout.rows_open_at_first,
        "client",
        {
            "the first screen is 138 cells high",
            "1001 API: what callers get",
            "1002 Coreapp: messages in and out",
            "1003 Callbacks: what your webhook takes",
            "1004 Database",
            "1005 Webapp",
            "1006 Upkeep: disks, builds, certificates, settings",
        },
    ),
    (frame.several_clients_at_once, "client", {"variable target"}),
    (frame.names_not_encoded_in_links, "fleet", {WHO, "40 What runs out first"}),
    (frame.clients_without_a_link, "exporter", {"10 Polls that fail now, Client"}),
    (frame.clients_without_a_link, "fleet", set()),
    (
        frame.annotations_with_a_query_outside_target,
        "pager",
        {"annotation Critical alerts", "annotation Warnings"},
    ),
    (frame.annotations_that_last, "fleet", {"annotation Critical alerts", "annotation Warnings"}),
    (frame.warnings_shown_at_first, "fleet", {"annotation Warnings"}),
    (frame.annotations_with_a_missing_label, "fleet", {"annotation Critical alerts", "annotation Warnings"}),
    (
        frame.annotations_with_a_missing_label,
        "exporter",
        {"annotation Critical alerts", "annotation Warnings"},
    ),
    (frame.annotations_with_a_missing_label, "client", set()),
    (queries.queries_too_long, "client", {f"6 {WRONG}, A", f"6 {WRONG}, B", "8 Problems over time, A"}),
    (queries.queries_too_long, "fleet", {f"{WHO}, C", f"{WHO}, G", "10 Messages over time, A"}),
    (queries.increases_not_rounded, "exporter", {"4 Crashes, A", "10 Polls that fail now, C"}),
    (queries.increases_not_rounded, "pager", {"10 Pages by channel and result, A"}),
    (
        queries.graphs_of_every_client,
        "fleet",
        {
            "9 Verdicts over time",
            "10 Messages over time",
            "20 Requests without a fault of the client",
            "22 Share of sends refused by the client's own fault",
        },
    ),
    (queries.graphs_of_every_client, "exporter", {"16 Polls left out"}),
    (queries.graphs_of_every_client, "client", set()),
)


@pytest.mark.parametrize("board", BOARDS.values(), ids=list(BOARDS))
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_a_dashboard_has_none_of_these_faults(rule: Rule, board: Board) -> None:
    found = rule(board)

    assert found == []


@pytest.mark.parametrize(
    ("rule", "name", "places"), FOUND, ids=lambda value: getattr(value, "__name__", None)
)
def test_a_rule_finds_the_faults_of_version_0_1_0_and_no_others(
    rule: Rule, name: str, places: set[str]
) -> None:
    board = BEFORE[name]

    found = rule(board)

    assert {sentence.rsplit(": ", 1)[0] for sentence in found} == places


def test_a_rule_finds_a_problem_whose_words_are_missing() -> None:
    board = changed("fleet", 7)
    (column,) = (
        each
        for each in shown(board)["fieldConfig"]["overrides"]
        if each["matcher"]["options"] == "Worst problem"
    )
    (words,) = (each["value"][0]["options"] for each in column["properties"] if each["id"] == "mappings")
    del words["disk_low"]

    found = names.identifiers_in_tables(board)

    assert f"{WHO}, Worst problem: shows 'disk_low' as it is" in found


def test_a_rule_finds_an_unknown_that_is_green() -> None:
    board = changed("client", 1)
    shown(board)["fieldConfig"]["defaults"]["mappings"][0]["options"]["3"]["color"] = "green"

    found = no_data.unknown_in_another_colour(board)

    assert found == ["1 Verdict: 'unknown' is green"]


def test_a_rule_finds_a_zero_for_what_is_not_known() -> None:
    board = changed("client", 4)
    shown(board)["targets"][0]["expr"] += " or on () vector(0)"

    found = no_data.zeros_for_what_is_not_known(board)

    assert found == ["4 Lost or refused, A: gives a number where nothing is known"]


def test_a_rule_finds_a_label_that_a_query_drops() -> None:
    board = changed("client", 26)
    shown(board)["targets"][0]["legendFormat"] = "{{node}} {{method}}"

    found = names.labels_that_a_query_drops(board)

    assert found == ["26 Concurrent rate limit, A: its series have no 'method'"]


def test_a_rule_finds_headings_that_are_not_there() -> None:
    board = changed("fleet", 7)
    shown(board)["options"]["sortBy"][0]["displayName"] = "Worst"
    shown(board)["fieldConfig"]["overrides"][0]["matcher"]["options"] = "Name"

    found = names.headings_that_are_not_there(board)

    assert found == [f"{WHO}: has no column 'Name'", f"{WHO}: has no column 'Worst'"]


def test_every_rule_is_seen_to_find_something() -> None:
    seen = {rule for rule, _, places in FOUND if places}

    assert set(RULES) - seen == {
        no_data.unknown_in_another_colour,
        no_data.zeros_for_what_is_not_known,
        names.identifiers_in_tables,
        names.labels_that_a_query_drops,
        names.headings_that_are_not_there,
    }


def changed(name: str, number: int) -> Board:
    """Return a copy of a dashboard of version 0.1.0 with a single panel, to be changed."""
    board = deepcopy(BEFORE[name])
    return board | {"panels": [panel for panel in board["panels"] if panel["id"] == number]}


def shown(board: Board) -> Board:
    panel: Board
    (panel,) = board["panels"]
    return panel
