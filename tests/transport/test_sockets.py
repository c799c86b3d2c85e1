"""Hosts with several addresses, with none, and with addresses that never answer."""

from __future__ import annotations

import socket
import time
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Any

import pytest

from tests.transport.fixtures import SOON, get
from tests.transport.servers import always, response, silent
from waexporter.errors import UnreachableError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.transport.fixtures import Connect, Serve

OK = response(b"{}")


@pytest.fixture
def black_hole() -> Iterator[int]:
    """Yield a port that neither accepts nor refuses a connection: its listener's queue is full."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(4):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)  # noqa: FBT003 - as in the standard library
            with suppress(BlockingIOError):
                filler.connect(listener.getsockname())
        yield listener.getsockname()[1]


def _resolve_to(monkeypatch: pytest.MonkeyPatch, *ports: int) -> list[tuple[str, int]]:
    """Resolve every host to these ports of loopback, as if each were an address; return what is asked."""
    asked: list[tuple[str, int]] = []

    def found(host: str, asked_port: int, **_: object) -> list[Any]:
        asked.append((host, asked_port))
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port)) for port in ports]

    monkeypatch.setattr(socket, "getaddrinfo", found)
    return asked


def test_a_target_that_never_accepts_ends_at_the_deadline(connect: Connect, black_hole: int) -> None:
    client = connect(f"http://127.0.0.1:{black_hole}")
    began = time.monotonic()

    with pytest.raises(UnreachableError, match="no complete answer in time"):
        get(client, "/v1/health", 0.3)

    assert 0.25 < time.monotonic() - began < SOON


def test_a_host_of_many_dead_addresses_ends_at_the_deadline(
    connect: Connect, black_hole: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    _resolve_to(monkeypatch, *[black_hole] * 50)  # 15 s, if each had the time of all
    began = time.monotonic()

    with pytest.raises(UnreachableError, match="no complete answer in time"):
        get(connect("http://wa.example"), "/v1/health", 0.3)

    assert 0.25 < time.monotonic() - began < SOON


def test_of_several_addresses_the_first_that_answers_is_used(
    serve: Serve, connect: Connect, black_hole: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed, good = serve(silent), serve(always(OK))
    closed.close()
    _resolve_to(monkeypatch, closed.port, black_hole, good.port)

    reply = get(connect("http://wa.example"), "/v1/health", 3)

    assert reply.status == 200


def test_a_host_without_any_address_is_no_crash(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    _resolve_to(monkeypatch)

    with pytest.raises(UnreachableError, match="no connection"):
        get(connect("http://wa.example"), "/v1/health", 20)


def test_a_final_dot_of_a_host_reaches_the_resolver(
    serve: Serve, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = serve(always(OK))
    asked = _resolve_to(monkeypatch, good.port)

    get(connect("http://wa.example.:81"), "/v1/health", 20)

    assert asked == [("wa.example.", 81)]


def test_an_ipv6_address_is_reached(connect: Connect, serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    good = serve(always(OK))
    asked = _resolve_to(monkeypatch, good.port)

    get(connect("http://[::1]:81"), "/v1/health", 20)

    assert asked == [("::1", 81)]
    assert b"Host: [::1]:81" in good.requests[0]
