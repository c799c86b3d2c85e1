"""The kinds of panels, each with the settings that make it read well."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from grafana_foundation_sdk.builders import (
    bargauge,
    common,
    dashboard,
    prometheus,
    stat,
    statetimeline,
    table,
    timeseries,
)
from grafana_foundation_sdk.builders import text as prose
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import common as looks
from grafana_foundation_sdk.models import dashboard as model
from grafana_foundation_sdk.models import prometheus as asked
from grafana_foundation_sdk.models import text as prose_model

from grafana.source.states import GREEN, NOT_KNOWN, PURPLE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from grafana_foundation_sdk.cog import variants

    from grafana.source.states import States

Panel = Builder[model.Panel]
Steps = tuple[tuple[float, str], ...]  # from which value on, which colour; green below the first

# The colour of a first step is also that of "no value": so it is neutral, and the real first one begins here.
_LOWEST = -1e15
# How finely the present value reads, by unit; Grafana's own choice is three digits, whatever they are worth.
_DECIMALS = {"percentunit": 1, "s": 1}
# Up to where the axis of a quiet graph goes at least, by unit: for zeros alone Grafana draws it up to 100.
_FAR = 10
_QUIET = {"percentunit": 0.02, "short": 1, "reqps": 1, "mps": 1, "ops": 1, "cps": 1}

DATASOURCE = model.DataSourceRef("prometheus", "$datasource")

Words = Mapping[str, tuple[str, str | None]] | Mapping[float, tuple[str, str]]  # value: (word, colour)
_Mapping = model.ValueMap | model.RangeMap | model.RegexMap | model.SpecialValueMap
_Styled = TypeVar(
    "_Styled",
    bargauge.Panel,
    stat.Panel,
    statetimeline.Panel,
    table.Panel,
    timeseries.Panel,
)


class Head(NamedTuple):
    """The number, title, description and size of a panel.

    Alerts link to panels by their number: it is unique in its dashboard and never changes. Width and height
    are in cells of a grid of 24 columns.
    """

    number: int
    title: str
    description: str
    unit: str
    width: int
    height: int = 7


class Query(NamedTuple):
    """A query and the legend of its series; its steps are at least `step`."""

    expr: str
    legend: str = "{{target}}"
    step: str | None = None


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: its field, its heading and the format of its values."""

    field: str
    heading: str
    unit: str = "string"
    steps: Steps = ()
    states: States | None = None
    texts: Words | None = None
    width: int | None = None  # pixels, for what is always short
    least: int | None = None  # pixels, for what is read first and may be long
    link: str | None = None  # the address a value leads to
    absent: str = NOT_KNOWN  # what stands in a cell without a value
    wraps: bool = False  # whether long texts take several lines
    hidden: bool = False  # there for links of other columns only


def lines(
    head: Head, *queries: Query, steps: Steps = (), stacked: bool = False, nothing: str = NOT_KNOWN
) -> Panel:
    """Build a graph over time; thresholds are dashed lines, `nothing` is shown without values.

    Stacked values are areas without outlines: the outline of a zero would lie on top of all the others,
    and a result that never came would look like the only one.
    """
    legend = common.VizLegendOptions().show_legend(show_legend=True)
    legend = legend.display_mode(looks.LegendDisplayMode.LIST).placement(looks.LegendPlacement.BOTTOM)
    tooltip = common.VizTooltipOptions().mode(looks.TooltipDisplayMode.MULTI).sort(looks.SortOrder.DESCENDING)
    panel = _styled(timeseries.Panel(), head, steps).targets(_series(queries))
    panel = panel.legend(legend).tooltip(tooltip)
    panel = panel.line_width(0 if stacked else 1).fill_opacity(60 if stacked else 0)
    panel = panel.show_points(looks.VisibilityMode.NEVER).axis_soft_min(0).min(0).no_value(nothing)
    if head.unit in _QUIET:
        panel = panel.axis_soft_max(_highest_of_quiet(head.unit, steps))
    if step := next((query.step for query in queries if query.step), None):
        panel = panel.interval(step)
    if stacked:
        panel = panel.stacking(common.StackingConfig().mode(looks.StackingMode.NORMAL).group("A"))
    if steps:
        style = common.GraphThresholdsStyleConfig().mode(looks.GraphThresholdsStyleMode.DASHED)
        panel = panel.thresholds_style(style)
    return panel


