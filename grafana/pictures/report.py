"""What a user sees of a dashboard, as plain values."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """How somebody looks at a dashboard: over which time, with what chosen, with which rows open."""

    begin: float  # seconds since 1970
    end: float
    scrape: int = 15  # seconds: the interval that the data source is told
    chosen: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)  # by variable; else its default
    expanded: frozenset[int] = frozenset()  # numbers of collapsed rows that were opened
    panel: int | None = None  # only this one, on the full screen, as links from alerts open it
    marks: frozenset[str] = frozenset()  # annotations that were switched on by hand


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """One text that a panel shows: a tile, a bar, a cell of a table, a run of a timeline."""

    text: str
    colour: str = ""  # Grafana's name ("red", "dark-purple", "text") or #rrggbb; empty: not coloured
    name: str = ""  # of the series; in a timeline, of the row
    column: str = ""  # the heading, in a table
    row: int = 0  # in a table and in a timeline, from 0
    number: float | None = None  # before it was mapped; None where there is none, or where it is text
    missing: bool = False  # there is no value: the text stands in its place
    link: str = ""  # where a click leads, after interpolation
    begin: float = 0.0  # of a run
    end: float = 0.0

    @property
    def hue(self) -> str:
        """The colour without its shade."""
        return self.colour.rpartition("-")[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """The range of a graph's axis."""

    low: float
    high: float
    unit: str = ""
    most: float | None = None  # the largest value that is drawn
    thresholds: tuple[float, ...] = ()  # those that are drawn
    ticks: tuple[str, ...] = ()  # what is written beside it


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """One annotation, as it is drawn over every graph."""

    name: str  # of the annotation's query
    text: str
    begin: float
    end: float | None = None  # None: a single point, drawn as a line
    colour: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """A text that is longer than its place."""

    text: str
    where: str  # the column, in a table
    # "title" of a panel, "heading" or "cell" of a table, "row" of a timeline, "tile", "legend";
    # out of sight: "aside" (columns), "below" (rows)
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A question to Prometheus, as it was sent."""

    panel: int  # 0: of a variable or of an annotation
    expr: str
    seconds: float  # that Prometheus needed
    size: int  # bytes of the expression
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One panel."""

    id: int
    title: str
    type: str
    has_data: bool = True  # its queries gave at least one value
    empty: str | None = None  # the text in place of everything, its noValue or Grafana's "No data"
    no_value: str | None = None  # the panel's own noValue
    text: str = ""  # everything that can be read in it
    values: tuple[Value, ...] = ()
    rows: int = 0  # in the data: more than are in sight
    legend: tuple[str, ...] = ()
    axes: tuple[Axis, ...] = ()
    overrides: Mapping[str, bool] = field(default_factory=dict)  # whether each found a field
    mappings: Mapping[str, bool] = field(default_factory=dict)  # whether each mapped a value
    unmapped: tuple[str, ...] = ()  # what is shown as it is, though its field has mappings
    cut: tuple[Cut, ...] = ()
    row_height: float = 0.0  # pixels, of a timeline's rows and of a table's
    errors: tuple[str, ...] = ()

    def cells(self, column: str) -> tuple[Value, ...]:
        """Return the values below a heading."""
        return tuple(value for value in self.values if value.column == column)

    def named(self, name: str) -> tuple[Value, ...]:
        """Return the values of a series or of a timeline's row."""
        return tuple(value for value in self.values if value.name == name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """A choice above the panels."""

    name: str
    label: str
    chosen: tuple[str, ...]
    options: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What is seen of a dashboard."""

    title: str
    begin: float = 0.0  # of the time that is shown
    end: float = 0.0
    width: int = 0  # pixels
    height: int = 0
    panels: tuple[Panel, ...] = ()
    variables: tuple[Variable, ...] = ()
    marks: tuple[Mark, ...] = ()
    queries: tuple[Query, ...] = ()
    links: tuple[str, ...] = ()  # of the dashboard, after interpolation
    console: tuple[str, ...] = ()  # what the browser complained about

    def panel(self, number: int) -> Panel:
        """Return a panel by its number."""
        return next(panel for panel in self.panels if panel.id == number)


def read(document: Mapping[str, Any], console: Iterable[str] = ()) -> Report:
    """Return the report that the page wrote as JSON, with the complaints of the browser."""
    return _read(Report, {**document, "console": list(console)})


_INNER = {
    Report: {"panels": Panel, "variables": Variable, "marks": Mark, "queries": Query},
    Panel: {"values": Value, "axes": Axis, "cut": Cut},
}


Kind = TypeVar("Kind", Report, Panel, Variable, Mark, Query, Value, Axis, Cut)


def _read(kind: type[Kind], document: Mapping[str, Any]) -> Kind:
    known = {each.name for each in fields(kind)}
    return kind(**{name: _value(kind, name, each) for name, each in document.items() if name in known})


def _value(kind: type, name: str, value: Any) -> Any:  # noqa: ANN401 - JSON
    if not isinstance(value, list):
        return value
    inner = _INNER.get(kind, {}).get(name)
    return tuple(_read(inner, each) if inner else each for each in value)
