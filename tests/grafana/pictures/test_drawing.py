"""A small dashboard, and version 0.1.0's, drawn by Grafana's packages over a real Prometheus."""

from __future__ import annotations

import json
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

from grafana.pictures.checks import faults
from grafana.pictures.drawing import Drawn, draw
from grafana.pictures.report import View
from grafana.pictures.sample import BOARD, LONG, NAME, RECORDED
from tests.e2e.browsers import Browser
from tests.grafana.boards import BEFORE
from tests.real import parts
from tests.real.fixtures import RealParts
from tests.real.prometheus import Prometheus

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from grafana.pictures.report import Report

    Look = Callable[..., Drawn]

pytestmark = pytest.mark.timeout(300)  # seconds: a busy machine bundles and draws the page for minutes

SUITE = parts.SUITES[-1]
SCRAPE = 1  # seconds
RANGE = 60  # seconds


@pytest.fixture(scope="module")
def look(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Look]:
    """Draw a dashboard over a Prometheus in which one client has been down for a few seconds."""
    program = RealParts().program(SUITE, "prometheus")
    RealParts().drawing()
    folder = tmp_path_factory.mktemp("drawing")
    rules = folder / "rules.yml"
    rules.write_text(json.dumps({"groups": [{"name": "client", "interval": "1s", "rules": RECORDED}]}))
    with ExitStack() as stack:
        server = stack.enter_context(Prometheus(program, folder / "prometheus", {"rule_files": [str(rules)]}))
        server.query("count_over_time(state[1m]) > 3")
        browser = stack.enter_context(Browser(folder / "profile"))

        def draw_now(board: Mapping[str, Any], *, since: float = 0, **how: Any) -> Drawn:  # noqa: ANN401
            """`since`: how many seconds after now the view ends, when nothing is recorded any more."""
            end = time.time() + since
            view = View(begin=end - RANGE, end=end, scrape=SCRAPE, **how)
            return draw(browser, board, view, server.url)

        yield draw_now


@pytest.fixture(scope="module")
def report(look: Look) -> Report:
    """Say what is seen of the small dashboard."""
    return look(BOARD).report


def test_what_is_not_there_is_told_in_the_panels_own_words(real_parts: RealParts, report: Report) -> None:
    real_parts.drawing()

    panel = report.panel(1)

    assert (panel.has_data, panel.empty, panel.no_value) == (False, "not known", "not known")
    assert [(value.text, value.colour, value.missing) for value in panel.values] == [
        ("not known", "purple", True)
    ]


def test_a_number_is_shown_with_its_word_and_colour(real_parts: RealParts, report: Report) -> None:
    real_parts.drawing()

    (value,) = report.panel(2).values

    assert (value.text, value.colour, value.number, value.missing) == ("down", "red", 2, False)


def test_a_timeline_that_merges_by_thresholds_shows_their_ranges(
    real_parts: RealParts, report: Report
) -> None:
    real_parts.drawing()

    wrong, right = report.panel(3), report.panel(4)

    assert {(run.text, run.hue, run.name) for run in wrong.values} == {("-∞+", "green", NAME)}
    assert wrong.unmapped == ("-∞+",)
    assert not any(wrong.mappings.values())
    assert {(run.text, run.hue, run.name) for run in right.values} == {("down", "red", NAME)}
    assert right.mappings == {"all: 0": False, "all: 2": True}
    assert all(report.begin <= run.begin < run.end for run in right.values)


def test_cells_of_a_table_have_their_heading_colour_and_link(real_parts: RealParts, report: Report) -> None:
    real_parts.drawing()

    panel = report.panel(5)

    (client,), (verdict,) = panel.cells("Client"), panel.cells("Verdict")
    assert (client.text, client.colour) == (NAME, "")
    assert client.link == "/d/client?var-target=m%C3%A1s%20%26%20m%C3%A1s%20%231%2B50%25"
    assert (verdict.text, verdict.colour, verdict.number) == ("down", "red", 2)
    assert panel.overrides == {"Client": True, "Verdict": True, "Owner": False}


def test_a_name_that_ends_in_an_ellipsis_is_cut(real_parts: RealParts, report: Report) -> None:
    real_parts.drawing()

    cut = report.panel(5).cut

    assert [(each.text, each.kind, each.where) for each in cut] == [(NAME, "cell", "Client")]


def test_a_graph_has_axes_a_legend_and_annotations(real_parts: RealParts, report: Report) -> None:
    real_parts.drawing()

    panel = report.panel(6)

    (axis,) = panel.axes
    assert (axis.low, axis.high, axis.most, axis.thresholds) == (0, 100, 0, (1,))
    assert axis.ticks[0] == "0"
    assert panel.legend == (NAME,)
    assert {(mark.name, mark.text, mark.colour) for mark in report.marks} == {
        ("Down", "Client down: orders", "#F2495C")
    }


def test_a_query_that_fails_is_told_with_its_panel(real_parts: RealParts, report: Report) -> None:
    real_parts.drawing()

    failed = [query for query in report.queries if query.error]

    assert [(query.panel, query.expr, query.size) for query in failed] == [(7, "sum(", 4)]
    assert "parse error" in failed[0].error
    assert any("parse error" in error for error in report.panel(7).errors)


def test_variables_are_chosen_and_links_filled_in(real_parts: RealParts, report: Report) -> None:
    real_parts.drawing()

    chosen = {variable.label: (variable.chosen, variable.options) for variable in report.variables}

    assert chosen["Client"] == ((NAME,), (NAME,))
    assert report.links == ("https://runbooks.example/all",)


def test_a_title_that_is_too_long_is_cut(real_parts: RealParts, report: Report) -> None:
    real_parts.drawing()

    cut = report.panel(9).cut

    assert [(each.text, each.kind) for each in cut] == [(LONG, "title")]
    assert report.panel(9).text.endswith("Read this.")


def test_panels_of_a_closed_row_are_seen_only_once_it_is_open(
    real_parts: RealParts, look: Look, report: Report
) -> None:
    real_parts.drawing()

    opened = look(BOARD, expanded=frozenset({1001})).report

    assert {panel.id for panel in opened.panels} - {panel.id for panel in report.panels} == {8}
    assert opened.height > report.height
    assert not any(query.panel == 8 for query in report.queries)


def test_a_single_panel_fills_the_screen(real_parts: RealParts, look: Look, tmp_path: Path) -> None:
    real_parts.drawing()
    picture = tmp_path / "alone.png"

    drawn = look(BOARD, panel=2)
    drawn.photograph(picture, 600)

    assert [panel.id for panel in drawn.report.panels] == [2]
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_the_timelines_of_version_0_1_0_hide_that_a_client_is_down(real_parts: RealParts, look: Look) -> None:
    real_parts.drawing()
    fleet = BEFORE["fleet"]

    drawn = look(fleet, panel=9)

    assert "9 'Verdicts over time': it says '-∞+', the range of a threshold" in faults(drawn.report, fleet)
    assert {run.hue for run in drawn.report.panel(9).values} == {"green"}


def test_version_0_1_0_is_green_while_nothing_is_known(real_parts: RealParts, look: Look) -> None:
    real_parts.drawing()
    fleet = BEFORE["fleet"]

    drawn = look(fleet, since=3600)

    assert "2 'Ok': '-' is green, though nothing is known" in faults(drawn.report, fleet, dead=True)
