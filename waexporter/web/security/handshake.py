"""A connection until its TLS handshake is complete."""

from __future__ import annotations

import asyncio
import ssl
from typing import TYPE_CHECKING, cast

from waexporter.web.protocol import close_longest_idle

if TYPE_CHECKING:
    from collections.abc import Callable, MutableSet

    from waexporter.web.protocol import ConnectionLimits
    from waexporter.web.security.server_context import ServerContext


class TlsHandshake(asyncio.Protocol):
    """Does the handshake with the present context, then hands the connection to an HTTP protocol.

    asyncio's own servers have one context for ever, and tell nobody of a connection before its handshake is
    complete. Here a context can be replaced while connections are open, and a client that never completes its
    handshake counts as a connection, so that it is closed when there are too many.
    """

    def __init__(
        self,
        context: ServerContext,
        make_connection: Callable[[], asyncio.Protocol],
        connections: MutableSet[object],
        limits: ConnectionLimits,
    ) -> None:
        self._context = context
        self._make_connection = make_connection
        self._connections = connections
        self._limits = limits
        self._early: list[bytes] = []  # the first request, if it comes together with the end of the handshake
        self._is_half_closed = False
        self._task: asyncio.Task[None] | None = None
        self.transport: asyncio.Transport | None = None
        self.idle_since: float | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start the handshake."""
        self.transport = cast("asyncio.Transport", transport)
        self.transport.pause_reading()  # start_tls goes on; a byte that is read here would be lost to it
        loop = asyncio.get_running_loop()
        self.idle_since = loop.time()
        self._connections.add(self)
        close_longest_idle(self._connections, self, self._limits.connections)
        self._task = loop.create_task(self._shake_hands(self.transport))

    def data_received(self, data: bytes) -> None:
        """Keep what comes before the HTTP protocol is there."""
        self._early.append(data)

    def eof_received(self) -> None:
        """Keep that the client sends no more."""
        self._is_half_closed = True

    def shutdown(self) -> None:
        """Close the connection, since the server stops."""
        if self.transport is not None:
            self.transport.abort()

    async def _shake_hands(self, transport: asyncio.Transport) -> None:
        loop = asyncio.get_running_loop()
        try:
            secured = await loop.start_tls(
                transport,
                self,
                self._context.ssl,
                server_side=True,
                ssl_handshake_timeout=self._limits.handshake,
                ssl_shutdown_timeout=self._limits.closing,
            )
        except (OSError, ssl.SSLError):
            transport.abort()  # no client of ours, or one that trusts another certificate
            return
        finally:
            self._connections.discard(self)
        if secured is None or not self._context.accepts(secured.get_extra_info("peercert")):
            transport.abort()
            return
        self._hand_over(secured)

    def _hand_over(self, secured: asyncio.Transport) -> None:
        connection = self._make_connection()
        secured.set_protocol(connection)
        connection.connection_made(secured)
        for data in self._early:
            connection.data_received(data)
        if self._is_half_closed:
            connection.eof_received()
