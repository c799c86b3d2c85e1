"""The simulator as a server in its own thread."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from waexporter.simulator.application import build
from waexporter.simulator.certificates import Authority, serve
from waexporter.simulator.options import Options
from waexporter.simulator.state.world import World

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType
    from typing import Self

_KEEP_ALIVE_SECONDS = (
    75  # as nginx: an idle connection cut after five would meet the next request of a poller
)
_START_SECONDS = 30.0
_STOP_SECONDS = 5.0
_REACHABLE: Mapping[str, str] = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # what a client says instead


def steady_clock() -> Callable[[], float]:
    """Return a clock in seconds since the epoch that never goes back when the wall clock is changed."""
    offset = time.time() - time.monotonic()
    return lambda: time.monotonic() + offset


class _Protocol(H11Protocol):
    """HTTP/1.1 that passes the transport to the application, because some faults break the stream."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.app_state = {**self.app_state, "wire": transport}


class _Server(uvicorn.Server):
    """A server that signals when it listens and closes every connection when it stops."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to accept connections."""
        await super().startup(sockets)
        self.listening.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop at once: a graceful stop would wait for requests that hang on purpose."""
        for connection in tuple(self.server_state.connections):
            if connection.transport is not None:
                connection.transport.abort()
        await asyncio.sleep(0)
        await super().shutdown(sockets)


class Simulator:
    """A simulated client that serves real HTTP between `start()` and `stop()`."""

    def __init__(self, options: Options | None = None, *, clock: Callable[[], float] | None = None) -> None:
        self.options = options or Options()
        self.url = ""
        self._clock = clock or steady_clock()
        self._authority = Authority(self.options.host)
        self._world: World | None = None
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def ca_pem(self) -> str | None:
        """The CA certificate as PEM, or None without TLS."""
        return self._authority.pem if self.options.tls else None

    @property
    def control_url(self) -> str:
        """The URL of the control routes."""
        return f"{self.url}/_control"

    def start(self) -> Self:
        """Start the server thread; raises OSError if the port is taken or the CA file can't be written."""
        if self._thread is not None:
            raise RuntimeError("The simulator runs already")
        listener = _listen(self.options.host, self.options.port)
        try:
            self._write_authority()
            self._run(listener)
        except BaseException:
            listener.close()
            raise
        self.url = self._address(listener.getsockname()[1])
        return self

    def _write_authority(self) -> None:
        if self.options.ca_file is not None and self.options.tls:
            Path(self.options.ca_file).write_text(self._authority.pem, encoding="ascii")

    def _run(self, listener: socket.socket) -> None:
        world = World(self.options, self._clock, self._authority.pem)
        server = _Server(_configuration(world, self._authority if self.options.tls else None))
        thread = threading.Thread(target=server.run, args=([listener],), name="simulator", daemon=True)
        thread.start()
        if not server.listening.wait(_START_SECONDS):
            server.should_exit = True
            raise RuntimeError("The simulator doesn't start")
        world.callbacks.start()
        self._world, self._server, self._thread = world, server, thread

    def stop(self) -> None:
        """Close every connection and end the threads; does nothing if the simulator is not running."""
        if self._world is None or self._server is None or self._thread is None:
            return
        self._world.callbacks.stop()
        self._server.should_exit = True
        self._thread.join(_STOP_SECONDS)
        self._world = self._server = self._thread = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def _address(self, port: int) -> str:
        scheme = "https" if self.options.tls else "http"
        host = _REACHABLE.get(self.options.host, self.options.host)
        return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


def _listen(host: str, port: int) -> socket.socket:
    """Bind the port here, because uvicorn exits the process if the port is taken."""
    family, *_ = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    listener = socket.create_server((host, port), family=family)
    # Connections inherit it; without it the body waits 40 ms for the headers to be acknowledged.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def _configuration(world: World, authority: Authority | None) -> uvicorn.Config:
    config = uvicorn.Config(
        build(world, None if authority is None else authority.pem),
        http=_Protocol,
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=1,
    )
    config.load()
    if authority is not None:
        config.ssl = serve(authority, lambda: world.timeline.active(world.clock()))
    return config
