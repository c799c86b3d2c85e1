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
# Keys that may be next to nodes, but are not nodes.
_NO_NODE_KEYS = frozenset(
    {"gateway_status", "errors", "role", "meta", "version", "api_status", "status", "count"}
)


def read_health(body: bytes) -> Parsed[Health]:
    """Read GET /v1/health: flat for a single client, by node for a cluster."""
    document = read_document(body, "health")
    health = as_map(document["health"]) or {}
    losses = Losses()
    clustered = _is_cluster(health)
    if clustered:
        names = NodeNamePattern(name for name, value in health.items() if _looks_like_node(value))
        nodes = {name: value for name, value in health.items() if _is_node(name, value, names, losses)}
        shown = display_names(sorted(nodes))
        gateways = tuple(_gateway(each, nodes[name], losses) for name, each in shown.items())
    elif health.get("gateway_status") is not None or list_faults(health.get("errors")):
        gateways = (_gateway("", health, losses),)
    else:
        raise BodyError("the answer names neither a gateway_status nor a node")
    meta = as_map(document.get("meta")) or {}
    return losses.attach_to(
        Health(gateways, clustered, text_of(meta.get("version")), text_of(meta.get("api_status")))
    )


def _is_cluster(health: Mapping[str, Any]) -> bool:
    """Return whether most values look like nodes, and not like the fields of a single client."""
    nodes = sum(map(_looks_like_node, health.values()))
    return nodes > int(isinstance(health.get("gateway_status"), str))


def _looks_like_node(value: object) -> bool:
    if not isinstance(value, dict):
        return False
    return "gateway_status" in value or bool(list_faults(value.get("errors"))) or _role(value) in _ROLES


def _is_node(name: str, value: object, names: NodeNamePattern, losses: Losses) -> bool:
    """Return whether an entry is a node, readable or not; record it as a loss if it is not."""
    if _looks_like_node(value) or (names.matches(name) and name not in _NO_NODE_KEYS):
        return True
    losses.add(Drop.MALFORMED, printable(name), f"{json_type(value)} beside the nodes")
    return False


def _gateway(node: str, value: object, losses: Losses) -> Gateway:
    fields = as_map(value)
    if fields is None:
        losses.add(Drop.MALFORMED, node, f"{json_type(value)} in the place of a node")
        return Gateway(node, "", Status.OTHER, f"{json_type(value)} in the place of a node")
    faults = list_faults(fields.get("errors"))
    status, role = fields.get("gateway_status"), _role(fields)
    if faults and not isinstance(status, str):
        # With any other error the node may be dead, or only too busy to answer.
        is_dead = any(fault.code == _UNREACHABLE for fault in faults)
        return Gateway(node, role, Status.UNREACHABLE if is_dead else Status.OTHER, join_faults(faults))
    if node and not isinstance(fields.get("role"), str):
        losses.add(Drop.MALFORMED, f"{node}.role", _not_a_text(fields.get("role")))
    if not isinstance(status, str):
        losses.add(Drop.MALFORMED, f"{node}.gateway_status".lstrip("."), _not_a_text(status))
        return Gateway(node, role, Status.OTHER, "no gateway_status given")
    if faults:
        losses.add(Drop.MALFORMED, f"{node}.errors".lstrip("."), f"beside a status: {join_faults(faults)}")
    known = _STATUSES.get(status.strip().lower())
    if known is None:
        return Gateway(node, role, Status.OTHER, text_of(status) or "no gateway_status given")
    return Gateway(node, role, known)


def _role(fields: Mapping[str, Any]) -> str:
    role = text_of(fields.get("role"))
    return role.strip().lower() if role.strip().lower() in _ROLES else role


def _not_a_text(value: object) -> str:
    return f"{json_type(value)} instead of a text"
