"""Support information: versions, disk space, connections, expiry of the build."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from waexporter.simulator.endpoints.calls import Access, Call, Row
from waexporter.simulator.endpoints.unreachable import node_errors, only_node
from waexporter.simulator.envelope import VERSION, Answer, Json, success
from waexporter.simulator.faults.faults import find
from waexporter.simulator.state import cluster

if TYPE_CHECKING:
    from waexporter.simulator.faults.faults import Fault
    from waexporter.simulator.state.cluster import Node
    from waexporter.simulator.state.world import World

_DAY = 86_400.0
_BUILD_LEFT = 120 * _DAY
_LAST_SECOND = 253_402_300_799.0  # of the year 9999
_UNLIMITED = 9_223_372_036_853_727_000
_FREE_BYTES = 14_269_902_848
_FEW_BYTES = 52_428_800
_OLDER_VERSION = "2.43.2"
_SOCKETS = {"connected": "UP", "connecting": "SC"}


def _support(world: World, call: Call) -> Answer:
    faults = world.timeline.active(call.now, call.path)
    if world.single:
        document = _node_support(world, call, only_node(world, call))
    else:
        nodes = world.seen(call.path, call.now)
        document = {node.key: _cluster_support(world, call, node) for node in nodes}
    in_words = find(faults, "support_flat_numbers_as_text") is not None
    return success({"support": _numbers_as_text(document) if in_words else document})


def _cluster_support(world: World, call: Call, node: Node) -> Json:
    if not node.reachable:
        return node_errors(node)
    owned = [[-1, -1]] if node.role == cluster.PRIMARY else [[shard, shard] for shard in node.shards]
    return {**_node_support(world, call, node), "role": node.role, "shards": owned}


def _node_support(world: World, call: Call, node: Node) -> Json:
    faults = world.timeline.active(call.now, call.path)
    version = _version(world, node, faults)
    return {
        "context": "healthcheck",
        "db_engine": "MYSQL",
        "db_info": ["MySQL 8.0"],
        "debug_info": "16315551019",
        "description": f"v{version}",
        "device_iso8601": _zoneless(call.now),
        "e2e": {"identity_timestamp": 1_520_000_000, "registration_id": "1a2b3c"},
        "env": ["ORCHESTRATION=DOCKER-COMPOSE"],
        "expire_timestamp": _zoneless(_build_end(world, faults)),
        "free_space_data": _FEW_BYTES if find(faults, "disk_low") else _FREE_BYTES,
        "free_space_logs": _FREE_BYTES,
        "free_space_media_incoming": _UNLIMITED,
        "free_space_media_outgoing": _UNLIMITED,
        "lc": "US",
        "lg": "en",
        "multi_connect": world.shards > 1,
        "os_name": "ubuntu-x86_64",
        "os_version": "16.04",
        "schema": {
            "axolotl": 1,
            "callback": 2,
            "cluster": 3,
            "config": 4,
            "contact": 5,
            "jobqueue": 6,
            "message": 7,
        },
        "socket_conn": _SOCKETS.get(node.status, "DN"),
        "version": version,
    }


def _version(world: World, node: Node, faults: tuple[Fault, ...]) -> str:
    skew = find(faults, "version_skew")
    older = skew is not None and node.key in cluster.affected_nodes(skew, world.nodes)
    return _OLDER_VERSION if older else VERSION


def _build_end(world: World, faults: tuple[Fault, ...]) -> float:
    expired, expiring = find(faults, "build_expired"), find(faults, "build_expiring")
    if expired is not None:
        return expired.since - expired.duration
    return world.begun + _BUILD_LEFT if expiring is None else expiring.since + expiring.duration


def _zoneless(at: float) -> str:
    """Format a time in UTC without a zone, as the real client does."""
    moment = datetime.fromtimestamp(int(min(max(at, 0.0), _LAST_SECOND)), UTC)
    return moment.replace(tzinfo=None).isoformat()


def _numbers_as_text(value: Json) -> Json:
    return {key: _as_text(each) for key, each in value.items()}


def _as_text(value: object) -> object:
    if isinstance(value, dict):
        return _numbers_as_text(value)
    if isinstance(value, list):
        return [_as_text(each) for each in value]
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


ROWS = (Row("GET", "/v1/support", Access.USER, _support, asks_nodes=True),)
