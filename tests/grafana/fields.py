"""What a panel draws its values with, once its overrides are on top of what holds for all of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.grafana.boards import panels, where

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.grafana.boards import Board, Panel

Settings = dict[str, Any]  # by the name that an override has for them, such as `custom.width`


class Shown(NamedTuple):
    """What stands in the place of a value, and in which colour."""

    text: str
    colour: str


@dataclass(frozen=True, slots=True)
class Field:
    """A column of a table, or whatever another panel shows."""

    name: str  # a column's heading; empty for what holds in a whole panel
    source: str  # the column of the answer that it shows
    settings: Mapping[str, Any]

    @property
    def numeric(self) -> bool:
        """Whether its values are numbers: labels are texts."""
        return not self.name or self.source.startswith("Value")

    @property
    def replaced(self) -> Mapping[str, str]:
        """What a mapping puts in the place of null and NaN; empty without one."""
        for mapping in self.settings.get("mappings") or ():
            if mapping["type"] == "special" and mapping["options"]["match"] == "null+nan":
                found: Mapping[str, str] = mapping["options"]["result"]
                return found
        return {}

    @property
    def missing(self) -> Shown:
        """What Grafana draws for a value that is not there: a mapping's result, else the first colour."""
        text, colour = (self.replaced.get(name) for name in ("text", "color"))
        return Shown(text or self.settings.get("noValue") or "", colour or self._first_colour())

    @property
    def results(self) -> list[Mapping[str, str]]:
        """What values are replaced by: texts, colours."""
        return [
            result
            for mapping in self.settings.get("mappings") or ()
            for result in (
                mapping["options"].values() if mapping["type"] == "value" else [mapping["options"]["result"]]
            )
        ]

    def _first_colour(self) -> str:
        colour = self.settings.get("color") or {}
        if colour.get("mode") == "fixed":
            return str(colour["fixedColor"])
        return str(self.settings["thresholds"]["steps"][0]["color"])


class Placed(NamedTuple):
    """A field and where it stands."""

    where: str
    panel: Panel
    field: Field


def fields(panel: Panel) -> list[Field]:
    """Return what holds in a panel as a whole, or each column of a table, from the left."""
    whole = _flat(panel["fieldConfig"]["defaults"])
    if panel["type"] != "table":
        return [Field("", "", whole)]
    (arranged,) = (step["options"] for step in panel["transformations"] if step["id"] == "organize")
    own = {
        override["matcher"]["options"]: {each["id"]: each["value"] for each in override["properties"]}
        for override in panel["fieldConfig"]["overrides"]
    }
    return [
        Field(heading, source, whole | own.get(heading, {}))
        for source, heading in sorted(
            arranged["renameByName"].items(), key=lambda named: arranged["indexByName"][named[0]]
        )
    ]


def placed(board: Board) -> list[Placed]:
    """Return every field of a dashboard with its panel and a name for where it stands."""
    return [
        Placed(f"{where(panel)}, {field.name}" if field.name else where(panel), panel, field)
        for panel in panels(board)
        for field in fields(panel)
    ]


def columns(board: Board) -> list[Placed]:
    """Return those of tables."""
    return [each for each in placed(board) if each.panel["type"] == "table"]


def _flat(defaults: Settings) -> Settings:
    custom = {f"custom.{name}": value for name, value in defaults.get("custom", {}).items()}
    return {name: value for name, value in defaults.items() if name != "custom"} | custom
