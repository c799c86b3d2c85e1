"""The nodes of an On-Premises client as a table for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from waexporter.model import OnPremisesDetails, Status, Support, SupportNode
from waexporter.polling.tables import NodeRow, NodeTable
from waexporter.timefmt import format_day

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping

    from waexporter.model import Document, Gateway, Verdict

_FROM_HEALTH = ("node", "role", "status")
_FROM_SUPPORT = ("version", "shards", "database", "free space", "build works until")
_GIB = 1024**3


def list_nodes(verdict: Verdict, documents: Iterable[Document]) -> NodeTable:
    """Return every node that health or support name; what only support knows is left out without it."""
    gateways = {each.node: each for each in OnPremisesDetails.of(verdict).gateways}
    support = next((each for each in documents if isinstance(each, Support)), None)
    nodes = {each.node: each for each in support.nodes} if support else {}
    if support is not None and not support.clustered and len(gateways) == len(nodes) == 1:
        nodes = dict(
            zip(gateways, nodes.values(), strict=True)
        )  # the only node may have a name in one of them
    columns = _FROM_HEALTH + (_FROM_SUPPORT if nodes else ())
    troubled = {problem.node for problem in verdict.problems}
    rows = (
        NodeRow(_cells(name, gateways, nodes), _is_well(gateways.get(name), troubled))
        for name in sorted(gateways.keys() | nodes.keys())
    )
    return NodeTable(columns, tuple(rows))


def _cells(
    name: str, gateways: Mapping[str, Gateway], nodes: Mapping[str, SupportNode]
) -> tuple[str | None, ...]:
    gateway, node = gateways.get(name), nodes.get(name)
    role = (gateway.role if gateway else "") or (node.role if node else "")
    cells: tuple[str | None, ...] = (
        name or "the only one",
        role or None,
        _status(gateway) if gateway else None,
    )
    if nodes:
        cells += _support_cells(node) if node else (None,) * len(_FROM_SUPPORT)
    return cells


def _status(gateway: Gateway) -> str:
    return f"{gateway.status}: {gateway.detail}" if gateway.detail else gateway.status.value


def _is_well(gateway: Gateway | None, troubled: Container[str]) -> bool | None:
    """Return whether a node works; None: not known, or it need not be connected, such as a spare."""
    if gateway is None:
        return None
    if gateway.status is Status.UNREACHABLE or (gateway.node and gateway.node in troubled):
        return False
    return True if gateway.status is Status.CONNECTED else None


def _support_cells(node: SupportNode) -> tuple[str | None, ...]:
    return (
        node.version or None,
        _shards(node),
        node.db_engine or None,
        ", ".join(f"{volume} {size / _GIB:.1f} GiB" for volume, size in node.free_bytes) or None,
        format_day(node.expires) if node.expires is not None else None,
    )


def _shards(node: SupportNode) -> str | None:
    if node.shards is None:
        return None
    listed = ", ".join(map(str, node.shards))
    if node.are_shards_all:
        return listed or "none"
    return f"{listed} and others that can't be read" if listed else "some that can't be read"
