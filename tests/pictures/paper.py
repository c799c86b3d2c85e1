"""A dashboard as a page of its own, with its data in it, for a browser to draw."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from tests.grafana.boards import variables
from tests.pictures.answers import Asker, answered, marks

if TYPE_CHECKING:
    from tests.e2e.browsers import Browser
    from tests.grafana.boards import Board, Panel, Sight

WIDTH = 1440  # pixels
LONGEST = 55  # cells of the grid, 38 pixels each

_HERE = Path(__file__).parent


def sheets(board: Board) -> dict[str, Board]:
    """Divide a dashboard at its rows into sheets that are not too long, by what their file's name ends in."""
    heaps: list[list[Panel]] = [[]]
    for panel in sorted(board["panels"], key=lambda panel: (panel["gridPos"]["y"], panel["gridPos"]["x"])):
        if panel["type"] == "row" and _height(heaps[-1]) >= LONGEST - _height_of_row(board, panel):
            heaps.append([])
        heaps[-1].append(panel)
    suffixes = [f"-{number}" for number in range(1, len(heaps) + 1)] if len(heaps) > 1 else [""]
    return {suffix: board | {"panels": _moved_up(heap)} for suffix, heap in zip(suffixes, heaps, strict=True)}


def _height(heap: list[Panel]) -> int:
    if not heap:
        return 0
    bottom: int = max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in heap)
    top: int = heap[0]["gridPos"]["y"]
    return bottom - top


def _height_of_row(board: Board, row: Panel) -> int:
    begin = row["gridPos"]["y"]
    following = [
        panel["gridPos"]["y"]
        for panel in board["panels"]
        if panel["type"] == "row" and panel["gridPos"]["y"] > begin
    ]
    inside = [
        panel
        for panel in board["panels"]
        if begin <= panel["gridPos"]["y"] < min(following, default=1_000_000)
    ]
    return _height(inside)


def _moved_up(heap: list[Panel]) -> list[Panel]:
    top = heap[0]["gridPos"]["y"]
    return [panel | {"gridPos": panel["gridPos"] | {"y": panel["gridPos"]["y"] - top}} for panel in heap]


def write_page(board: Board, sight: Sight, url: str) -> str:
    """Ask a Prometheus everything that a dashboard asks, and write the page."""
    asker = Asker(url, board, sight)
    filled = [panel if panel["type"] == "row" else answered(panel, asker) for panel in board["panels"]]
    chosen = sight.chosen or {}
    choice = [(each["label"], chosen.get(each["name"], "All")) for each in variables(board)]
    known = {
        "BOARD": {"title": board["title"], "panels": filled},
        "SIGHT": {"end": sight.end, "seconds": sight.seconds, "step": sight.step},
        "CHOICE": choice,
        "MARKS": marks(board, asker),
    }
    facts = "".join(f"const {name} = {json.dumps(value)};\n" for name, value in known.items())
    scripts = "".join((_HERE / name).read_text() for name in ("values.js", "charts.js", "page.js"))
    return (
        f'<!doctype html><meta charset="utf-8"><style>{(_HERE / "styles.css").read_text()}</style>'
        f"<header><h1></h1></header><main></main><script>{_harmless(facts)}{scripts}</script>"
    )


def _harmless(script: str) -> str:
    return script.replace("</", "<\\/")


def photograph(browser: Browser, page: Path, picture: Path, tallest: int | None = None) -> None:
    """Draw a page and keep the picture: at its full height, or what of it is seen on a screen so tall."""
    browser.look(width=WIDTH, height=900)
    browser.open(page.as_uri())
    height = browser.run(f"return draw({WIDTH})")
    assert browser.errors() == []
    browser.look(width=WIDTH, height=min(int(height), tallest or int(height)))
    browser.photograph(picture)
