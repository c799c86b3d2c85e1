"""Errors about a coreapp that is not reachable."""

from __future__ import annotations

from typing import TYPE_CHECKING

from waexporter.simulator.envelope import Json, RefusalError, error, refusal
from waexporter.simulator.statistics import webapp

if TYPE_CHECKING:
    from waexporter.simulator.endpoints.calls import Call
    from waexporter.simulator.state.cluster import Node
    from waexporter.simulator.state.world import World


def node_errors(node: Node) -> Json:
    """Return the errors that stand in place of an unreachable node."""
    return {"errors": [error(1014, _refused_connection(node))]}


def _refused_connection(node: Node) -> str:
    return f"Connection refused. Please check if wacore is running: {node.host}:{webapp.CORE_PORT}"


def dead_core(node: Node) -> RefusalError:
    """Return the refusal for an unreachable coreapp."""
    return refusal(500, 1014, _refused_connection(node))


def only_node(world: World, call: Call) -> Node:
    """Return the only coreapp of a single client."""
    node = world.seen(call.path, call.now)[0]
    if not node.reachable:
        raise dead_core(node)
    return node
