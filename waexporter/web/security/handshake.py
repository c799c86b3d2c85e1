"""A connection until its TLS handshake is complete."""

from __future__ import annotations

import asyncio
import ssl
from asyncio.sslproto import SSLProtocol
from typing import TYPE_CHECKING, Final, cast

from waexporter.web.bounds.connection_limit import ConnectionRefusal, find_peer
from waexporter.web.bounds.lingering_transport import LingeringTransport
from waexporter.web.security.alerting_context import send_alert

if TYPE_CHECKING:
    from collections.abc import Callable, MutableSet

    from waexporter.web.protocol import ConnectionSettings
    from waexporter.web.security.server_context import ServerContext

_HANDSHAKE: Final = b"\x16"  # the type of the first record of a client (RFC 8446, section 5.1)
_RECORD_HEADER: Final = 5  # bytes: type, version, length of the rest
_LARGEST_RECORD: Final = 16_384  # bytes
_WORDS: Final = b"This port speaks TLS: use https:// instead of http://.\n"
_PLAIN_ANSWER: Final = (
    b"HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain; charset=utf-8\r\n"
    b"content-length: %d\r\nconnection: close\r\n\r\n%s" % (len(_WORDS), _WORDS)
)
_LEAST_TIME: Final = 0.001  # seconds; asyncio refuses 0
# Of the buffer that asyncio has for each TLS connection: with its own 256 KiB, 240 idle ones take 70 MiB.
# Python 3.11 to 3.14 read it so; it is not documented, and one that did not would only take more memory.
SSLProtocol.max_size = 32_768


class TlsHandshake(asyncio.Protocol):
    """Does the handshake with the present context, then hands the connection to an HTTP protocol.

    asyncio's own servers have one context for ever, and tell nobody of a connection before its handshake is
    complete. Here a context can be replaced while connections are open, and a client that never completes its
    handshake counts as a connection, so that it is closed when there are too many. TLS, which takes memory,
    begins when the client's first record has come whole.
    """

    def __init__(
        self,
        context: ServerContext,
        make_connection: Callable[[], asyncio.Protocol],
        connections: MutableSet[object],
        settings: ConnectionSettings,
    ) -> None:
        self._context = context
        self._make_connection = make_connection
        self._connections = connections  # uvicorn's, which it closes when it stops
        self._table = settings.table
        self._limits = settings.limits
        self._on_refusal = settings.on_refusal
        self._hello = b""  # the first record as far as it has come
        self._early: list[bytes] = []  # the first request, if it comes together with the end of the handshake
        self._is_half_closed = False
        self._timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None
        self._is_refused = False
        self._is_lost = False
        self._connection: asyncio.Protocol | None = None  # after the handshake
        self.transport: asyncio.Transport
        self.waits_since: float | None = None
        self.peer = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for the first record."""
        self.transport = cast("asyncio.Transport", transport)
        address = transport.get_extra_info("peername")
        self.peer = find_peer(address[0]) if address else ""
        loop = asyncio.get_running_loop()
        self.waits_since = loop.time()
        self._timer = loop.call_later(self._limits.handshake, self._give_up)
        self._connections.add(self)
        self._table.add(self)
        self._table.make_room(self)

    def data_received(self, data: bytes) -> None:
        """Begin the handshake once its first record is there; keep what comes after its end."""
        if self._is_refused:
            return
        if self._task is not None:
            self._early.append(data)
            return
        self._hello += data
        if not self._hello.startswith(_HANDSHAKE):
            self._refuse_plain_http()
        elif _is_whole(self._hello):
            self._cancel_timer()
            self._task = asyncio.get_running_loop().create_task(self._shake_hands())

    def eof_received(self) -> None:
        """Keep that the client sends no more."""
        self._is_half_closed = True

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget a connection that has ended.

        asyncio calls it a moment later, also if the HTTP protocol has taken the connection over meanwhile.
        """
        self._is_lost = True
        self._cancel_timer()
        self._leave()
        if self._connection is not None:
            self._connection.connection_lost(exc)

    def shutdown(self) -> None:
        """Close the connection, since the server stops."""
        self.transport.abort()

    def _refuse_plain_http(self) -> None:
        self._is_refused = True
        if not self._hello[:1].isalpha():
            self._on_refusal(ConnectionRefusal.HANDSHAKE, self.peer, "what was sent is not TLS")
            self.transport.abort()
            return
        self._on_refusal(ConnectionRefusal.PLAIN_HTTP, self.peer, "")
        lingering = LingeringTransport(self.transport, lambda: True)
        lingering.write(_PLAIN_ANSWER)
        lingering.close()
        self._cancel_timer()
        self._timer = asyncio.get_running_loop().call_later(self._limits.closing, self.transport.abort)

    def _give_up(self) -> None:
        self._on_refusal(ConnectionRefusal.TIMEOUT, self.peer, "")
        self.transport.abort()

    def _leave(self) -> None:
        self._connections.discard(self)
        self._table.discard(self)

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    async def _shake_hands(self) -> None:
        loop = asyncio.get_running_loop()
        send_alert.set(self.transport.write)
        elapsed = loop.time() - (self.waits_since or 0.0)
        handshake = loop.create_task(
            loop.start_tls(
                self.transport,
                self,
                self._context.ssl,
                server_side=True,
                ssl_handshake_timeout=max(self._limits.handshake - elapsed, _LEAST_TIME),
                ssl_shutdown_timeout=self._limits.closing,
            )
        )
        try:
            # After it the TLS protocol is in its place, and is told so before the next step.
            await asyncio.sleep(0)
            loop.call_soon(_feed, self.transport, self._hello)
            secured = await handshake
        except ssl.SSLError as error:
            reason = (error.reason or str(error)).lower().replace("_", " ")
            self._on_refusal(ConnectionRefusal.HANDSHAKE, self.peer, reason)
            self.transport.abort()
            return
        except OSError as error:
            if isinstance(error, ConnectionAbortedError):  # asyncio's word for its time being over
                self._on_refusal(ConnectionRefusal.TIMEOUT, self.peer, "")
            self.transport.abort()
            return
        finally:
            self._leave()
        if secured is None or self._is_lost:
            self.transport.abort()  # the client has gone
        elif not self._context.accepts(secured.get_extra_info("peercert")):
            self._on_refusal(ConnectionRefusal.CLIENT_NAME, self.peer, "")
            secured.abort()
        else:
            self._hand_over(secured)

    def _hand_over(self, secured: asyncio.Transport) -> None:
        connection = self._connection = self._make_connection()
        secured.set_protocol(connection)
        connection.connection_made(secured)
        for data in self._early:
            connection.data_received(data)
        if self._is_half_closed:
            connection.eof_received()


def _is_whole(hello: bytes) -> bool:
    """Return whether the first record has come, or is longer than any may be."""
    length = int.from_bytes(hello[3:_RECORD_HEADER])
    return len(hello) >= _RECORD_HEADER and len(hello) >= _RECORD_HEADER + min(length, _LARGEST_RECORD)


def _feed(transport: asyncio.Transport, data: bytes) -> None:
    """Pass what has been read already to the protocol of a transport, as if it came now."""
    protocol = transport.get_protocol()
    rest = memoryview(data)
    while rest and isinstance(protocol, asyncio.BufferedProtocol):
        buffer = memoryview(protocol.get_buffer(len(rest)))
        size = min(len(buffer), len(rest))
        buffer[:size] = rest[:size]
        protocol.buffer_updated(size)
        rest = rest[size:]
