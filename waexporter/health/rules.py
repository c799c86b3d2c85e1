"""What is healthy in each topology: a table of the API's documentation, as one function per row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from waexporter.model import Gateway, Health, Problem, Status, Topology

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping


def list_connected(health: Health) -> list[Gateway]:
    """List the nodes that carry messages: in a cluster, only coreapps do."""
    return [
        gateway
        for gateway in health.gateways
        if gateway.status is Status.CONNECTED and (gateway.role == "coreapp" or not health.clustered)
    ]


_OUTAGES: Mapping[Status, tuple[str, str]] = {
    Status.UNINITIALIZED: ("uninitialized", "is uninitialized: upgrading, or creating its database schema"),
    Status.UNREGISTERED: ("unregistered", "is not registered: no messages until it is"),
}


_ABLE = frozenset(
    {Status.CONNECTED, Status.CONNECTING, Status.DISCONNECTED}
)  # to serve, now or in a failover


def _single(health: Health, _expected: int | None) -> Iterator[Problem]:
    gateway = health.gateways[0]
    if gateway.status in {Status.CONNECTED, Status.CONNECTING}:
        return
    if gateway.status in _OUTAGES:
        slug, words = _OUTAGES[gateway.status]
        yield Problem(slug, f"the client {words}")
        return
    said = f" ({gateway.detail})" if gateway.detail else ""
    yield Problem(
        "no_coreapp_connected", f"the coreapp is {gateway.status}{said}: no messages leave or arrive"
    )


def _ha(health: Health, expected: int | None) -> Iterator[Problem]:
    yield from _cluster(health, expected)
    able = [gateway for gateway in _role(health, "coreapp") if gateway.status in _ABLE]
    if len(able) < 2:  # noqa: PLR2004 - one that serves, and one that takes over
        yield Problem("no_spare_coreapp", "no spare coreapp is reachable: the next failure is an outage")
    if not _role(health, "secondary_master"):
        yield Problem("no_secondary_master", "no secondary master: the primary one has no replacement")


def _multiconnect(health: Health, expected: int | None) -> Iterator[Problem]:
    yield from _cluster(health, expected)
    masters = _role(health, "primary_master")
    if masters and not any(master.status is Status.CONNECTED for master in masters):
        words = f"the primary master {_names(masters)} is {masters[0].status}, and should be connected"
        yield Problem("primary_master_disconnected", words)


def _cluster(health: Health, expected: int | None) -> Iterator[Problem]:
    """Yield the problems that HA and multiconnect share."""
    connected = list_connected(health)
    if not connected:
        yield Problem("no_coreapp_connected", "no coreapp is connected: no messages leave or arrive")
    if expected is not None and len(connected) > expected:
        words = (
            f"{len(connected)} coreapps are connected where {expected} should be ({_names(connected)}): "
            "two clients for one number risk a ban"
        )
        yield Problem("duplicate_client", words)
    masters = _role(health, "primary_master")
    if not masters:
        yield Problem(
            "no_primary_master", "no primary master: no failover, no settings, no database statistics"
        )
    if len(masters) > 1:
        yield Problem("two_primary_masters", f"more than one primary master: {_names(masters)}")
    for gateway in health.gateways:
        if gateway.status is Status.UNREACHABLE:
            yield Problem(
                "node_unreachable", f"{gateway.node} is unreachable: {gateway.detail}", gateway.node
            )
        elif gateway.status in _OUTAGES:
            slug, words = _OUTAGES[gateway.status]
            yield Problem(slug, f"{gateway.node} {words}", gateway.node)


def _role(health: Health, role: str) -> list[Gateway]:
    return [gateway for gateway in health.gateways if gateway.role == role]


def _names(gateways: Iterable[Gateway]) -> str:
    return ", ".join(gateway.node for gateway in gateways)


def list_connecting(health: Health) -> Iterator[Problem]:
    """Yield the nodes that are connecting: good, unless it lasts."""
    for gateway in health.gateways:
        if gateway.status is Status.CONNECTING:
            yield Problem("connecting", f"{gateway.node or 'the client'} is connecting", gateway.node)


RULES: Mapping[Topology, Callable[[Health, int | None], Iterator[Problem]]] = {
    Topology.SINGLE: _single,
    Topology.HA: _ha,
    Topology.MULTICONNECT: _multiconnect,
}
