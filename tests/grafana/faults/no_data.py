"""States that are drawn as others, and values that are not known drawn as if they were."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.grafana.boards import panel_queries, panels, where
from tests.grafana.fields import columns, placed

if TYPE_CHECKING:
    from tests.grafana.boards import Board, Panel
    from tests.grafana.fields import Field

NEUTRAL = {"purple", "text"}  # every other colour says that something is well, or is not
NOT_KNOWN = "not known"
ALONE = ("stat", "bargauge", "gauge")  # they draw something for a query without an answer, too


def merged_by_thresholds(board: Board) -> list[str]:
    """Find timelines that show thresholds in the place of states.

    Grafana replaces each number by its threshold before it merges those that are alike, and only then looks
    for its word and colour (grafana/grafana#71804).
    """
    return [
        f"{where(panel)}: merges values that are coloured by thresholds, so its words and colours never "
        "apply; colour it fixed, as `text`"
        for panel in panels(board)
        if panel["type"] == "state-timeline"
        and panel["options"].get("mergeValues", True)
        and _by_thresholds(panel)
    ]


def _by_thresholds(panel: Panel) -> bool:
    whole, overrides = panel["fieldConfig"]["defaults"], panel["fieldConfig"]["overrides"]
    modes = [whole.get("color", {}).get("mode", "thresholds")]  # without any, Grafana takes this one
    modes += [
        each["value"]["mode"]
        for override in overrides
        for each in override["properties"]
        if each["id"] == "color"
    ]
    return "thresholds" in modes


def coloured_when_not_known(board: Board) -> list[str]:
    """Find what is drawn as well or not well when nothing is known."""
    return [
        f"{place}: what is not known is {field.missing.colour}; begin the thresholds with a neutral colour, "
        "or map null and NaN to one"
        for place, panel, field in placed(board)
        if _coloured(panel, field) and field.missing.colour not in NEUTRAL
    ]


def words_other_than_not_known(board: Board) -> list[str]:
    """Find what says something else than `not known` when nothing is known."""
    said = [(where(panel), panel["fieldConfig"]["defaults"].get("noValue")) for panel in panels(board)]
    said += [(place, field.missing.text) for place, panel, field in placed(board) if panel["type"] in ALONE]
    said += [
        (place, field.replaced.get("text", "NaN"))
        for place, panel, field in columns(board)
        if _coloured(panel, field)
    ]
    return [
        f"{place}: where nothing is known it says {text!r}"
        for place, text in dict.fromkeys(said)
        if text is not None and NOT_KNOWN not in text.casefold()
    ]


def unknown_in_another_colour(board: Board) -> list[str]:
    """Find words for what is not known that are as green or red as others."""
    return [
        f"{place}: {result['text']!r} is {result['color']}"
        for place, _, field in placed(board)
        for result in field.results
        if re.search(r"not known|unknown", result.get("text") or "")
        and result.get("color", "text") not in NEUTRAL
    ]


def zeros_for_what_is_not_known(board: Board) -> list[str]:
    """Find queries that give a number of their own where they find nothing."""
    return [
        f"{asked.where}: gives a number where nothing is known"
        for asked in panel_queries(board)
        if re.search(r"\bvector\(", asked.expr)
    ]


def _coloured(panel: Panel, field: Field) -> bool:
    if panel["type"] == "stat":
        return str(panel["options"].get("colorMode", "value")) != "none"
    cell = field.settings.get("custom.cellOptions") or {}
    return panel["type"] in (*ALONE, "state-timeline") or str(cell.get("type", "auto")).startswith("color-")


RULES = (
    merged_by_thresholds,
    coloured_when_not_known,
    words_other_than_not_known,
    unknown_in_another_colour,
    zeros_for_what_is_not_known,
)
