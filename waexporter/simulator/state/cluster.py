"""The nodes of a client, and what they report under the active faults."""

from __future__ import annotations

from dataclasses import dataclass, replace
from hashlib import sha256
from math import floor, inf
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from waexporter.simulator.faults.faults import Fault
    from waexporter.simulator.faults.timeline import Span

COREAPP = "coreapp"
PRIMARY = "primary_master"
SECONDARY = "secondary_master"

_KNOWN_IDS = {"core1": "8f2c", "core2": "1d7a", "core3": "aa10", "master1": "77aa", "master2": "0b3e"}


@dataclass(frozen=True, slots=True)
class Node:
    """A coreapp or master."""

    key: str  # hostname:container-id
    role: str
    status: str = "disconnected"
    shards: tuple[int, ...] = ()
    reachable: bool = True
    active_since: float = -inf  # when it took its shards over, if it did

    @property
    def host(self) -> str:
        """The part before the last colon."""
        return self.key.rpartition(":")[0]


Nodes: TypeAlias = tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Moment:
    """A time, and the duration of a failover, in seconds."""

    now: float
    interval: float


def healthy_nodes(topology: str, shards: int, seed: int) -> Nodes:
    """Return the nodes of a healthy client: 1 coreapp if single, else 1 per shard, a spare, 2 masters."""
    if topology == "single":
        return (Node(_key("core1", seed), COREAPP, "connected", (0,)),)
    owners = (Node(_key(f"core{n + 1}", seed), COREAPP, "connected", (n,)) for n in range(shards))
    spare = Node(_key(f"core{shards + 1}", seed), COREAPP)
    primary = Node(_key("master1", seed), PRIMARY, "connected" if shards > 1 else "disconnected")
    return (*owners, spare, primary, Node(_key("master2", seed), SECONDARY))


def _key(host: str, seed: int) -> str:
    known = _KNOWN_IDS.get(host) or sha256(f"{seed}/{host}".encode()).hexdigest()[:4]
    return f"{host}:{known}"


def view(nodes: Nodes, faults: tuple[Fault, ...], moment: Moment) -> Nodes:
    """Return the nodes under these faults."""
    for name, effect in _EFFECTS.items():
        for fault in faults:
            if fault.name == name:
                nodes = effect(nodes, fault, moment)
    return nodes


def started(node: Node, nodes: Nodes, spans: tuple[Span, ...], moment: Moment) -> float:
    """Return when the node's process last started, -inf if nothing restarted it."""
    begun = (
        _RESTARTS[span.fault.name](span, moment)
        for span in spans
        if span.fault.name in _RESTARTS and node.key in affected_nodes(span.fault, nodes)
    )
    return max((at for at in begun if at <= moment.now), default=-inf)


def slowness(nodes: Nodes, faults: tuple[Fault, ...]) -> float:
    """Return the seconds that a response takes which asks all nodes in turn."""
    return sum(
        fault.duration * len(affected_nodes(fault, nodes)) for fault in faults if fault.name == "slow_node"
    )


# --- whom a fault means ------------------------------------------------------------------------


def _coreapps(nodes: Nodes) -> Nodes:
    return tuple(node for node in nodes if node.role == COREAPP)


def _first(nodes: Nodes) -> Nodes:
    return _coreapps(nodes)[:1]


def _last(nodes: Nodes) -> Nodes:
    return _coreapps(nodes)[-1:]


_CHOICES: Mapping[str, Callable[[Nodes], Nodes]] = {
    "dead_node": _last,
    "shard_uncovered": _first,
    "failover": _first,
    "connecting": _first,
    "slow_node": _first,
    "version_skew": _last,
}


def affected_nodes(fault: Fault, nodes: Nodes) -> frozenset[str]:
    """Return the keys of the nodes that a fault affects."""
    if fault.node is None:
        return frozenset(node.key for node in _CHOICES.get(fault.name, _coreapps)(nodes))
    return frozenset(node.key for node in nodes if fault.node in {node.key, node.host})


# --- what a fault does to the nodes ------------------------------------------------------------


def _no_primary(nodes: Nodes, _fault: Fault, _moment: Moment) -> Nodes:
    return tuple(
        replace(node, role=SECONDARY, status="disconnected") if node.role == PRIMARY else node
        for node in nodes
    )


def _dead(nodes: Nodes, fault: Fault, _moment: Moment) -> Nodes:
    dead = affected_nodes(fault, nodes)
    return tuple(replace(node, reachable=False) if node.key in dead else node for node in nodes)


