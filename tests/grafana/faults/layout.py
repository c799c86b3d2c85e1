"""What is too small, too wide, too far down or out of scale."""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING

from tests.grafana.boards import panels, rows, where
from tests.grafana.faults.frame import of_one_client
from tests.grafana.fields import columns, fields

if TYPE_CHECKING:
    from tests.grafana.boards import Board
    from tests.grafana.fields import Field, Settings

# Pixels.
SMALL = 800  # a screen on which a dashboard must be readable, where it is not for a phone
PHONES = {"waexporter-oncall": 360}
MARGINS = 2 * 16  # of the page
AROUND = 18  # border and padding of a panel
SHORT = 150  # what never changes its length much, such as a time, a severity, or a problem in two lines
USUAL = 150  # the least width of a column, unless it says another
MUST_BE_READ = {"Client", "Problem", "Worst problem", "Severity", "For", "Messages", "What to do"}

COLUMNS = 24
FIRST_SCREEN = 30  # cells of the grid: more is below the edge of a screen
LONG_UNITS = {"s", "bytes", "Bps"}  # Grafana draws the axis of zeros up to 100: of these that is little
LARGEST_SHARE = 1.0
SMALL_COUNT = 10.0


def fixed_widths(board: Board) -> list[str]:
    """Find columns that stay as they are however wide the page, and names that may shrink to nothing."""
    return [
        f"{place}: {fault}"
        for place, _, field in columns(board)
        for fault in [_fault_of_width(field)]
        if fault is not None
    ]


def _fault_of_width(field: Field) -> str | None:
    if (field.settings.get("custom.width") or 0) > SHORT:
        return f"is {field.settings['custom.width']} pixels wide on every page; give it a minWidth"
    if field.name == "Client" and not field.settings.get("custom.minWidth"):
        return "has no minWidth"
    return None


def columns_out_of_sight(board: Board) -> list[str]:
    """Find columns that must be read and that a small page hides behind a scroll bar."""
    page = PHONES.get(board["uid"], SMALL) - MARGINS
    return [
        f"{where(panel)}, {field.name}: ends at {end} of {room} pixels"
        for panel in panels(board)
        if panel["type"] == "table"
        for room in [panel["gridPos"]["w"] * page // COLUMNS - AROUND]
        for field, end in zip(fields(panel), accumulate(map(_least, fields(panel))), strict=True)
        if field.name in MUST_BE_READ and end > room
    ]


def _least(field: Field) -> int:
    if field.settings.get("custom.hidden"):
        return 0
    return int(field.settings.get("custom.width") or field.settings.get("custom.minWidth") or USUAL)


def axes_of_zeros(board: Board) -> list[str]:
    """Find graphs whose axis goes up to 100, or 10 000 %, as long as they show only zeros."""
    return [
        f"{where(panel)}: its axis is not held small while it shows zeros; set axisSoftMax"
        for panel in panels(board)
        if panel["type"] == "timeseries"
        for whole in [panel["fieldConfig"]["defaults"]]
        if whole["unit"] not in LONG_UNITS and not _held(whole)
    ]


def _held(whole: Settings) -> bool:
    top = whole.get("max", whole.get("custom", {}).get("axisSoftMax", float("inf")))
    return float(top) <= (LARGEST_SHARE if whole["unit"] == "percentunit" else SMALL_COUNT)


def rows_open_at_first(board: Board) -> list[str]:
    """Find what one client's dashboard asks for before anybody wants to see it."""
    if not of_one_client(board):
        return []
    ends = [
        panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in board["panels"] if panel["type"] != "row"
    ]
    low = [f"the first screen is {max(ends)} cells high"] if max(ends) > FIRST_SCREEN else []
    return low + [f"{where(row)}: is open at first" for row in rows(board) if not row.get("collapsed")]


RULES = (fixed_widths, columns_out_of_sight, axes_of_zeros, rows_open_at_first)
