"""Messages in the outbox: sent when the gateway is connected, failed after a day."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from waexporter.simulator.endpoints.routing import owner_among, shard_of
from waexporter.simulator.state.callbacks import Callback

if TYPE_CHECKING:
    from collections.abc import Iterator

    from waexporter.simulator.envelope import Json
    from waexporter.simulator.state.cluster import Node
    from waexporter.simulator.state.world import World

_PATH = "/v1/messages"
_DAY = 86_400.0
_EXPIRED = {"code": 408, "title": "Message is not valid", "details": "Message expired"}
_STATUSES = ("sent", "delivered", "read")


def flush(world: World, now: float) -> None:
    """Send what can be sent; the rest waits for the next request."""
    if not world.outbox:
        return
    nodes = world.seen(_PATH, now)
    waiting: deque[Json] = deque()
    while world.outbox:
        message = world.outbox.popleft()
        owner = owner_among(nodes, shard_of(world, message["to"]))
        if owner is not None and owner.status == "connected":
            _report(world, owner, now, _statuses(world, message, now))
        else:
            waiting.append(message)
    world.outbox.extend(waiting)


def pending(world: World, node: Node) -> int:
    """Return the number of messages that this coreapp still has to send."""
    return sum(shard_of(world, message["to"]) in node.shards for message in world.outbox)


def _statuses(world: World, message: Json, now: float) -> Iterator[Json]:
    if now - message["at"] > _DAY:
        yield _status(message, "failed", now, errors=[_EXPIRED])
        return
    for status in _STATUSES[0 if world.settings.get("sent_status") is True else 1 :]:
        yield _status(message, status, now)


def _status(message: Json, status: str, now: float, **more: object) -> Json:
    return {
        "id": message["id"],
        "recipient_id": message["to"],
        "status": status,
        "timestamp": str(int(now)),
        "type": "message",
        **more,
    }


def _report(world: World, owner: Node, now: float, statuses: Iterator[Json]) -> None:
    """Queue callbacks if a webhook is configured."""
    if world.webhook() is None:
        return
    begun = world.meter(owner, _PATH, now).begun
    world.callbacks.put(
        Callback(owner.key, begun, "status_change", {"statuses": [status]}) for status in statuses
    )
