"""Transports and the servers they talk to, closed with the test."""

from __future__ import annotations

import subprocess
import sys
import threading
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest
import trustme

from tests.transport.servers import Server
from waexporter.model import Limits
from waexporter.transport.connections import TransportOptions
from waexporter.transport.exchange import Request
from waexporter.transport.origin import Origin
from waexporter.transport.tls import TlsContexts
from waexporter.transport.transport import Transport

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator

    from tests.transport.servers import Script
    from waexporter.transport.exchange import Reply

    Serve = Callable[..., Server]
    Connect = Callable[..., Transport]


_DEFAULTS = TransportOptions()
SOON = 10.0  # seconds, on a busy machine too; whatever is waited for here would take twice as long


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    """Start servers."""
    with ExitStack() as stack:

        def start(script: Script, tls: ssl.SSLContext | None = None) -> Server:
            return stack.enter_context(Server(script, tls))

        yield start


def get(transport: Transport, path: str, timeout: float) -> Reply:
    """GET a path."""
    return transport.send(Request("GET", path), timeout)


def get_twice_at_once(transport: Transport, path: str) -> None:
    """Send two requests at once; a server that answers none before it has both gets two connections."""
    threads = [threading.Thread(target=get, args=(transport, path, 20)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@pytest.fixture
def connect(serve: Serve) -> Iterator[Callable[..., Transport]]:
    """Open transports to one origin each; further arguments are those of Origin."""
    del serve  # servers end after their transports
    with ExitStack() as stack:

        def make(
            url: str,
            *,
            body_bytes: int = 100_000,
            options: TransportOptions = _DEFAULTS,
            **origin: Any,  # noqa: ANN401 - any field
        ) -> Transport:
            limits = Limits(body_bytes=body_bytes)
            transport = Transport(Origin(url, **origin), limits, TlsContexts(), options)
            stack.callback(transport.close)
            return transport

        yield make


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """Make the authority that transports trust."""
    return trustme.CA()


@pytest.fixture(scope="module")
def ca_file(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Write the certificate of that authority to a file."""
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    authority.cert_pem.write_to_path(path)
    return str(path)


def run_program(program: str, *arguments: str) -> str:
    """Run a Python program; return its output."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.strip()
