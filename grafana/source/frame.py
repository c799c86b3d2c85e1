"""What all dashboards share: variables, links, annotations, and the order of rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.models import dashboard as model

from grafana.source.panels import DATASOURCE
from grafana.source.selection import client, own

if TYPE_CHECKING:
    from collections.abc import Sequence

    from grafana.source.panels import Panel

Row = tuple[str, "Sequence[Panel]"]  # its heading, or "" for none, and what stands in it

TAG = "waexporter"
# Where a daemon on the reader's own machine serves them, as in the demonstration.
RUNBOOKS = "http://localhost:9847/runbooks"
_FIRST_ROW = 1000  # rows are numbered from here on, panels below

_ALL = model.VariableOption(selected=True, text="All", value="$__all")


def variable(name: str, label: str, query: str, everything: str = ".+") -> dashboard.QueryVariable:
    """Build a variable of which several values or all can be chosen, read anew with the time range."""
    built = dashboard.QueryVariable(name).label(label).datasource(DATASOURCE)
    built = built.query({"query": query, "refId": name, "qryType": 1}).current(_ALL)
    built = built.refresh(model.VariableRefresh.ON_TIME_RANGE_CHANGED).sort(model.VariableSort.NATURAL_ASC)
    return built.multi(multi=True).include_all(include_all=True).all_value(everything)


def of_exporters() -> list[dashboard.QueryVariable]:
    """Build the variables that choose exporters."""
    return [
        variable("job", "Job", "label_values(waexporter_build_info, job)"),
        variable("instance", "Instance", 'label_values(waexporter_build_info{job=~"$job"}, instance)'),
    ]


def of_clients() -> list[dashboard.QueryVariable]:
    """Build the variables that choose clients."""
    return [*of_exporters(), variable("target", "Client", f"label_values({own('whatsapp_up')}, target)")]


def of_nodes() -> list[dashboard.QueryVariable]:
    """Build the variables that choose clients and their nodes; a single client's coreapp has no name."""
    nodes = client("", '__name__=~"whatsapp_gateway_status|whatsapp_web_uptime_seconds"')
    query = f"label_values({nodes}, node)"
    return [*of_clients(), variable("node", "Node", query, everything=".*")]


class _Alerts(model.AnnotationQuery):
    """An annotation with the fields of Prometheus' data source, which the published types leave out."""

    def to_json(self) -> dict[str, object]:
        texts = {"titleFormat": "{{alertname}}", "textFormat": "{{target}}", "tagKeys": "severity"}
        return super().to_json() | texts


class _AlertsBuilder(dashboard.AnnotationQuery):
    def build(self) -> model.AnnotationQuery:
        found = super().build()
        return _Alerts(
            name=found.name,
            datasource=found.datasource,
            enable=found.enable,
            icon_color=found.icon_color,
            expr=found.expr,
        )


def alerts(
    name: str, colour: str, *matchers: str, by: Sequence[str] = ("target",)
) -> dashboard.AnnotationQuery:
    """Build an annotation that marks when alerts fired: one mark for all that only differ in other labels.

    Each mark tints the panels: one for each node and endpoint would hide what they show.
    """
    chosen = ", ".join(('alertstate="firing"', *matchers))
    labels = ", ".join(("alertname", "severity", *by))
    built = _AlertsBuilder().name(name).datasource(DATASOURCE).enable(enable=True)
    return built.icon_color(colour).expr(f"max by ({labels}) (ALERTS{{{chosen}}})")


class Cover(NamedTuple):
    """What a dashboard is known by."""

    uid: str
    title: str
    description: str


def framed(
    cover: Cover,
    variables: Sequence[dashboard.QueryVariable],
    annotations: Sequence[dashboard.AnnotationQuery],
    rows: Sequence[Row],
) -> model.Dashboard:
    """Put a dashboard together; it is read-only in Grafana, since its source is here."""
    board = (
        dashboard.Dashboard(cover.title).uid(cover.uid).description(cover.description).tags([TAG]).readonly()
    )
    board = board.time("now-1h", "now").refresh("30s").timezone("browser")
    board = board.tooltip(model.DashboardCursorSync.CROSSHAIR)
    source = dashboard.DatasourceVariable("datasource").label("Data source").type("prometheus")
    board = (
        board.variables([source, *variables, _runbooks()])
        .annotations(list(annotations))
        .links([_neighbours(), _books()])
    )
    for number, (heading, panels) in enumerate(rows):
        if heading:
            board = board.with_row(dashboard.Row(heading).id(_FIRST_ROW + number))
        for panel in panels:
            board = board.with_panel(panel)
    return _published(board.build())


def _runbooks() -> dashboard.TextBoxVariable:
    chosen = model.VariableOption(text=RUNBOOKS, value=RUNBOOKS)
    return dashboard.TextBoxVariable("runbooks").label("Runbooks at").default_value(RUNBOOKS).current(chosen)


def _neighbours() -> dashboard.DashboardLink:
    link = dashboard.DashboardLink("Dashboards").type(model.DashboardLinkType.DASHBOARDS).tags([TAG])
    link = link.icon("external link").tooltip("The others of waexporter, for the same choice and time")
    return link.include_vars(include_vars=True).keep_time(keep_time=True)


def _books() -> dashboard.DashboardLink:
    link = dashboard.DashboardLink("Runbooks").type(model.DashboardLinkType.LINK).url("${runbooks}")
    return link.icon("doc").tooltip("What to do about each alert").target_blank(target_blank=True)


def _published(board: model.Dashboard) -> model.Dashboard:
    # The builder's types carry fields of interval variables that the published schema has no place for.
    listed = board.templating.list_val if board.templating is not None else None
    for each in listed or ():
        each.auto = each.auto_min = each.auto_count = None
    return board
