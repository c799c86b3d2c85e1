"""Clients and the servers they talk to, ended with the test."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

from tests.transport.servers import Server
from waexporter.model import Limits, Target
from waexporter.transport.connections import TransportOptions
from waexporter.transport.tls import TlsContexts
from waexporter.whatsapp.client import Client

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator

    from tests.transport.servers import Script

    Serve = Callable[..., Server]
    Connect = Callable[..., Client]


_USUAL = TransportOptions()


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    """Start servers."""
    with ExitStack() as stack:

        def start(script: Script, tls: ssl.SSLContext | None = None) -> Server:
            return stack.enter_context(Server(script, tls))

        yield start


@pytest.fixture
def connect(serve: Serve) -> Iterator[Callable[..., Client]]:
    """Make clients of one target each; what is not named here belongs to the target."""
    del serve  # servers end after their clients
    with ExitStack() as stack:

        def make(
            url: str,
            *,
            body_bytes: int = 100_000,
            surroundings: TransportOptions = _USUAL,
            **options: Any,  # noqa: ANN401 - any field
        ) -> Client:
            target = Target("one", url, **options)
            client = Client(target, Limits(body_bytes=body_bytes), TlsContexts(), surroundings)
            stack.callback(client.close)
            return client

        yield make
