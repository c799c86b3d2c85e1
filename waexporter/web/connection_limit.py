"""The limit of open connections, and which one is closed for a newcomer; pure but for the closing."""

from __future__ import annotations

import ipaddress
from collections import Counter
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol, TypeAlias

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, MutableSet

    OnRefusal: TypeAlias = Callable[
        ["ConnectionRefusal", str, str], None
    ]  # why, the client, details for the log

_NETWORK_BITS = 64  # of an IPv6 address: one machine may have all addresses of such a network


class ConnectionRefusal(StrEnum):
    """Why a connection is closed early; the values are those of the label `reason`."""

    LIMIT = "limit"  # closed for a newcomer, since there were too many
    TIMEOUT = "timeout"  # its client has not sent or read in time what it should have
    MALFORMED = "malformed"  # what was sent is not HTTP, or is too long
    PLAIN_HTTP = "plain_http"  # a request without TLS on a port with TLS
    HANDSHAKE = "handshake"  # TLS failed: another version, an unknown authority, no client certificate
    CLIENT_NAME = "client_name"  # no name of the client's certificate is in client_allowed_sans


class OpenConnection(Protocol):
    """What the limit knows of a connection."""

    @property
    def transport(self) -> asyncio.Transport:
        """Where it is closed."""

    @property
    def peer(self) -> str:
        """The client, by its address."""

    @property
    def waits_since(self) -> float | None:
        """Since when the server has waited for the client (loop's clock); None: the client waits for it."""


def make_room(
    connections: MutableSet[OpenConnection], newcomer: OpenConnection, limit: int, on_refusal: OnRefusal
) -> bool:
    """Close a connection if there are more than `limit`; return False if there are too many all the same.

    It is one of the client that has most connections: the one that has waited longest for its client, or, if
    all are being answered and the newcomer's client has fewer, one of those. So a client with many
    connections makes room for others, never the other way round.
    """
    if len(connections) <= limit:
        return True
    counts = Counter(each.peer for each in connections)
    own = counts[newcomer.peer] if len(connections) == limit + 1 else 0
    candidates: list[tuple[int, bool, float, int, OpenConnection]] = []
    for index, each in enumerate(connections):
        count, since = counts[each.peer], each.waits_since
        may_end = count >= own if since is not None else count > own > 0
        if may_end and each is not newcomer:
            candidates.append((count, since is not None, -(since or 0.0), index, each))
    if not candidates:
        return False
    *_, chosen = max(candidates)
    connections.discard(chosen)  # at once: the transport reports the end only later
    chosen.transport.abort()
    on_refusal(ConnectionRefusal.LIMIT, chosen.peer, "")
    return len(connections) <= limit


def find_peer(address: str) -> str:
    """Return what stands for a client: its IPv4 address, or the network of its IPv6 address."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv4Address):
        return address
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed, _NETWORK_BITS), strict=False))
