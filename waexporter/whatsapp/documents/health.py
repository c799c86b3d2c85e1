"""GET /v1/health: the state of each node's gateway."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from waexporter.errors import BodyError
from waexporter.model import Drop, Gateway, Health, Status
from waexporter.transport.lenient_json import Losses, Parsed, as_map, json_type, printable
from waexporter.whatsapp.documents.envelope import join_faults, list_faults, read_document, text_of
from waexporter.whatsapp.documents.nodes import NodeNamePattern, display_names

if TYPE_CHECKING:
    from collections.abc import Mapping

_STATUSES = {status.value: status for status in Status if status not in {Status.UNREACHABLE, Status.OTHER}}
_ROLES = frozenset({"primary_master", "secondary_master", "coreapp"})
_UNREACHABLE = 1014
# What may stand beside nodes and is none.
_NO_NODES = frozenset(
    {"gateway_status", "errors", "role", "meta", "version", "api_status", "status", "count"}
)


def read_health(body: bytes) -> Parsed[Health]:
    """Read GET /v1/health, flat for a single client and per node for a cluster."""
    document = read_document(body, "health")
    said = as_map(document["health"]) or {}
    losses = Losses()
    clustered = _is_cluster(said)
    if clustered:
        names = NodeNamePattern(name for name, value in said.items() if _looks_like_node(value))
        nodes = {name: value for name, value in said.items() if _is_node(name, value, names, losses)}
        shown = display_names(sorted(nodes))
        gateways = tuple(_gateway(each, nodes[name], losses) for name, each in shown.items())
    elif said.get("gateway_status") is not None or list_faults(said.get("errors")):
        gateways = (_gateway("", said, losses),)
    else:
        raise BodyError("the answer names neither a gateway_status nor a node")
    meta = as_map(document.get("meta")) or {}
    return losses.attach_to(
        Health(gateways, clustered, text_of(meta.get("version")), text_of(meta.get("api_status")))
    )


def _is_cluster(said: Mapping[str, Any]) -> bool:
    """Tell a map of nodes from the words of one client by what most of it looks like."""
    nodes = sum(map(_looks_like_node, said.values()))
    return nodes > int(isinstance(said.get("gateway_status"), str))


def _looks_like_node(value: object) -> bool:
    if not isinstance(value, dict):
        return False
    return "gateway_status" in value or bool(list_faults(value.get("errors"))) or _role(value) in _ROLES


def _is_node(name: str, value: object, names: NodeNamePattern, losses: Losses) -> bool:
    """Tell a node, be it one that can't be read, from what else stands beside nodes."""
    if _looks_like_node(value) or (names.matches(name) and name not in _NO_NODES):
        return True
    losses.add(Drop.MALFORMED, printable(name), f"{json_type(value)} beside the nodes")
    return False


def _gateway(node: str, value: object, losses: Losses) -> Gateway:
    said = as_map(value)
    if said is None:
        losses.add(Drop.MALFORMED, node, f"{json_type(value)} in the place of a node")
        return Gateway(node, "", Status.OTHER, f"{json_type(value)} in the place of a node")
    faults = list_faults(said.get("errors"))
    status, role = said.get("gateway_status"), _role(said)
    if faults and not isinstance(status, str):
        # Of other errors nobody knows whether the node is dead, or too busy to answer.
        is_dead = any(fault.code == _UNREACHABLE for fault in faults)
        return Gateway(node, role, Status.UNREACHABLE if is_dead else Status.OTHER, join_faults(faults))
    if node and not isinstance(said.get("role"), str):
        losses.add(Drop.MALFORMED, f"{node}.role", _instead(said.get("role")))
    if not isinstance(status, str):
        losses.add(Drop.MALFORMED, f"{node}.gateway_status".lstrip("."), _instead(status))
        return Gateway(node, role, Status.OTHER, "no gateway_status given")
    if faults:
        losses.add(Drop.MALFORMED, f"{node}.errors".lstrip("."), f"beside a status: {join_faults(faults)}")
    known = _STATUSES.get(status.strip().lower())
    if known is None:
        return Gateway(node, role, Status.OTHER, text_of(status) or "no gateway_status given")
    return Gateway(node, role, known)


def _role(said: Mapping[str, Any]) -> str:
    role = text_of(said.get("role"))
    return role.strip().lower() if role.strip().lower() in _ROLES else role


def _instead(said: object) -> str:
    return f"{json_type(said)} instead of a text"
