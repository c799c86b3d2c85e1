"""What is said of a coreapp that can't be reached."""

from __future__ import annotations

from typing import TYPE_CHECKING

from waexporter.simulator.envelope import Json, RefusalError, error, refusal
from waexporter.simulator.statistics import webstats

if TYPE_CHECKING:
    from waexporter.simulator.endpoints.calls import Call
    from waexporter.simulator.state.cluster import Node
    from waexporter.simulator.state.world import World


def node_errors(node: Node) -> Json:
    """Give what is said in the place of a node that can't be reached."""
    return {"errors": [error(1014, _refused_connection(node))]}


def _refused_connection(node: Node) -> str:
    return f"Connection refused. Please check if wacore is running: {node.host}:{webstats.CORE_PORT}"


def dead_core(node: Node) -> RefusalError:
    """Refuse because the coreapp can't be reached."""
    return refusal(500, 1014, _refused_connection(node))


def only_node(world: World, call: Call) -> Node:
    """Give the coreapp of a single client."""
    node = world.seen(call.path, call.now)[0]
    if not node.reachable:
        raise dead_core(node)
    return node
