"""The problems of a health answer in each topology, as in a table of the API's documentation.

A node may have a status of a later version, or one that can't be read. Such a node counts neither as healthy
nor as broken: the rules find only problems that exist whatever its status means.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from waexporter.model import Gateway, Health, OnPremisesDetails, Problem, Status, Topology

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from waexporter.model import Verdict

_COREAPP, _PRIMARY, _SECONDARY = "coreapp", "primary_master", "secondary_master"
CONNECTING_TOO_LONG = 120.0  # seconds; a failover is over within twice the usual 30 s unhealthy_interval
MASTERS = frozenset({_PRIMARY, _SECONDARY})
_ROLES = frozenset({_COREAPP, *MASTERS})
_OUTAGES: Mapping[Status, tuple[str, str]] = {
    Status.UNINITIALIZED: ("uninitialized", "is uninitialized: upgrading, or creating its database schema"),
    Status.UNREGISTERED: ("unregistered", "is not registered: no messages until it is"),
}
_ABLE = frozenset(
    {Status.CONNECTED, Status.CONNECTING, Status.DISCONNECTED}
)  # to serve, now or in a failover


def list_connected(gateways: Iterable[Gateway]) -> list[Gateway]:
    """Return the nodes that carry messages: in a cluster only coreapps; a single client has no name."""
    return [
        gateway
        for gateway in gateways
        if gateway.status is Status.CONNECTED and (gateway.role == _COREAPP or not gateway.node)
    ]


def list_reachable_coreapps(verdict: Verdict) -> frozenset[str]:
    """Return the names of the coreapps that /v1/health reaches."""
    return frozenset(
        gateway.node
        for gateway in OnPremisesDetails.of(verdict).gateways
        if gateway.role == _COREAPP and gateway.status is not Status.UNREACHABLE
    )


def list_unclear(health: Health) -> list[Gateway]:
    """Return the nodes that may carry messages, but whose status or role is not known."""
    if not health.clustered:
        return [gateway for gateway in health.gateways if gateway.status is Status.OTHER]
    return [
        gateway
        for gateway in health.gateways
        if _may_be(_COREAPP, gateway)
        and (
            gateway.status is Status.OTHER
            or (gateway.status is Status.CONNECTED and gateway.role != _COREAPP)
        )
    ]


def may_be_multiconnect(health: Health) -> bool:
    """Return whether the primary master may be connected, which means multiconnect."""
    return any(
        gateway.status in {Status.CONNECTED, Status.OTHER} and _may_be(_PRIMARY, gateway)
        for gateway in health.gateways
    )


def _may_be(role: str, gateway: Gateway) -> bool:
    """Return whether a node has a role, or may have it; an unreachable node has none."""
    is_unknown = gateway.role not in _ROLES and gateway.status is not Status.UNREACHABLE
    return gateway.role == role or is_unknown


# --- a single client ---------------------------------------------------------------------------


def _single(health: Health, _expected: int | None) -> Iterator[Problem]:
    gateway = health.gateways[0]
    detail = f" ({gateway.detail})" if gateway.detail else ""
    if gateway.status is Status.OTHER:
        yield Problem("status_unclear", f"whether the coreapp is connected is not known{detail}")
    elif gateway.status in _OUTAGES:
        slug, words = _OUTAGES[gateway.status]
        yield Problem(slug, f"the client {words}")
    elif gateway.status not in {Status.CONNECTED, Status.CONNECTING}:
        yield Problem(
            "no_coreapp_connected", f"the coreapp is {gateway.status}{detail}: no messages leave or arrive"
        )


# --- clusters ----------------------------------------------------------------------------------


def _ha(health: Health, expected: int | None) -> Iterator[Problem]:
    yield from _cluster(health, expected)
    able = [
        gateway
        for gateway in health.gateways
        if _may_be(_COREAPP, gateway) and gateway.status in {*_ABLE, Status.OTHER}
    ]
    if len(able) < 2:  # noqa: PLR2004 - one that serves, and one that takes over
        yield Problem("no_spare_coreapp", "no spare coreapp is reachable: the next failure is an outage")
    if not any(_may_be(_SECONDARY, gateway) for gateway in health.gateways):
        yield Problem("no_secondary_master", "no secondary master: the primary one has no replacement")


def _multiconnect(health: Health, expected: int | None) -> Iterator[Problem]:
    yield from _cluster(health, expected)
    masters = _role(health, _PRIMARY)
    if masters and not may_be_multiconnect(health):
        words = f"the primary master {_names(masters)} is {masters[0].status}, and should be connected"
        yield Problem("primary_master_disconnected", words)


def _cluster(health: Health, expected: int | None) -> Iterator[Problem]:
    """Yield the problems that HA and multiconnect share."""
    connected = list_connected(health.gateways)
    unclear = list_unclear(health)
    masters = _role(health, _PRIMARY)
    question = _open_question(len(connected), unclear, expected, has_master=bool(masters))
    if question:
        yield Problem("status_unclear", f"{question} is not known: {_explain(unclear)}")
    if not connected and not unclear:
        yield Problem("no_coreapp_connected", "no coreapp is connected: no messages leave or arrive")
    if expected is not None and len(connected) > expected:
        words = (
            f"{len(connected)} coreapps are connected where {expected} should be ({_names(connected)}): "
            "two clients for one number risk a ban"
        )
        yield Problem("duplicate_client", words)
    if not any(_may_be(_PRIMARY, gateway) for gateway in health.gateways):
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


def _open_question(connected: int, unclear: list[Gateway], expected: int | None, *, has_master: bool) -> str:
    """Return the question that unclear nodes leave open; empty if there is none."""
    if unclear and not connected:
        return "whether a coreapp is connected"
    if expected is not None and connected < expected <= connected + len(unclear):
        return "whether all shards have a connected coreapp"
    # A connected node with an unknown role may be a second client, unless it has to be the primary master. A
    # node with an unknown status is not suspected.
    others = sum(gateway.status is Status.CONNECTED for gateway in unclear) - int(not has_master)
    if expected is not None and connected <= expected < connected + others:
        return "whether there are two clients for one number"
    return ""


def _role(health: Health, role: str) -> list[Gateway]:
    return [gateway for gateway in health.gateways if gateway.role == role]


def _names(gateways: Iterable[Gateway]) -> str:
    return ", ".join(gateway.node for gateway in gateways)


def _explain(gateways: Iterable[Gateway]) -> str:
    return ", ".join(
        f"{gateway.node} ({gateway.detail or f'{gateway.status}, with no role that is known'})"
        for gateway in gateways
    )


def list_connecting(health: Health) -> Iterator[Problem]:
    """Yield a problem for each node that is connecting, which is harmless unless it lasts."""
    for gateway in health.gateways:
        if gateway.status is Status.CONNECTING:
            yield Problem("connecting", f"{gateway.node or 'the client'} is connecting", gateway.node)


# None: a cluster that may be HA or multiconnect.
RULES: Mapping[Topology | None, Callable[[Health, int | None], Iterator[Problem]]] = {
    Topology.SINGLE: _single,
    Topology.HA: _ha,
    Topology.MULTICONNECT: _multiconnect,
    None: _cluster,
}
