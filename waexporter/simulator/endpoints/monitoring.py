"""What monitoring reads: health, statistics, metrics."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from waexporter.simulator.endpoints import outbox
from waexporter.simulator.endpoints.calls import Access, Call, Row
from waexporter.simulator.endpoints.unreachable import node_errors, only_node
from waexporter.simulator.envelope import Answer, Json, RefusalError, success
from waexporter.simulator.faults.faults import find
from waexporter.simulator.parameters import chosen
from waexporter.simulator.state import cluster, real_events
from waexporter.simulator.statistics import coreapp, later_version, prometheus, webapp

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from waexporter.simulator.state.cluster import Node
    from waexporter.simulator.state.world import World

# Families by node; the only node of a single client has no name.
_Nodes: TypeAlias = "Mapping[str, Json]"

_FORMATS = ("json", "prometheus")


def _health(world: World, call: Call) -> Answer:
    if world.single:
        return success({"health": {"gateway_status": only_node(world, call).status}})
    return success({"health": {node.key: _node_health(node) for node in world.seen(call.path, call.now)}})


def _node_health(node: Node) -> Json:
    if not node.reachable:
        return node_errors(node)
    return {"gateway_status": node.status, "role": node.role}


def _app(world: World, call: Call) -> Answer:
    return _written(call, lambda: _stats(world, call, _node_app), lambda stats: {"stats": {"app": stats}})


def _db(world: World, call: Call) -> Answer:
    return _written(call, lambda: _stats(world, call, _node_db), lambda stats: {"stats": {"db": stats}})


def _metrics(world: World, call: Call) -> Answer:
    return _written(call, lambda: {"": _webapp(world, call)}, lambda families: {"metrics": families})


def _written(call: Call, read: Callable[[], _Nodes], wrap: Callable[[Json], Json]) -> Answer:
    """Return the answer in the requested format."""
    if chosen(dict(call.query), "format", _FORMATS, "json") == "prometheus":
        try:
            return prometheus.write(read())
        except RefusalError:
            return prometheus.NOTHING
    nodes = read()
    return success(wrap(nodes[""] if "" in nodes else dict(nodes)))


def _stats(world: World, call: Call, read: Callable[[World, Call, Node], Json]) -> _Nodes:
    """Return the statistics of the only node, or a map of those of all reachable nodes."""
    if world.single:
        return {"": read(world, call, only_node(world, call))}
    nodes = (node for node in world.seen(call.path, call.now) if node.reachable)
    return {node.key: read(world, call, node) for node in nodes}


def _node_app(world: World, call: Call, node: Node) -> Json:
    meter = world.meter(node, call.path, call.now)
    if node.role == cluster.PRIMARY:
        return meter.read(coreapp.MASTER)
    if not node.shards or _is_silent(world, call, node):
        return {}
    families = meter.read(coreapp.APP)
    real_events.add_callbacks(families, world.callbacks.counts(node.key, meter.begun))
    real_events.add_pending(families, world.callbacks.pending(node.key))
    real_events.add_messages(families, outbox.pending(world, node))
    return {**families, **_later_families(world, call)}


def _node_db(world: World, call: Call, node: Node) -> Json:
    if not world.single and node.role != cluster.PRIMARY:
        return {}
    families = world.meter(node, call.path, call.now).read(coreapp.DB)
    real_events.add_pending(families, world.callbacks.total())
    return {**families, **_later_families(world, call)}


def _webapp(world: World, call: Call) -> Json:
    meter = world.web_meter(call.webapp, call.path, call.now)
    return {**webapp.read(meter, world.outages(call.now)), **_later_families(world, call)}


def _is_silent(world: World, call: Call, node: Node) -> bool:
    lost = find(world.timeline.active(call.now, call.path), "stats_lost")
    return lost is not None and node.key in cluster.affected_nodes(lost, world.nodes)


def _later_families(world: World, call: Call) -> Mapping[str, Json]:
    return later_version.FAMILIES if find(world.timeline.active(call.now, call.path), "drift") else {}


ROWS = (
    Row("GET", "/v1/health", Access.HEALTH, _health, limit="health", asks_nodes=True),
    Row("GET", "/v1/stats/app", Access.KEY, _app, asks_nodes=True),
    Row("GET", "/v1/stats/db", Access.KEY, _db, asks_nodes=True),
    Row("GET", "/v1/metrics", Access.KEY, _metrics),
)
