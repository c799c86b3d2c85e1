"""What is chosen when a dashboard opens, and where its links and marks lead."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.grafana.boards import Sight, expr_of, links, variables
from tests.grafana.fields import columns
from tests.grafana.labels import certain

if TYPE_CHECKING:
    from tests.grafana.boards import Board

ONE_CLIENT = {"waexporter-client"}
LABEL = re.compile(r"\{\{ *(\w+) *\}\}")
_SIGHT = Sight(end=0)
# A name in an address: of a column, of a label, of what was chosen. Grafana writes those of its own itself.
_NAME = re.compile(
    r"\$\{(__data\.fields[.\[][^}:]+|__field\.labels\.\w+|__series\.name|__value\.(?:raw|text)|[a-z]\w*)\}"
)
_RUNBOOKS = "${runbooks}"  # an address itself; what follows it are our own names


def of_one_client(board: Board) -> bool:
    """Return whether a dashboard is about a single client."""
    return board["uid"] in ONE_CLIENT


def several_clients_at_once(board: Board) -> list[str]:
    """Find a choice of several clients where the dashboard is about one."""
    return [
        f"variable {variable['name']}: can be {fault}"
        for variable in variables(board)
        if of_one_client(board) and variable["name"] == "target"
        for fault, found in (
            ("several", variable.get("multi")),
            ("all", variable.get("includeAll")),
            ("all at first", variable.get("current", {}).get("value") == "$__all"),
        )
        if found
    ]


def names_not_encoded_in_links(board: Board) -> list[str]:
    """Find names that stand in an address as they are: for the next page they end at the first `&`."""
    return [
        f"{place}: the link needs ${{{name}:percentencode}}"
        for place, link in links(board)
        for url in [link.get("url") or ""]
        for name in _NAME.findall(url)
        if not url.startswith(_RUNBOOKS)
    ]


def clients_without_a_link(board: Board) -> list[str]:
    """Find tables of clients from which nobody gets to the client."""
    return [
        f"{place}: does not lead to the client's dashboard"
        for place, _, field in columns(board)
        if field.source == "target" and not field.settings.get("links") and not of_one_client(board)
    ]


def annotations_with_a_query_outside_target(board: Board) -> list[str]:
    """Find annotations whose query is not where Prometheus' data source has kept it since Grafana 9."""
    return [
        f"annotation {mark['name']}: its query belongs into `target`"
        for mark in board["annotations"]["list"]
        if "expr" in mark
    ]


def annotations_that_last(board: Board) -> list[str]:
    """Find annotations that tint a graph for as long as an alert fires, instead of marking its beginning."""
    return [
        f"annotation {mark['name']}: give `(…) unless (… offset 1m)`"
        for mark in board["annotations"]["list"]
        if not re.search(r"\bunless\b.*\boffset\b", expr_of(mark))
    ]


def warnings_shown_at_first(board: Board) -> list[str]:
    """Find annotations that are shown unasked and are not about critical alerts."""
    return [
        f"annotation {mark['name']}: is on at first"
        for mark in board["annotations"]["list"]
        if mark["enable"] and 'severity="critical"' not in expr_of(mark)
    ]


def annotations_with_a_missing_label(board: Board) -> list[str]:
    """Find texts of annotations with a label that a series may lack: Grafana shows the label's name."""
    return [
        f"annotation {mark['name']}: {label!r} may be missing in its {part}"
        for mark in board["annotations"]["list"]
        for there in [certain(_SIGHT.resolve(expr_of(mark), board)) | {"alertname"}]
        for part in ("titleFormat", "textFormat")
        for label in LABEL.findall(mark.get(part) or "")
        if label not in there
    ]


RULES = (
    several_clients_at_once,
    names_not_encoded_in_links,
    clients_without_a_link,
    annotations_with_a_query_outside_target,
    annotations_that_last,
    warnings_shown_at_first,
    annotations_with_a_missing_label,
)