def _dead_until_replaced(nodes: Nodes, fault: Fault, moment: Moment) -> Nodes:
    nodes = _dead(nodes, fault, moment)
    takeover = fault.since + moment.interval
    if moment.now < takeover:
        return nodes
    for lost in sorted(affected_nodes(fault, nodes)):
        nodes = _replace(nodes, lost, takeover)
    return nodes


def _replace(nodes: Nodes, lost: str, at: float) -> Nodes:
    """Move the role or the shards of a lost node to another, if there is one and a master to decide it."""
    gone = next(node for node in nodes if node.key == lost)
    heir = _heir(nodes, gone)
    if heir is None:
        return nodes
    left = {
        heir.key: replace(heir, role=gone.role, status=gone.status, shards=gone.shards, active_since=at),
        lost: replace(gone, role=heir.role, status="disconnected", shards=()),
    }
    return tuple(left.get(node.key, node) for node in nodes)


def _heir(nodes: Nodes, gone: Node) -> Node | None:
    if gone.role == PRIMARY:
        return next((node for node in nodes if node.role == SECONDARY and node.reachable), None)
    decided = any(node.role == PRIMARY and node.reachable for node in nodes)
    return _spare(nodes) if gone.shards and decided else None


def _spare(nodes: Nodes) -> Node | None:
    return next((node for node in _coreapps(nodes) if node.reachable and not node.shards), None)


def _failover(nodes: Nodes, fault: Fault, moment: Moment) -> Nodes:
    """Show no primary master for half of the interval, two for the other half, then the second alone."""
    elapsed = moment.now - fault.since
    if elapsed < moment.interval:
        role = SECONDARY if elapsed < moment.interval / 2 else PRIMARY
        return tuple(
            node if node.role == COREAPP else replace(node, role=role, status="disconnected")
            for node in _dead(nodes, fault, moment)
        )
    if len(nodes) == 1:
        return nodes
    at = fault.since + moment.interval
    primaries = (node.key for node in nodes if node.role == PRIMARY)
    for lost in (*sorted(affected_nodes(fault, nodes)), *primaries):
        nodes = _replace(nodes, lost, at)
    return nodes


def _duplicate(nodes: Nodes, _fault: Fault, _moment: Moment) -> Nodes:
    spare = _spare(nodes)
    return tuple(replace(node, status="connected") if node is spare else node for node in nodes)


def _two_primaries(nodes: Nodes, _fault: Fault, _moment: Moment) -> Nodes:
    return tuple(replace(node, role=PRIMARY) if node.role == SECONDARY else node for node in nodes)


def _master_disconnected(nodes: Nodes, _fault: Fault, _moment: Moment) -> Nodes:
    return tuple(replace(node, status="disconnected") if node.role == PRIMARY else node for node in nodes)


def _with_status(status: str) -> Callable[[Nodes, Fault, Moment], Nodes]:
    def effect(nodes: Nodes, fault: Fault, _moment: Moment) -> Nodes:
        named = affected_nodes(fault, nodes)
        masters = fault.node is None and status != "connecting"
        return tuple(
            replace(node, status=status) if node.key in named or (masters and node.role != COREAPP) else node
            for node in nodes
        )

    return effect


_EFFECTS: Mapping[str, Callable[[Nodes, Fault, Moment], Nodes]] = {
    "no_primary_master": _no_primary,
    "dead_node": _dead_until_replaced,
    "shard_uncovered": _dead,
    "failover": _failover,
    "duplicate_client": _duplicate,
    "two_primary_masters": _two_primaries,
    "master_disconnected": _master_disconnected,
    "connecting": _with_status("connecting"),
    "gateway_down": _with_status("disconnected"),
    "unregistered": _with_status("unregistered"),
    "uninitialized": _with_status("uninitialized"),
    "odd_status": _with_status("hibernating"),
}


# --- when a fault restarts a node --------------------------------------------------------------


def _at_the_end(span: Span, _moment: Moment) -> float:
    return span.end


def _after_the_interval(span: Span, moment: Moment) -> float:
    return min(span.end, span.fault.since + moment.interval)


def _again_and_again(span: Span, moment: Moment) -> float:
    duration = max(span.fault.duration, 0.001)
    held = min(moment.now, span.end) - span.fault.since
    return span.fault.since + floor(held / duration) * duration


_RESTARTS: Mapping[str, Callable[[Span, Moment], float]] = {
    "dead_node": _at_the_end,
    "shard_uncovered": _at_the_end,
    "failover": _after_the_interval,
    "counter_reset": _again_and_again,
}
