"""An HTTP/1.1 connection with deadlines, and the limit of connections."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, ClassVar, Final

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from waexporter.web.bounds.connection_limit import ConnectionRefusal, find_peer
from waexporter.web.bounds.lingering_transport import LingeringTransport

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from waexporter.web.bounds.connection_limit import ConnectionTable, OnRefusal


MAX_HEAD: Final = 32_768  # bytes of a request line with headers
_PIECE = 16_384  # bytes that are parsed at a time: a head that comes whole could be longer than allowed
_WRITE_BUFFER = 65_536  # bytes from which a client is waited for; with TLS, asyncio's own limit is half a MiB


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """How long the server waits for a client, in seconds, and how many connections it keeps open."""

    handshake: float = 10.0  # until TLS is established
    first_request: float = 10.0  # until the request line and headers of the first request are complete
    keep_alive: int = 75  # from a response to the next request: longer than most scrape intervals
    closing: float = 10.0  # until a client has read the rest of a response with `connection: close`
    reading: float = 30.0  # until a client has read what fills the write buffer
    response: float = 120.0  # until it has read a whole response, which keeps an old page in memory
    drain: int = 2  # for open requests when the server stops
    connections: int = 256  # a container often has 1024 file descriptors, and polling needs some


DEFAULT_CONNECTION_LIMITS: Final = ConnectionLimits()


@dataclass(frozen=True, slots=True)
class ConnectionSettings:
    """What all connections of a server share."""

    refuse: Callable[..., Any]  # the ASGI application for a request in a connection that is one too many
    on_refusal: OnRefusal
    table: ConnectionTable
    limits: ConnectionLimits = DEFAULT_CONNECTION_LIMITS


class Connection(H11Protocol):
    """uvicorn's HTTP/1.1 protocol with the deadlines and the limit that it lacks.

    uvicorn starts its only timer after a response and stops it at the next byte. So it waits for ever for a
    client that connects and sends nothing, or sends byte by byte, or never reads; this class closes such
    connections. When there are too many connections, it closes one that waits for its client; if there is
    none, the newcomer's request gets a response that says so.
    """

    settings: ClassVar[ConnectionSettings]
    peer: str = ""
    _since: float = 0.0  # of what it is doing now, by the loop's clock
    _request_timer: asyncio.TimerHandle | None = None  # until the next request is complete
    _write_timer: asyncio.TimerHandle | None = None  # until the write buffer is empty enough to go on
    _response_timer: asyncio.TimerHandle | None = None  # until a response that had to wait has been read
    _is_half_closed: bool = False
    _lingering: LingeringTransport

    @property
    def waits_since(self) -> float | None:
        """Since when it has waited for its client; None while it answers."""
        is_waiting = not self._has_request() or self.flow.write_paused or self._is_sending()
        return self._since if is_waiting else None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the timer for the first request, and make room for this connection."""
        transport.set_write_buffer_limits(_WRITE_BUFFER)
        self._lingering = LingeringTransport(transport, self._is_sending)
        super().connection_made(self._lingering)
        self.peer = find_peer(self.client[0]) if self.client else ""
        self.settings.table.add(self)
        self._start_request_timer(self.settings.limits.first_request)
        self._make_room()

    def data_received(self, data: bytes) -> None:
        """Stop the timer once a whole request has come; a part of one is not enough."""
        if self.app is self.settings.refuse:
            self._make_room()  # others may have gone since it came
        for start in range(0, len(data), _PIECE):
            if not self._lingering.is_closing():
                super().data_received(data[start : start + _PIECE])
        if self._request_timer is not None and self._has_request():
            self._stop_request_timer()

    def eof_received(self) -> bool | None:  # type: ignore[override]
        """Return whether the connection stays open for the response to a client that only sends no more."""
        self._is_half_closed = True
        has_whole_request = self._has_request() and not self._is_sending()
        # asyncio closes a TLS connection in any case, and warns of another wish.
        return has_whole_request and self.scheme == "http"

    def send_400_response(self, msg: str) -> None:
        """Answer what can't be understood, with the status that suits; uvicorn calls it for such an error."""
        self.settings.on_refusal(ConnectionRefusal.MALFORMED, self.peer, msg)
        if self.conn.our_state not in {h11.IDLE, h11.SEND_RESPONSE}:
            self.transport.abort()  # in the middle of another response
            return
        if self._has_request():
            self.cycle.disconnected = True  # what the application answers to half a request is not sent
            self.cycle.message_event.set()
        status = HTTPStatus(getattr(sys.exception(), "error_status_hint", HTTPStatus.BAD_REQUEST))
        if status == HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE:
            msg = f"The request line and the headers must be at most {MAX_HEAD} bytes."
        body = f"{msg}\n".encode()
        head = [
            ("content-type", "text/plain; charset=utf-8"),
            ("content-length", str(len(body))),
            ("connection", "close"),
        ]
        response = h11.Response(status_code=status, headers=head, reason=status.phrase.encode())
        for event in (response, h11.Data(data=body), h11.EndOfMessage()):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()
        self._start_request_timer(self.settings.limits.closing)

    def on_response_complete(self) -> None:
        """Start the timer for the next request, or for reading the end of this response."""
        self._note_change()
        self._stop_response_timer()
        super().on_response_complete()
        if self._is_half_closed and not self._has_request():
            self.transport.close()
        if self.transport.is_closing():
            self._start_request_timer(self.settings.limits.closing)
        elif not self._has_request():
            self._start_request_timer(self.settings.limits.keep_alive + self.settings.limits.closing)

    def _should_upgrade(self) -> bool:
        """Return False: a client that offers another protocol goes on in HTTP/1.1, and expects it.

        Java offers one with every request. uvicorn would log each time that a library is missing.
        """
        return False

    def pause_writing(self) -> None:
        """Start the timer for a client that does not read."""
        super().pause_writing()
        self._write_timer = self.loop.call_later(self.settings.limits.reading, self._give_up)
        if self._response_timer is None:
            self._response_timer = self.loop.call_later(self.settings.limits.response, self._give_up)

    def resume_writing(self) -> None:
        """Stop that timer."""
        super().resume_writing()
        self._stop_write_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop every timer, and leave the place to another connection."""
        self.settings.table.discard(self)
        self._stop_request_timer()
        self._stop_write_timer()
        self._stop_response_timer()
        super().connection_lost(exc)

    def _make_room(self) -> None:
        has_place = self.settings.table.make_room(self)
        self.app = self.config.loaded_app if has_place else self.settings.refuse

    def _has_request(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _is_sending(self) -> bool:
        """Return whether the client may be in the middle of a request."""
        return self.conn.their_state in {h11.SEND_BODY, h11.ERROR}

    def _give_up(self) -> None:
        self.settings.on_refusal(ConnectionRefusal.TIMEOUT, self.peer, "")
        self.transport.abort()

    def _start_request_timer(self, seconds: float) -> None:
        self._stop_request_timer()
        self._request_timer = self.loop.call_later(seconds, self._give_up)

    def _note_change(self) -> None:
        self._since = self.loop.time()
        self.settings.table.touch(self)

    def _stop_request_timer(self) -> None:
        self._note_change()
        if self._request_timer is not None:
            self._request_timer.cancel()
            self._request_timer = None

    def _stop_response_timer(self) -> None:
        if self._response_timer is not None:
            self._response_timer.cancel()
            self._response_timer = None

    def _stop_write_timer(self) -> None:
        if self._write_timer is not None:
            self._write_timer.cancel()
            self._write_timer = None


def connection_class(shared: ConnectionSettings) -> type[Connection]:
    """Return a connection class with these settings; uvicorn creates one object of it per client."""

    class ConfiguredConnection(Connection):
        """A connection with the given settings."""

        settings = shared

    return ConfiguredConnection