def number(
    head: Head, query: Query, *, steps: Steps = (), states: States | None = None, nothing: str = NOT_KNOWN
) -> stat.Panel:
    """Build a panel with the current value of each series in large type, coloured by threshold or state.

    Several are named. `nothing` is shown in a neutral colour if there is no value.
    """
    panel = _styled(stat.Panel(), head, steps, states).targets([_instant(query, "A")])
    panel = panel.color_mode(looks.BigValueColorMode.BACKGROUND).graph_mode(looks.BigValueGraphMode.NONE)
    panel = panel.text_mode(looks.BigValueTextMode.AUTO)
    return panel.reduce_options(_last()).no_value(nothing)


def timeline(head: Head, query: Query, states: States, *, identifiers: bool = False) -> Panel:
    """Build a panel with a bar for each series, coloured by its state over time.

    `identifiers` that series are named by become words.
    """
    panel = _styled(statetimeline.Panel(), head, (), states).targets(_series([query]))
    if identifiers:
        spaces = {"regex": "/_/g", "renamePattern": " "}
        panel = panel.with_transformation(model.DataTransformerConfig("renameByRegex", options=spaces))
    panel = panel.show_value(looks.VisibilityMode.AUTO).row_height(0.8).merge_values(merge_values=True)
    legend = common.VizLegendOptions().show_legend(show_legend=False)
    legend = legend.display_mode(looks.LegendDisplayMode.HIDDEN).placement(looks.LegendPlacement.BOTTOM)
    # Coloured by thresholds, merged bars would show the numbers of these instead of the words of states.
    plain = dashboard.FieldColor().mode(model.FieldColorModeId.FIXED).fixed_color("text")
    return panel.fill_opacity(85).line_width(0).legend(legend).color_scheme(plain).no_value(NOT_KNOWN)


def bars(
    head: Head,
    query: Query,
    *,
    steps: Steps,
    largest: float | None = None,
    states: States | None = None,
) -> Panel:
    """Build a panel with the value of each series as a horizontal bar; `states` name values below 0."""
    panel = _styled(bargauge.Panel(), head, steps, states).targets([_instant(query, "A")]).min(0)
    panel = panel.orientation(looks.VizOrientation.HORIZONTAL).display_mode(looks.BarGaugeDisplayMode.BASIC)
    panel = panel.reduce_options(_last()).show_unfilled(show_unfilled=True).no_value(NOT_KNOWN)
    return panel.max(largest) if largest is not None else panel


def grid(
    head: Head,
    queries: Sequence[str],
    columns: Sequence[Column],
    *,
    worst: Sequence[str] = (),
    nothing: str = NOT_KNOWN,
) -> table.Panel:
    """Build a table with a row for each set of labels, and the columns in this order.

    Rows are sorted by the headings `worst`, the largest value first. `nothing` is shown without rows.
    """
    names = [chr(ord("A") + place) for place in range(len(queries))]
    built = [_instant(Query(expr, ""), name) for expr, name in zip(queries, names, strict=True)]
    panel = _styled(table.Panel(), head, ()).targets(
        [each.format(asked.PromQueryFormat.TABLE) for each in built]
    )
    if len(queries) > 1:
        panel = panel.with_transformation(model.DataTransformerConfig("merge", options={}))
    order = {column.field: place for place, column in enumerate(columns)}
    heading = {column.field: column.heading for column in columns}
    shown = {"include": {"names": list(order)}}
    panel = panel.with_transformation(model.DataTransformerConfig("filterFieldsByName", options=shown))
    arranged = {"excludeByName": {}, "indexByName": order, "renameByName": heading}
    panel = panel.with_transformation(model.DataTransformerConfig("organize", options=arranged))
    if worst:
        panel = panel.sort_by(
            [common.TableSortByFieldState().display_name(heading).desc(desc=True) for heading in worst]
        )
    for column in columns:
        panel = panel.override_by_name(column.heading, _properties(column))
    return panel.cell_height(looks.TableCellHeight.SM).no_value(nothing)


def words(head: Head, markdown: str) -> Panel:
    """Build a panel with a text."""
    panel = prose.Panel().id(head.number).title(head.title).description(head.description)
    return panel.mode(prose_model.TextMode.MARKDOWN).content(markdown).span(head.width).height(head.height)


