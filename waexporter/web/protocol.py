"""An HTTP/1.1 connection with deadlines and a connection limit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    import asyncio


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """How long the server waits for a client, in seconds, and how many connections it keeps open."""

    first_request: float = 10.0  # until a new client's first request line and headers are here
    keep_alive: int = 75  # from an answer to the next request: longer than most scrape intervals
    closing: float = 10.0  # until a client took the rest of an answer after which we hang up
    reading: float = 30.0  # until a client took what fills our buffer
    drain: int = 2  # until open requests are answered, when the server stops
    connections: int = 256  # a container often has 1024 file descriptors, and polling needs some


DEFAULT: Final = ConnectionLimits()


class Connection(H11Protocol):
    """uvicorn's connection with the deadlines it lacks.

    uvicorn starts its only timer after an answer and stops it at the next byte. So it waits for ever for a
    client that connects and says nothing, or says it letter by letter, or never reads; here each of these
    is cut off. When there are too many connections, the one that has rested longest makes room.
    """

    limits: ClassVar[ConnectionLimits] = DEFAULT
    _waiting: asyncio.TimerHandle | None = None  # until the next request is here
    _stalled: asyncio.TimerHandle | None = None  # until our buffer is empty enough to go on
    idle_since: float | None = None  # of the loop's clock; None while a request is being answered

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the clock for the first request."""
        super().connection_made(transport)
        self._wait(self.limits.first_request)
        self._make_room()

    def data_received(self, data: bytes) -> None:
        """Stop the clock once a whole request is here; a part of one doesn't."""
        super().data_received(data)
        if self._busy():
            self._stop_waiting()

    def on_response_complete(self) -> None:
        """Start the clock for the next request, or for the client to take the end of this answer."""
        super().on_response_complete()
        if self.transport.is_closing():
            self._wait(self.limits.closing)
        elif not self._busy():
            self._wait(self.limits.keep_alive + self.limits.closing)

    def _should_upgrade(self) -> bool:
        """Go on in HTTP/1.1, as whoever offers another protocol expects: Java does so with every request.

        uvicorn would log each time that a library is missing.
        """
        return False

    def pause_writing(self) -> None:
        """Start the clock for a client that doesn't read."""
        super().pause_writing()
        self._stalled = self.loop.call_later(self.limits.reading, self.transport.abort)

    def resume_writing(self) -> None:
        """Stop that clock."""
        super().resume_writing()
        self._stop_stalling()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop every clock."""
        self._stop_waiting()
        self._stop_stalling()
        super().connection_lost(exc)

    def _busy(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _wait(self, seconds: float) -> None:
        self._stop_waiting()
        self.idle_since = self.loop.time()
        self._waiting = self.loop.call_later(seconds, self.transport.abort)

    def _stop_waiting(self) -> None:
        self.idle_since = None
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _stop_stalling(self) -> None:
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None

    def _make_room(self) -> None:
        living = [each for each in self.connections if not each.transport.is_closing()]
        if len(living) <= self.limits.connections:
            return
        others = [each for each in living if isinstance(each, Connection) and each is not self]
        resting = [(each.idle_since, id(each), each) for each in others if each.idle_since is not None]
        if resting:
            min(resting)[2].transport.abort()


def connection_class(connection_limits: ConnectionLimits) -> type[Connection]:
    """Return a connection class with these limits; uvicorn creates one object of it per client."""

    class LimitedConnection(Connection):
        """A connection with limits of its own."""

        limits = connection_limits

    return LimitedConnection
