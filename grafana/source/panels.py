"""The kinds of panels, each with the settings that make it read well."""

from __future__ import annotations

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

from grafana.source.states import GREEN

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from grafana_foundation_sdk.cog import variants

    from grafana.source.states import States

Panel = Builder[model.Panel]
Steps = tuple[tuple[float, str], ...]  # from which value on, which colour; green below the first

DATASOURCE = model.DataSourceRef("prometheus", "$datasource")

_Styled = TypeVar(
    "_Styled",
    bargauge.Panel,
    stat.Panel,
    statetimeline.Panel,
    table.Panel,
    timeseries.Panel,
)


class Head(NamedTuple):
    """What every panel says of itself.

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
    """A query and what its series are called."""

    expr: str
    legend: str = "{{target}}"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: the field it shows, its heading and how its values read."""

    field: str
    heading: str
    unit: str = "string"
    steps: Steps = ()
    states: States | None = None
    texts: Mapping[str, tuple[str, str | None]] | None = None  # word and perhaps colour of a text
    width: int | None = None
    link: str | None = None  # the address a value leads to


def lines(
    head: Head, *queries: Query, steps: Steps = (), stacked: bool = False, nothing: str | None = None
) -> Panel:
    """Draw values over time; thresholds are dashed lines, `nothing` stands there without values.

    Stacked values are areas without outlines: one of zero would draw its own along the top of all the others,
    and a result that never came would look like the only one.
    """
    legend = common.VizLegendOptions().show_legend(show_legend=True)
    legend = legend.display_mode(looks.LegendDisplayMode.LIST).placement(looks.LegendPlacement.BOTTOM)
    tooltip = common.VizTooltipOptions().mode(looks.TooltipDisplayMode.MULTI).sort(looks.SortOrder.DESCENDING)
    panel = _styled(timeseries.Panel(), head, steps).targets(_series(queries))
    panel = panel.legend(legend).tooltip(tooltip)
    panel = panel.line_width(0 if stacked else 1).fill_opacity(60 if stacked else 0)
    panel = panel.show_points(looks.VisibilityMode.NEVER).axis_soft_min(0).min(0)
    if nothing is not None:
        panel = panel.no_value(nothing)
    if stacked:
        panel = panel.stacking(common.StackingConfig().mode(looks.StackingMode.NORMAL).group("A"))
    if steps:
        style = common.GraphThresholdsStyleConfig().mode(looks.GraphThresholdsStyleMode.DASHED)
        panel = panel.thresholds_style(style)
    return panel


def number(
    head: Head, query: Query, *, steps: Steps = (), states: States | None = None, nothing: str = "-"
) -> Panel:
    """Show the present value in large type on the colour of its threshold or state; one tile a series.

    `nothing` stands there when there is no value.
    """
    panel = _styled(stat.Panel(), head, steps, states).targets([_instant(query, "A")])
    panel = panel.color_mode(looks.BigValueColorMode.BACKGROUND).graph_mode(looks.BigValueGraphMode.NONE)
    panel = panel.text_mode(
        looks.BigValueTextMode.VALUE_AND_NAME if "{{" in query.legend else looks.BigValueTextMode.VALUE
    )
    return panel.reduce_options(_last()).no_value(nothing)


def timeline(head: Head, query: Query, states: States) -> Panel:
    """Draw a bar for each series, coloured by its state over time: since when is seen at a glance."""
    panel = _styled(statetimeline.Panel(), head, (), states).targets(_series([query]))
    panel = panel.show_value(looks.VisibilityMode.AUTO).row_height(0.8).merge_values(merge_values=True)
    legend = common.VizLegendOptions().show_legend(show_legend=False)
    legend = legend.display_mode(looks.LegendDisplayMode.HIDDEN).placement(looks.LegendPlacement.BOTTOM)
    return panel.fill_opacity(85).line_width(0).legend(legend)


def bars(head: Head, query: Query, steps: Steps, largest: float | None = None) -> Panel:
    """Draw the present value of each series as a horizontal bar."""
    panel = _styled(bargauge.Panel(), head, steps).targets([_instant(query, "A")]).min(0)
    panel = panel.orientation(looks.VizOrientation.HORIZONTAL).display_mode(looks.BarGaugeDisplayMode.BASIC)
    panel = panel.reduce_options(_last()).show_unfilled(show_unfilled=True)
    return panel.max(largest) if largest is not None else panel


def grid(
    head: Head,
    queries: Sequence[str],
    columns: Sequence[Column],
    *,
    worst: Sequence[str] = (),
    nothing: str = "-",
) -> table.Panel:
    """Show labels and values as a table, a row for each set of labels, the columns in this order.

    Rows are sorted by the headings `worst`, the largest value first; `nothing` stands there without rows.
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
    """Show a text."""
    panel = prose.Panel().id(head.number).title(head.title).description(head.description)
    return panel.mode(prose_model.TextMode.MARKDOWN).content(markdown).span(head.width).height(head.height)


def _styled(panel: _Styled, head: Head, steps: Steps, states: States | None = None) -> _Styled:
    panel = panel.id(head.number).title(head.title).description(head.description).unit(head.unit)
    panel = panel.span(head.width).height(head.height).datasource(DATASOURCE)
    panel = panel.thresholds(
        dashboard.ThresholdsConfig().mode(model.ThresholdsMode.ABSOLUTE).steps(_steps(steps))
    )
    if states is not None:
        panel = panel.mappings([_mapping(states)])
    if states is None and isinstance(panel, timeseries.Panel | table.Panel):
        return panel
    return panel.color_scheme(dashboard.FieldColor().mode(model.FieldColorModeId.THRESHOLDS))


def _steps(steps: Steps) -> list[model.Threshold]:
    every: tuple[tuple[float | None, str], ...] = ((None, GREEN), *steps)
    if steps and steps[0][0] == float("-inf"):
        every = ((None, steps[0][1]), *steps[1:])
    return [model.Threshold(value, colour) for value, colour in every]


def _mapping(states: States) -> model.ValueMap:
    return model.ValueMap(
        {
            str(value): model.ValueMappingResult(text=word, color=colour, index=place)
            for place, (value, (word, colour)) in enumerate(states.items())
        }
    )


def _properties(column: Column) -> list[model.DynamicConfigValue]:
    found: dict[str, object] = {"unit": column.unit}
    if column.states is not None:
        found["mappings"] = [_mapping(column.states)]
    if column.texts is not None:
        said = {key: model.ValueMappingResult(word, colour) for key, (word, colour) in column.texts.items()}
        found["mappings"] = [model.ValueMap(said)]
    if column.steps:
        config = dashboard.ThresholdsConfig().mode(model.ThresholdsMode.ABSOLUTE).steps(_steps(column.steps))
        found["thresholds"] = config.build()
    coloured = any(colour for _, colour in (column.texts or {}).values())
    if column.steps or column.states is not None or coloured:
        found["custom.cellOptions"] = {"type": "color-background", "mode": "basic"}
    if column.width is not None:
        found["custom.width"] = column.width
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