def _highest_of_quiet(unit: str, steps: Steps) -> float:
    """Return the least maximum of the axis: the first threshold is visible, unless it is far away."""
    first = steps[0][0] if steps else _FAR
    if first >= _FAR:
        return _QUIET[unit]
    return min(2 * first, 1.0) if unit == "percentunit" else 2 * first


def _styled(panel: _Styled, head: Head, steps: Steps, states: States | None = None) -> _Styled:
    panel = panel.id(head.number).title(head.title).description(head.description).unit(head.unit)
    panel = panel.span(head.width).height(head.height).datasource(DATASOURCE)
    coloured = states is not None or not isinstance(panel, timeseries.Panel | table.Panel)
    panel = panel.thresholds(_thresholds(steps, neutral=coloured))
    if coloured:
        panel = panel.mappings(_mappings(states or {}))
        panel = panel.decimals(_DECIMALS[head.unit]) if head.unit in _DECIMALS else panel
        panel = panel.color_scheme(dashboard.FieldColor().mode(model.FieldColorModeId.THRESHOLDS))
    return panel


def _thresholds(steps: Steps, *, neutral: bool) -> dashboard.ThresholdsConfig:
    """Build thresholds; a graph has no colour for "no value", so it would draw a line at the lowest one."""
    every = steps if steps and steps[0][0] == float("-inf") else ((float("-inf"), GREEN), *steps)
    (_, lowest), *others = every
    built = [model.Threshold(None, PURPLE), model.Threshold(_LOWEST, lowest)]
    if not neutral:
        built = [model.Threshold(None, lowest)]
    built += [model.Threshold(value, colour) for value, colour in others]
    return dashboard.ThresholdsConfig().mode(model.ThresholdsMode.ABSOLUTE).steps(built)


def _mappings(words: Words, *, neutral: bool = True) -> list[_Mapping]:
    said = {
        str(value): model.ValueMappingResult(text=word, color=colour, index=place)
        for place, (value, (word, colour)) in enumerate(words.items())
    }
    unknown = model.ValueMappingResult(text=NOT_KNOWN, color=PURPLE, index=len(said))
    absent = model.DashboardSpecialValueMapOptions(model.SpecialValueMatch.NULL_AND_NAN, unknown)
    every = ((said, model.ValueMap(said)), (neutral, model.SpecialValueMap(absent)))
    return [mapping for wanted, mapping in every if wanted]


def _properties(column: Column) -> list[model.DynamicConfigValue]:
    said = {
        "unit": column.unit,
        "decimals": _DECIMALS.get(column.unit),
        "custom.width": column.width,
        "custom.minWidth": column.least,
        "custom.hidden": column.hidden or None,
        "noValue": column.absent,  # else that of the whole table would stand in a cell
    }
    found: dict[str, object] = {name: value for name, value in said.items() if value is not None}
    words = column.texts or column.states or {}
    coloured = bool(column.steps) or any(colour for _, colour in words.values())
    if coloured or words:
        found["mappings"] = _mappings(words, neutral=coloured)
    if words and not column.steps:
        found["custom.align"] = "left"  # although some of them are numbers to Grafana
    if column.steps:
        found["thresholds"] = _thresholds(column.steps, neutral=True).build()
    cell: dict[str, object] = {"type": "color-background", "mode": "basic"} if coloured else {}
    cell |= {"wrapText": True} if column.wraps else {}
    if cell:
        found["custom.cellOptions"] = {"type": "auto"} | cell
    if column.link is not None:
        found["links"] = [{"title": f"Open {column.heading.lower()}", "url": column.link}]
    return [model.DynamicConfigValue(name, value) for name, value in found.items()]


def _series(queries: Sequence[Query]) -> list[Builder[variants.Dataquery]]:
    return [
        prometheus.Dataquery()
        .expr(query.expr)
        .legend_format(query.legend)
        .range()
        .ref_id(chr(ord("A") + place))
        for place, query in enumerate(queries)
    ]


def _instant(query: Query, name: str) -> prometheus.Dataquery:
    return prometheus.Dataquery().expr(query.expr).legend_format(query.legend).instant().ref_id(name)


def _last() -> common.ReduceDataOptions:
    return common.ReduceDataOptions().calcs(["lastNotNull"]).values(values=False)
