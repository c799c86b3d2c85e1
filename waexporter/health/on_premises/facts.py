"""The facts about an On-Premises client from which its verdict follows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from waexporter.model import Certificates, ClientSettings, Endpoint, Health, OnCallGroup, Support

if TYPE_CHECKING:
    from waexporter.health.judging import Evidence
    from waexporter.model import Distrust, Failure, Topology


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that is known about a client."""

    health: Health | None = None  # the last one that could be read, as long as it is fresh
    failure: Failure | None = None  # of the newest health poll, if it failed
    polled: bool = True  # a health poll has ended
    topology: Topology | None = None  # as configured
    shards: int | None = None  # as configured
    support: Support | None = None
    support_at: float = 0.0  # steady clock
    settings: ClientSettings | None = None
    certificates: Certificates | None = None
    group: OnCallGroup | None = None
    distrust: Distrust | None = None


def gather_facts(evidence: Evidence) -> Facts:
    """Return the facts in a target's fresh readings and in its configuration."""
    target = evidence.target
    support = evidence.successes.get(Endpoint.SUPPORT)
    return Facts(
        health=evidence.document(Endpoint.HEALTH, Health),
        failure=evidence.failure,
        polled=evidence.polled,
        topology=target.topology,
        shards=target.shards,
        support=evidence.document(Endpoint.SUPPORT, Support),
        support_at=support.at.steady if support else 0.0,
        settings=evidence.document(Endpoint.SETTINGS, ClientSettings),
        certificates=evidence.document(Endpoint.CERTIFICATES, Certificates),
        group=evidence.document(Endpoint.GROUP, OnCallGroup),
        distrust=evidence.distrust,
    )
