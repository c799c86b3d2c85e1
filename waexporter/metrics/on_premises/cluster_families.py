"""The nodes, the topology and the API of an On-Premises client as families."""

from __future__ import annotations

from typing import TYPE_CHECKING

from waexporter.metrics.families import HEALTH, gauge, one_sample, state_set
from waexporter.model import Family, Head, OnPremisesDetails, Status

if TYPE_CHECKING:
    from collections.abc import Iterator

    from waexporter.model import Health, Verdict

_GATEWAY = gauge(
    "whatsapp_gateway_status", f"1 for the gateway_status that a node has, 0 for the others. {HEALTH}"
)
_TOPOLOGY = gauge(
    "whatsapp_topology_info", f"How the client's nodes are arranged, as configured or found out. {HEALTH}"
)
_CONNECTED = gauge("whatsapp_coreapps_connected", f"How many coreapps are connected to WhatsApp. {HEALTH}")
_EXPECTED = gauge("whatsapp_coreapps_expected", "How many coreapps should be connected in this topology.")
_SHARDS = gauge("whatsapp_shards", "How many shards the client has.")
_COVERED = gauge("whatsapp_shards_covered", f"How many shards have a connected coreapp. {HEALTH}")
_API = gauge("whatsapp_api_info", f"Version and status of the API as the client names them. {HEALTH}")

# Every family of this module: no upstream family may take its name.
HEADS: tuple[Head, ...] = (_GATEWAY, _TOPOLOGY, _CONNECTED, _EXPECTED, _SHARDS, _COVERED, _API)


def cluster_families(verdict: Verdict) -> Iterator[Family]:
    """Yield the status of each node, the topology, and how many coreapps and shards are served."""
    details = OnPremisesDetails.of(verdict)
    if details.gateways:
        samples = [
            sample
            for gateway in details.gateways
            for sample in state_set(
                _GATEWAY,
                (("node", gateway.node), ("role", gateway.role)),
                "status",
                gateway.status,
                tuple(Status),
            ).samples
        ]
        yield Family(_GATEWAY, tuple(samples))
    if verdict.up and details.topology is not None:
        yield one_sample(_TOPOLOGY, 1, (("topology", details.topology),))
    numbers = (
        (_CONNECTED, details.connected),
        (_EXPECTED, details.expected),
        (_SHARDS, details.shards),
        (_COVERED, details.covered),
    )
    yield from (one_sample(head, value) for head, value in numbers if value is not None)


def api_families(health: Health) -> Iterator[Family]:
    """Yield whatsapp_api_info, if the client reports its version."""
    if health.version:
        yield one_sample(_API, 1, (("version", health.version), ("api_status", health.api_status)))
