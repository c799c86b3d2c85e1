"""What Prometheus answers to the queries of a dashboard, in the shape that the page draws."""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from tests.grafana.boards import annotation_queries
from tests.real.network import ask

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tests.grafana.boards import Board, Panel, Sight

Row = dict[str, Any]


class Asker:
    """Asks one Prometheus on behalf of one dashboard."""

    def __init__(self, url: str, board: Board, sight: Sight) -> None:
        self._url = url
        self._board = board
        self._sight = sight

    def instant(self, expr: str) -> list[tuple[Mapping[str, str], float]]:
        """Give labels and value of each series at the end of the time shown."""
        found = self._ask("query", expr, time=self._sight.end)
        return [(series["metric"], float(series["value"][1])) for series in found]

    def over_time(self, expr: str) -> list[tuple[Mapping[str, str], list[tuple[float, float]]]]:
        """Give labels and points of each series over the time shown; what is not finite is left out."""
        begin = self._sight.end - self._sight.seconds
        found = self._ask("query_range", expr, start=begin, end=self._sight.end, step=self._sight.step)
        return [(series["metric"], list(_finite(series["values"]))) for series in found]

    def _ask(self, path: str, expr: str, **when: float) -> list[Any]:
        asked = {"query": self._sight.resolve(expr, self._board), **when}
        answer = ask(f"{self._url}/api/v1/{path}?{urlencode(asked)}", patience=60)
        assert answer is not None, f"no answer to {asked['query']}"
        document = json.loads(answer.body)
        assert document["status"] == "success", f"{asked['query']}: {document}"
        result: list[Any] = document["data"]["result"]
        return result


def _finite(points: Sequence[tuple[float, str]]) -> Iterator[tuple[float, float]]:
    for when, text in points:
        if math.isfinite(value := float(text)):
            yield when, value


def answered(panel: Panel, asker: Asker) -> Panel:
    """Give a panel together with its data: `series` over time, `values` of now, or `table`."""
    targets = panel.get("targets", [])
    if panel["type"] == "table":
        frames = {target["refId"]: asker.instant(target["expr"]) for target in targets}
        return panel | {"table": _table(panel, frames)}
    if any(target.get("instant") for target in targets):
        values = [
            {"name": _name(target, labels), "value": value}
            for target in targets
            for labels, value in asker.instant(target["expr"])
            if math.isfinite(value)
        ]
        return panel | {"values": sorted(values, key=lambda each: str(each["name"]))}
    series = [
        {"name": _name(target, labels), "points": points}
        for target in targets
        for labels, points in asker.over_time(target["expr"])
        if points
    ]
    return panel | {"series": series}


def marks(board: Board, asker: Asker) -> list[dict[str, Any]]:
    """Give what the annotations mark: a name, a colour, and from when to when."""
    colours = [annotation["iconColor"] for annotation in board["annotations"]["list"]]
    return [
        {"name": labels.get("alertname", ""), "colour": colour, "from": points[0][0], "to": points[-1][0]}
        for asked, colour in zip(annotation_queries(board), colours, strict=True)
        for labels, points in asker.over_time(asked.expr)
        if points
    ]


def _name(target: Mapping[str, Any], labels: Mapping[str, str]) -> str:
    text = re.sub(r"\{\{\s*(\w+)\s*\}\}", lambda found: labels.get(found[1], ""), target["legendFormat"])
    return " ".join(text.split())


def _table(panel: Panel, frames: Mapping[str, list[tuple[Mapping[str, str], float]]]) -> dict[str, Any]:
    """Do what the table's transformations ask for: merge, choose, order and rename fields."""
    rows = _merged(frames)
    options = {each["id"]: each["options"] for each in panel["transformations"]}
    order: Mapping[str, int] = options["organize"]["indexByName"]
    heading: Mapping[str, str] = options["organize"]["renameByName"]
    fields = [name for name in options["filterFieldsByName"]["include"]["names"] if _is_there(name, rows)]
    fields.sort(key=lambda name: order[name])
    return {
        "columns": [heading[name] for name in fields],
        "rows": [[row.get(name) for name in fields] for row in rows],
    }


def _is_there(field: str, rows: Sequence[Row]) -> bool:
    return not rows or any(field in row for row in rows)


def _merged(frames: Mapping[str, list[tuple[Mapping[str, str], float]]]) -> list[Row]:
    """Give one row for all samples whose common labels are alike, as Grafana's `merge` does."""
    names = [set(labels) for frame in frames.values() for labels, _ in frame]
    common = set.intersection(*names) if names else set()
    merged: dict[tuple[str, ...], Row] = {}
    for ref, frame in frames.items():
        for labels, value in frame:
            row = merged.setdefault(tuple(labels[name] for name in sorted(common)), {})
            row |= labels
            row["Value" if len(frames) == 1 else f"Value #{ref}"] = value if math.isfinite(value) else None
    return [merged[key] for key in sorted(merged)]
