"""Routing: the coreapp that handles a recipient, and whether it can send."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from waexporter.simulator.endpoints.unreachable import dead_core
from waexporter.simulator.envelope import refusal
from waexporter.simulator.faults.faults import find
from waexporter.simulator.state.cluster import COREAPP

if TYPE_CHECKING:
    from waexporter.simulator.endpoints.calls import Call
    from waexporter.simulator.state.cluster import Node, Nodes
    from waexporter.simulator.state.world import World

_UNREADY = frozenset({"unregistered", "uninitialized"})


def shard_of(world: World, to: str) -> int:
    """Return the shard of a recipient."""
    return int.from_bytes(sha256(to.encode()).digest()[:4], "big") % world.shards


def owner_among(nodes: Nodes, shard: int) -> Node | None:
    """Return the reachable coreapp that owns a shard."""
    return next(
        (node for node in nodes if node.role == COREAPP and node.reachable and shard in node.shards), None
    )


def find_owner(world: World, call: Call, to: str) -> Node:
    """Return the coreapp that sends to a recipient; refuses if it can't."""
    shard = shard_of(world, to)
    owner = owner_among(world.seen(call.path, call.now), shard)
    if owner is None and world.single:
        raise dead_core(world.nodes[0])
    if owner is None:
        raise refusal(500, 1018, f"No coreapp owns shard {shard}. Please retry")
    if owner.status in _UNREADY:
        raise refusal(500, 1011, f"Client is {owner.status}")
    return owner


def refuse_expired_build(world: World, call: Call) -> None:
    """Refuse what needs WhatsApp's servers if the build has expired."""
    if find(world.timeline.active(call.now, call.path), "build_expired"):
        raise refusal(403, 1005, "App Expired")
