"""The open connections, their limit, and which one is closed for a newcomer."""

from __future__ import annotations

import ipaddress
from collections import OrderedDict
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING, Protocol, TypeAlias

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

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


class ConnectionTable:
    """The open connections by client, and their limit; used only in the loop's thread."""

    def __init__(self, limit: int, on_refusal: OnRefusal) -> None:
        self._limit = limit
        self._on_refusal = on_refusal
        self._size = 0
        # Of each client in the order of `touch`: the first one does for longest what it does now.
        self._by_peer: dict[str, OrderedDict[OpenConnection, None]] = {}

    def __len__(self) -> int:
        return self._size

    def add(self, connection: OpenConnection) -> None:
        """Add a new connection."""
        self._by_peer.setdefault(connection.peer, OrderedDict())[connection] = None
        self._size += 1

    def discard(self, connection: OpenConnection) -> None:
        """Remove a connection that has ended, if it is there yet."""
        own = self._by_peer.get(connection.peer)
        if own is None or connection not in own:
            return
        del own[connection]
        self._size -= 1
        if not own:
            del self._by_peer[connection.peer]

    def touch(self, connection: OpenConnection) -> None:
        """Take note that a connection begins to do something else."""
        own = self._by_peer.get(connection.peer)
        if own is not None and connection in own:
            own.move_to_end(connection)

    def make_room(self, newcomer: OpenConnection) -> bool:
        """Close a connection if there are too many; return False if there are too many all the same.

        It is one of the client that has most connections: the one that has waited longest for its client, or,
        if all are being answered and the newcomer's client has fewer, one of those. So a client with many
        connections makes room for others, never the other way round.
        """
        if self._size <= self._limit:
            return True
        chosen = self._choose(newcomer)
        if chosen is None:
            return False
        self.discard(chosen)  # at once: the transport reports the end only later
        chosen.transport.abort()
        self._on_refusal(ConnectionRefusal.LIMIT, chosen.peer, "")
        return self._size <= self._limit

    def _choose(self, newcomer: OpenConnection) -> OpenConnection | None:
        least = len(self._by_peer.get(newcomer.peer, ())) if self._size == self._limit + 1 else 0
        best: tuple[int, bool, float] | None = None
        chosen = None
        for own in self._by_peer.values():
            others = (each for each in own if each is not newcomer)
            waiting = next((each for each in others if each.waits_since is not None), None)
            if waiting is not None and len(own) >= least:
                candidate, weight = waiting, (len(own), True, -(waiting.waits_since or 0.0))
            elif waiting is None and len(own) > least > 0:
                candidate, weight = next(iter(own)), (len(own), False, 0.0)
            else:
                continue
            if best is None or weight > best:
                best, chosen = weight, candidate
        return chosen


@lru_cache(maxsize=1024)
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
