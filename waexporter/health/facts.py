"""What a judgement rests on, and every problem there is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from waexporter.model import State

if TYPE_CHECKING:
    from collections.abc import Mapping

    from waexporter.model import (
        Certificates,
        Distrust,
        Failure,
        Group,
        Health,
        Settings,
        Support,
        Topology,
    )

# Every problem there is, and what it makes of the verdict at the least; UNKNOWN outweighs all: facts are old.
SLUGS: Mapping[str, State] = {
    "not_polled": State.UNKNOWN,
    "stale": State.UNKNOWN,
    "auth_refused": State.UNKNOWN,
    "timeout": State.UNKNOWN,
    "tls": State.UNKNOWN,
    "unexpected_answer": State.UNKNOWN,
    "status_unclear": State.UNKNOWN,
    "no_coreapp_connected": State.DOWN,
    "unreachable": State.DOWN,
    "build_expired": State.DOWN,
    "uninitialized": State.DOWN,
    "unregistered": State.DOWN,
    "database": State.DOWN,
    "overloaded": State.DEGRADED,
    "duplicate_client": State.DEGRADED,
    "shard_uncovered": State.DEGRADED,
    "node_unreachable": State.DEGRADED,
    "primary_master_disconnected": State.DEGRADED,
    "no_primary_master": State.DEGRADED,
    "two_primary_masters": State.DEGRADED,
    "no_secondary_master": State.DEGRADED,
    "no_spare_coreapp": State.DEGRADED,
    "token_refused": State.DEGRADED,
    "disk_low": State.DEGRADED,
    "certificate_expired": State.DEGRADED,
    "on_call_group_unreachable": State.OK,
    "build_expiring": State.OK,
    "certificate_expiring": State.OK,
    "version_skew": State.OK,
    "connecting": State.OK,
    "connecting_too_long": State.DEGRADED,
    "rate_limited": State.OK,
}


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that is known of a client."""

    health: Health | None = None  # the last one understood, while it is fresh
    failure: Failure | None = None  # of the newest health poll, if it failed
    polled: bool = True  # a health poll has ended
    topology: Topology | None = None  # as configured
    shards: int | None = None  # as configured
    support: Support | None = None
    support_at: float = 0.0  # steady clock
    settings: Settings | None = None
    certificates: Certificates | None = None
    group: Group | None = None
    distrust: Distrust | None = None
