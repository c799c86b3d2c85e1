"""An HTTP/1.1 connection with deadlines, and the limit of connections."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Final

from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """How long the server waits for a client, in seconds, and how many connections it keeps open."""

    handshake: float = 10.0  # until TLS is established
    first_request: float = 10.0  # until the request line and headers of the first request are complete
    keep_alive: int = 75  # from a response to the next request: longer than most scrape intervals
    closing: float = 10.0  # until a client has read the rest of a response with `connection: close`
    reading: float = 30.0  # until a client has read what fills the write buffer
    drain: int = 2  # for open requests when the server stops
    connections: int = 256  # a container often has 1024 file descriptors, and polling needs some


DEFAULT_CONNECTION_LIMITS: Final = ConnectionLimits()


class Connection(H11Protocol):
    """uvicorn's HTTP/1.1 protocol with the deadlines that it lacks.

    uvicorn starts its only timer after a response and stops it at the next byte. So it waits for ever for a
    client that connects and sends nothing, or sends byte by byte, or never reads; this class closes such
    connections. When there are too many connections, it closes the one that has been idle longest.
    """

    limits: ClassVar[ConnectionLimits] = DEFAULT_CONNECTION_LIMITS
    _request_timer: asyncio.TimerHandle | None = None  # until the next request is complete
    _write_timer: asyncio.TimerHandle | None = None  # until the write buffer is empty enough to go on
    idle_since: float | None = None  # by the loop's clock; None during a request

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the timer for the first request."""
        super().connection_made(transport)
        self._start_request_timer(self.limits.first_request)
        close_longest_idle(self.connections, self, self.limits.connections)

    def data_received(self, data: bytes) -> None:
        """Stop the timer once a whole request has come; a part of one is not enough."""
        super().data_received(data)
        if self._has_request():
            self._stop_request_timer()

    def on_response_complete(self) -> None:
        """Start the timer for the next request, or for reading the end of this response."""
        super().on_response_complete()
        if self.transport.is_closing():
            self._start_request_timer(self.limits.closing)
        elif not self._has_request():
            self._start_request_timer(self.limits.keep_alive + self.limits.closing)

    def _should_upgrade(self) -> bool:
        """Return False: a client that offers another protocol goes on in HTTP/1.1, and expects it.

        Java offers one with every request. uvicorn would log each time that a library is missing.
        """
        return False

    def pause_writing(self) -> None:
        """Start the timer for a client that does not read."""
        super().pause_writing()
        self._write_timer = self.loop.call_later(self.limits.reading, self.transport.abort)

    def resume_writing(self) -> None:
        """Stop that timer."""
        super().resume_writing()
        self._stop_write_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop every timer."""
        self._stop_request_timer()
        self._stop_write_timer()
        super().connection_lost(exc)

    def _has_request(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _start_request_timer(self, seconds: float) -> None:
        self._stop_request_timer()
        self.idle_since = self.loop.time()
        self._request_timer = self.loop.call_later(seconds, self.transport.abort)

    def _stop_request_timer(self) -> None:
        self.idle_since = None
        if self._request_timer is not None:
            self._request_timer.cancel()
            self._request_timer = None

    def _stop_write_timer(self) -> None:
        if self._write_timer is not None:
            self._write_timer.cancel()
            self._write_timer = None


def close_longest_idle(connections: Iterable[Any], newcomer: object, limit: int) -> None:
    """Close the connection that has been idle longest if there are more than `limit`, but not the newest."""
    open_ones = [each for each in connections if not each.transport.is_closing()]
    if len(open_ones) <= limit:
        return
    others = [each for each in open_ones if each is not newcomer and each.idle_since is not None]
    if others:
        min(others, key=lambda each: each.idle_since).transport.abort()


def connection_class(connection_limits: ConnectionLimits) -> type[Connection]:
    """Return a connection class with these limits; uvicorn creates one object of it per client."""

    class LimitedConnection(Connection):
        """A connection with the given limits."""

        limits = connection_limits

    return LimitedConnection
