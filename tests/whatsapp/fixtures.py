"""Clients of one target each, closed with the test."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

from waexporter.model import Limits, Target
from waexporter.transport.tls import TlsContexts
from waexporter.whatsapp.client import Client

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.transport.fixtures import Serve

    Connect = Callable[..., Client]


@pytest.fixture
def connect(serve: Serve) -> Iterator[Callable[..., Client]]:
    """Make clients; further arguments are those of Target."""
    del serve  # servers end after their clients
    with ExitStack() as stack:

        def make(
            url: str,
            *,
            body_bytes: int = 100_000,
            **target: Any,  # noqa: ANN401 - any field
        ) -> Client:
            client = Client(Target("one", url, **target), Limits(body_bytes=body_bytes), TlsContexts())
            stack.callback(client.close)
            return client

        yield make
