"""The committed dashboards, and what their queries become once their variables have values."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "grafana" / "dashboards"

ANY = ".+"  # what stands for a variable without All, so that whatever it offers is seen

Board = dict[str, Any]  # the JSON of a dashboard
Panel = dict[str, Any]


def _read(folder: Path) -> Mapping[str, Board]:
    return {file.stem: json.loads(file.read_text()) for file in sorted(folder.glob("*.json"))}


BOARDS = _read(FOLDER)
BEFORE = _read(Path(__file__).with_name("version_0_1_0"))  # with the mistakes that were made then

_VARIABLE = re.compile(r"\$(?:\{(\w+)(?::(\w+))?\}|([a-z_]\w*))")  # with a format, in braces


class Asked(NamedTuple):
    """A query and where it stands."""

    where: str
    expr: str


@dataclass(frozen=True, slots=True)
class Sight:
    """How somebody looks at a dashboard: through which choice of variables, over which time, how finely."""

    end: float
    seconds: int = 3600
    step: int = 15
    scrape: int = 15  # the interval that the data source is told, in seconds
    # Regular expressions by variable, and a name where just one can be chosen; all, where none is said.
    chosen: Mapping[str, str] | None = None

    def resolve(self, expr: str, board: Board) -> str:
        """Put values in the place of a dashboard's variables and of Grafana's own."""
        values = {variable["name"]: variable.get("allValue") or ANY for variable in variables(board)}
        values |= self.chosen or {}
        values |= {
            "__rate_interval": f"{max(self.step + self.scrape, 4 * self.scrape)}s",
            "__interval": f"{self.step}s",
            "__interval_ms": f"{self.step * 1000}",
            "__range": f"{self.seconds}s",
            "__range_s": f"{self.seconds}",
        }
        return _VARIABLE.sub(lambda found: _written(values[found[1] or found[3]], found[2]), expr)


def _written(value: str, format_: str | None) -> str:
    """Write a value as Grafana does in this format."""
    assert format_ in {None, "raw"}, format_
    return value


def rows(board: Board) -> list[Panel]:
    """Give the headings of rows."""
    return [panel for panel in board["panels"] if panel["type"] == "row"]


def panels(board: Board) -> list[Panel]:
    """Give the panels that show something, those inside of rows, too."""
    nested = (panel for row in rows(board) for panel in row.get("panels", ()))
    return [panel for panel in (*board["panels"], *nested) if panel["type"] != "row"]


def where(panel: Panel) -> str:
    """Name a panel."""
    return f"{panel['id']} {panel['title']}"


def links(board: Board) -> Iterator[tuple[str, dict[str, Any]]]:
    """Give every link and where it stands."""
    yield from ((f"link {link['title']}", link) for link in board["links"])
    for panel in panels(board):
        given = [*panel.get("links", ()), *panel["fieldConfig"]["defaults"].get("links", ())]
        for override in panel["fieldConfig"]["overrides"]:
            given += (
                link for each in override["properties"] if each["id"] == "links" for link in each["value"]
            )
        yield from ((where(panel), link) for link in given)


def variables(board: Board) -> list[dict[str, Any]]:
    """Give the variables whose values Prometheus is asked for."""
    return [variable for variable in board["templating"]["list"] if variable["type"] == "query"]


def panel_queries(board: Board) -> Iterator[Asked]:
    """Give the query of every panel."""
    for panel in panels(board):
        for target in panel.get("targets", ()):
            yield Asked(f"{where(panel)}, {target['refId']}", target["expr"])


def variable_queries(board: Board) -> Iterator[Asked]:
    """Give the selectors that variables take label values of."""
    for variable in variables(board):
        found = re.fullmatch(r"label_values\((.*), \w+\)", variable["query"]["query"])
        assert found is not None, variable["query"]
        yield Asked(f"variable {variable['name']}", found[1])


def annotation_queries(board: Board) -> Iterator[Asked]:
    """Give the query of every annotation."""
    for annotation in board["annotations"]["list"]:
        yield Asked(f"annotation {annotation['name']}", expr_of(annotation))


def expr_of(annotation: Mapping[str, Any]) -> str:
    """Give the query of an annotation; before Grafana 9 it did not stand in `target`."""
    return str((annotation.get("target") or annotation)["expr"])


def queries(board: Board) -> list[Asked]:
    """Give everything that Prometheus is asked for."""
    return [*panel_queries(board), *variable_queries(board), *annotation_queries(board)]
