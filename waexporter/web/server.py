"""The listening socket, and uvicorn's server that serves the application on it."""

from __future__ import annotations

import asyncio
import errno
import signal
import socket
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, cast

import uvicorn

from waexporter.config.values.quantities import format_listen
from waexporter.errors import CommandError
from waexporter.web.bounds.connection_limit import ConnectionTable
from waexporter.web.protocol import (
    DEFAULT_CONNECTION_LIMITS,
    MAX_HEAD,
    ConnectionLimits,
    ConnectionSettings,
    connection_class,
)
from waexporter.web.security.handshake import TlsHandshake

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Self

    from waexporter.web.asgi import Application

_BACKLOG = 128
_LAST_PORT = 65_535
_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_ADVICE = {
    errno.EADDRINUSE: "another program listens there already; stop it, or choose another address",
    errno.EACCES: "this user may not listen there; choose a port above 1023",
    errno.EADDRNOTAVAIL: "this machine has no such address; 0.0.0.0 stands for all it has",
}


class Server:
    """Serves an application on one address: `bind` finds problems early, `run` serves until it is stopped."""

    def __init__(
        self,
        app: Application,
        host: str,
        port: int,
        limits: ConnectionLimits = DEFAULT_CONNECTION_LIMITS,
    ) -> None:
        self._address = (host, port)
        self._port = port
        self._socket: socket.socket | None = None
        self.security = app.security
        table = ConnectionTable(limits.connections, app.on_refusal)
        self._loop = _Loop(app, ConnectionSettings(app.refuse, app.on_refusal, table, limits))

    @property
    def port(self) -> int:
        """The port in use; after `bind` the real one, if 0 was requested."""
        return self._port

    def bind(self) -> None:
        """Bind the address, so that no other program can; raise CommandError with what to do about it."""
        if self._socket is None:
            self._socket = _listen(*self._address)
            self._port = int(self._socket.getsockname()[1])

    def run(self) -> None:
        """Serve in this thread until `request_stop`, or in the main thread until SIGTERM or SIGINT."""
        self.bind()
        assert self._socket is not None  # noqa: S101 - for the type checker: bind() raises or sets it
        try:
            # uvicorn also calls it in the loop; a signal before that would interrupt a half-started server.
            with self._loop.capture_signals():
                self._loop.run([self._socket])
        finally:
            self.close()

    def request_stop(self) -> None:
        """Make `run` drain and return; from any thread or a signal handler."""
        self._loop.should_exit = True

    def close(self) -> None:
        """Release the address, after `bind` without `run`."""
        if self._socket is not None:
            self._socket.close()

    @contextmanager
    def background(self) -> Iterator[Self]:
        """Serve in another thread while the `with` block runs."""
        self.bind()
        thread = threading.Thread(target=self.run, name="web-server")
        thread.start()
        try:
            yield self
        finally:
            self.request_stop()
            thread.join()


class _Loop(uvicorn.Server):
    """uvicorn's server with a TLS context that can be replaced, and an end that leaves no connection open."""

    def __init__(self, app: Application, settings: ConnectionSettings) -> None:
        super().__init__(_configure(app, settings))
        self._settings = settings
        self._security = app.security

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen on sockets."""
        loop = asyncio.get_running_loop()
        self.servers = [
            await loop.create_server(self._accept, sock=each, backlog=_BACKLOG) for each in sockets or ()
        ]
        self.started = True

    def _accept(self) -> asyncio.Protocol:
        """Return the protocol of a new connection."""
        context = self._security.context
        if context is None:
            return self._make_connection()
        connections = cast("set[object]", self.server_state.connections)
        return TlsHandshake(context, self._make_connection, connections, self._settings)

    def _make_connection(self) -> asyncio.Protocol:
        return self.config.http_protocol_class(self.config, self.server_state, {})  # type: ignore[call-arg]

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop at a signal; uvicorn would raise it again at the end, and exit with an error."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        previous = {each: signal.signal(each, self.handle_exit) for each in _SIGNALS}
        try:
            yield
        finally:
            for each, handler in previous.items():
                signal.signal(each, handler)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Drain, then close the connections that are left."""
        await super().shutdown(sockets)
        if self.server_state.tasks:
            await asyncio.wait(self.server_state.tasks, timeout=0.2)
        for connection in tuple(self.server_state.connections):
            connection.transport.abort()
        await asyncio.sleep(0)


def _configure(app: Application, settings: ConnectionSettings) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=connection_class(settings),
        loop="asyncio",
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        backlog=_BACKLOG,
        timeout_keep_alive=settings.limits.keep_alive,
        timeout_graceful_shutdown=settings.limits.drain,
        h11_max_incomplete_event_size=MAX_HEAD,
    )


def _listen(host: str, port: int) -> socket.socket:
    """Bind and listen: only a listening socket keeps another program from binding the same address."""
    try:
        family, address = _resolve(host, port)
        dual = family == socket.AF_INET6 and address[0] == "::" and socket.has_dualstack_ipv6()
        listener = socket.create_server(address, family=family, backlog=_BACKLOG, dualstack_ipv6=dual)
    except (socket.gaierror, UnicodeError) as error:
        why = f"this name has no address ({error})"
    except OSError as error:
        why = _ADVICE.get(error.errno or 0, str(error.strerror or error))
    else:
        # Connections inherit it; without it the end of a response waits 40 ms for an acknowledgement.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return listener
    raise CommandError(
        f"can't listen on {format_listen(host, port)}: {why} (web.listen, --listen, WAEXPORTER_LISTEN)"
    ) from None


def _resolve(host: str, port: int) -> tuple[socket.AddressFamily, tuple[str, int]]:
    """Return the first address of a host, IPv4 before IPv6; without a host, the wildcard address."""
    if not 0 <= port <= _LAST_PORT:
        # getaddrinfo would read 65536 as 0.
        message = f"a port is a number from 0 to {_LAST_PORT}"
        raise OSError(message)
    wildcard = "::" if socket.has_dualstack_ipv6() else "0.0.0.0"
    found = socket.getaddrinfo(host or wildcard, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    family, _, _, _, address = min(found, key=lambda each: each[0] != socket.AF_INET)
    return family, (str(address[0]), int(address[1]))
