"""Names that are identifiers, are repeated, or are of labels that are not there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.grafana.boards import Sight, panels, where
from tests.grafana.faults.frame import LABEL, of_one_client
from tests.grafana.fields import columns, fields
from tests.grafana.labels import kept
from waexporter.health import PROBLEMS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.grafana.boards import Board, Panel

_WITHOUT_UNIT = ("none", "string")
# Columns that have a problem's identifier to be put into words.
_OF_PROBLEMS = ("problem", "advice", "runbook")
_SIGHT = Sight(end=0)


def identifiers_in_legends(board: Board) -> list[str]:
    """Find legends that show a problem by its identifier instead of in words."""
    return [
        f"{where(panel)}: its legend says {worst!r}"
        for panel in panels(board)
        for legend in _legends(panel)
        if "problem" in LABEL.findall(legend)
        for worst in [
            max((_named(panel, legend, slug) for slug in PROBLEMS), key=lambda name: name.count("_"))
        ]
        if "_" in worst
    ]


def identifiers_in_tables(board: Board) -> list[str]:
    """Find columns that show a problem by its identifier instead of in words."""
    return [
        f"{place}: shows {slug!r} as it is"
        for place, panel, field in columns(board)
        if field.source in _OF_PROBLEMS
        for slug in PROBLEMS
        for value in [slug + _added(panel, field.source)]
        if _mapped(field.settings, value) == value and ("_" in slug or field.source != "problem")
    ]


def _added(panel: Panel, label: str) -> str:
    """Return what a query writes behind a problem's identifier in a label, so that its cells are large."""
    found = re.search(rf'"{label}", "\$1([^"]*)", "problem"', panel["targets"][0]["expr"])
    return found[1] if found else ""


def _mapped(settings: Mapping[str, object], value: str) -> str:
    mappings = settings.get("mappings")
    for mapping in mappings if isinstance(mappings, list) else ():
        if mapping["type"] == "value" and value in mapping["options"]:
            return str(mapping["options"][value].get("text") or value)
    return value


def client_in_legends(board: Board) -> list[str]:
    """Find names of the client where only one is shown: they take the place of what differs."""
    return [
        f"{where(panel)}: repeats the name of the only client"
        for panel in panels(board)
        if of_one_client(board)
        and (
            any("target" in LABEL.findall(legend) for legend in _legends(panel))
            or panel["options"].get("textMode") == "value_and_name"
        )
    ]


def labels_that_a_query_drops(board: Board) -> list[str]:
    """Find legends with a label that the series do not have: Grafana shows the label's name."""
    return [
        f"{where(panel)}, {target['refId']}: its series have no {label!r}"
        for panel in panels(board)
        for target in panel["targets"]
        for labels in [kept(_SIGHT.resolve(target["expr"], board))]
        for label in LABEL.findall(target.get("legendFormat") or "")
        if labels is not None and label not in labels
    ]


def headings_that_are_not_there(board: Board) -> list[str]:
    """Find what is said of columns that a table does not have, so that it applies to nothing."""
    return [
        f"{where(panel)}: has no column {heading!r}"
        for panel in panels(board)
        if panel["type"] == "table"
        for there in [{field.name for field in fields(panel)}]
        for heading in (
            *(override["matcher"]["options"] for override in panel["fieldConfig"]["overrides"]),
            *(by["displayName"] for by in panel["options"].get("sortBy") or ()),
        )
        if heading not in there
    ]


def words_aligned_right(board: Board) -> list[str]:
    """Find words that stand where numbers do, at the right, since they are words for numbers."""
    return [
        f"{place}: align its words left"
        for place, _, field in columns(board)
        if field.numeric and _has_words(field.settings) and field.settings.get("custom.align") != "left"
    ]


def _has_words(settings: Mapping[str, object]) -> bool:
    """Return whether its numbers stand for words: those with a unit are read as numbers, but for a few."""
    return "mappings" in settings and settings["unit"] in _WITHOUT_UNIT


def _legends(panel: Panel) -> Iterator[str]:
    return (target.get("legendFormat") or "" for target in panel.get("targets", ()))


def _named(panel: Panel, legend: str, slug: str) -> str:
    """Return what Grafana calls the series of a problem."""
    name = LABEL.sub(lambda found: slug if found[1] == "problem" else "a", legend)
    for step in panel.get("transformations", ()):
        if step["id"] == "renameByRegex":
            name = _replaced(name, step["options"]["regex"], step["options"]["renamePattern"])
    for override in panel["fieldConfig"]["overrides"]:
        if override["matcher"] == {"id": "byName", "options": name}:
            name = next(
                (each["value"] for each in override["properties"] if each["id"] == "displayName"), name
            )
    return name


def _replaced(name: str, regex: str, pattern: str) -> str:
    """Replace as Grafana does: the whole name, or by `/…/` a part of it, by `/…/g` each such part."""
    written = re.fullmatch(r"/(.*)/(\w*)", regex)
    expression, flags = (written[1], written[2]) if written else (f"^{regex}$", "")
    return re.sub(expression, re.sub(r"\$(\d)", r"\\\1", pattern), name, count=0 if "g" in flags else 1)


RULES = (
    identifiers_in_legends,
    identifiers_in_tables,
    client_in_legends,
    labels_that_a_query_drops,
    headings_that_are_not_there,
    words_aligned_right,
)
