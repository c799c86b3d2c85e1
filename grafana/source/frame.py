"""What all dashboards share: variables, links, annotations, and the order of rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.models import dashboard as model

from grafana.source.panels import DATASOURCE
from grafana.source.selection import NAMED, equal

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from grafana.source.panels import Panel


class Row(NamedTuple):
    """Panels below a heading, or without one; the panels of a closed row query only when it is opened."""

    heading: str
    panels: Sequence[Panel]
    closed: bool = False


TAG = "waexporter"
# Where a daemon on the reader's own machine serves them, as in the demonstration.
RUNBOOKS = "http://localhost:9847/runbooks"
# Where the name of a client in a table leads.
TO_CLIENT = (
    "/d/waexporter-client?${datasource:queryparam}&${job:queryparam}"
    "&var-target=${__data.fields.Client:percentencode}&${__url_time_range}"
)
_FIRST_ROW = 1000  # rows are numbered from here on, panels below

_ALL = model.VariableOption(selected=True, text="All", value="$__all")
_CLIENTS = 'label_values(whatsapp_up{job=~"$job"}, target)'


def variable(name: str, label: str, query: str, everything: str = ".+") -> dashboard.QueryVariable:
    """Build a variable with a choice of several values or all, queried again when the time range changes."""
    built = _variable(name, label, query).current(_ALL)
    return built.multi(multi=True).include_all(include_all=True).all_value(everything)


def of_jobs() -> list[dashboard.QueryVariable]:
    """Build the variable that selects jobs of Prometheus."""
    return [variable("job", "Job", "label_values(waexporter_build_info, job)")]


def of_exporters() -> list[dashboard.QueryVariable]:
    """Build the variables that select exporters."""
    query = 'label_values(waexporter_build_info{job=~"$job"}, instance)'
    return [*of_jobs(), variable("instance", "Instance", query)]


def of_clients() -> list[dashboard.QueryVariable]:
    """Build the variables that select clients."""
    return [*of_jobs(), variable("target", "Client", _CLIENTS)]


def of_exporters_and_clients() -> list[dashboard.QueryVariable]:
    """Build the variables that select exporters and the clients that they poll."""
    return [*of_exporters(), variable("target", "Client", _CLIENTS)]


def of_one_client() -> list[dashboard.QueryVariable]:
    """Build the variables that select one client and its nodes; a single client's coreapp has no name."""
    names = '__name__=~"whatsapp_gateway_status|whatsapp_web_uptime_seconds"'
    query = f'label_values({{job=~"$job", {NAMED}, {names}}}, node)'
    one = _variable("target", "Client", _CLIENTS).multi(multi=False).include_all(include_all=False)
    return [*of_jobs(), one, variable("node", "Node", query, everything=".*")]


def _variable(name: str, label: str, query: str) -> dashboard.QueryVariable:
    built = dashboard.QueryVariable(name).label(label).datasource(DATASOURCE)
    built = built.query({"query": query, "refId": name, "qryType": 1})
    return built.refresh(model.VariableRefresh.ON_TIME_RANGE_CHANGED).sort(model.VariableSort.NATURAL_ASC)


class _Alerts(model.AnnotationQuery):
    """An annotation with a Prometheus query, which the published types can't express."""

    def __init__(self, expr: str, tags: str) -> None:
        super().__init__()
        self._asked = {
            "target": {"expr": expr, "refId": "Anno"},
            "titleFormat": "{{alertname}}",
            "tagKeys": tags,
        }

    def to_json(self) -> dict[str, object]:
        return super().to_json() | self._asked


class _AlertsBuilder(dashboard.AnnotationQuery):
    def __init__(self, expr: str, tags: str) -> None:
        super().__init__()
        self._internal = _Alerts(expr, tags)


def alerts(*matchers: str, by: Sequence[str] = ("target",)) -> list[dashboard.AnnotationQuery]:
    """Build the annotations that mark when alerts started to fire: critical ones, and optionally warnings.

    Alerts that differ only in labels other than `by` share one mark.
    """
    kinds = (("Critical alerts", "critical", "red"), ("Warnings", "warning", "orange"))
    return [
        _AlertsBuilder(_beginnings(severity, matchers, by), ",".join(("severity", *by)))
        .name(name)
        .datasource(DATASOURCE)
        .enable(enable=severity == "critical")
        .icon_color(colour)
        for name, severity, colour in kinds
    ]


def _beginnings(severity: str, matchers: Sequence[str], by: Sequence[str]) -> str:
    # All the time that an alert fires would tint the graphs until nobody can read them.
    chosen = ", ".join(('alertstate="firing"', equal("severity", severity), *matchers))
    labels = ", ".join(("alertname", "severity", *by))
    now, before = (f"max by ({labels}) (ALERTS{{{chosen}}}{offset})" for offset in ("", " offset 1m"))
    return f"{now} unless {before}"


class Cover(NamedTuple):
    """The title, uid, description and tags of a dashboard."""

    uid: str
    title: str
    description: str


def framed(
    cover: Cover,
    variables: Sequence[dashboard.QueryVariable],
    annotations: Sequence[dashboard.AnnotationQuery],
    rows: Sequence[Row],
) -> model.Dashboard:
    """Build a dashboard; it is read-only in Grafana, since its source is here."""
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
    for number, row in enumerate(rows):
        line = dashboard.Row(row.heading).id(_FIRST_ROW + number).collapsed(row.closed)
        if row.heading:
            board = board.with_row(_filled(line, row.panels) if row.closed else line)
        for panel in () if row.closed else row.panels:
            board = board.with_panel(panel)
    return _published(board.build())


def _filled(row: dashboard.Row, panels: Iterable[Panel]) -> dashboard.Row:
    for panel in panels:
        row = row.with_panel(panel)
    return row


def _close_up(panels: Iterable[model.Panel | model.RowPanel]) -> None:
    """Move up panels below closed rows, because the builder leaves room as if the rows were open."""
    saved = 0
    for panel in panels:
        inside = panel.panels if isinstance(panel, model.RowPanel) and panel.collapsed else ()
        places = [each.grid_pos for each in (panel, *inside) if each.grid_pos is not None]
        for place in places:
            place.y -= saved
        saved += max(place.y + place.h for place in places) - (places[0].y + places[0].h)


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
    _close_up(board.panels or ())
    return board
