"""A name is looked up once for all callers, and no request waits longer than its timeout."""

from __future__ import annotations

import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
import trustme

from tests.transport.fixtures import get, run_program
from tests.transport.servers import always, response, server_context
from waexporter.errors import UnreachableError
from waexporter.model import Reason
from waexporter.transport.connections import TransportOptions
from waexporter.transport.resolver import Resolver, UnresolvedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.transport.fixtures import Connect, Serve
    from waexporter.transport.resolver import Address

NAMES = [f"wa-{number}.example" for number in range(40)]


class Nameserver:
    """A name server that answers every name with loopback, once the test allows it."""

    def __init__(self) -> None:
        self.may_answer = threading.Event()
        self.asked: list[str] = []
        self.failure: Exception | None = None
        self.resolver = Resolver(self.look_up)

    def look_up(self, host: str, port: int) -> list[Address]:
        self.asked.append(host)
        if host in {"127.0.0.1", "::1"}:
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]
        self.may_answer.wait(60)
        if self.failure is not None:
            raise self.failure
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]


@pytest.fixture
def nameserver() -> Iterator[Nameserver]:
    """Start a name server that does not answer until the test ends."""
    nameserver = Nameserver()
    yield nameserver
    nameserver.may_answer.set()


def test_a_name_that_is_not_resolved_in_time_ends_at_the_deadline_and_names_the_resolver(
    nameserver: Nameserver, connect: Connect
) -> None:
    client = connect("http://wa.example", options=TransportOptions(resolver=nameserver.resolver))

    with pytest.raises(UnreachableError, match="the host's name was not resolved in time") as caught:
        get(client, "/v1/health", 0.2)

    assert (caught.value.reason, caught.value.may_have_arrived) == (Reason.TIMEOUT, False)


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]"])
def test_an_address_is_not_kept_waiting_by_names(
    host: str, nameserver: Nameserver, serve: Serve, connect: Connect
) -> None:
    server = serve(always(response()))
    options = TransportOptions(resolver=nameserver.resolver)
    clients = [connect(f"http://{name}:{server.port}", options=options) for name in NAMES]

    with ThreadPoolExecutor(len(NAMES)) as pool:
        waiting = [pool.submit(get, client, "/v1/health", 20) for client in clients]
        reply = get(connect(f"http://{host}:{server.port}", options=options), "/v1/health", 20)
        were_waiting = not any(each.done() for each in waiting)
        nameserver.may_answer.set()
        replies = [each.result() for each in waiting]

    assert (reply.status, were_waiting) == (200, True)
    assert {each.status for each in replies} == {200}


def test_an_address_needs_no_thread() -> None:
    threads: list[threading.Thread] = []

    def look_up(_host: str, _port: int) -> list[Address]:
        threads.append(threading.current_thread())
        return []

    for host in ("127.0.0.1", "::1", "fe80::1%lo"):
        Resolver(look_up).resolve(host, 443, 20)

    assert set(threads) == {threading.current_thread()}


def test_a_running_look_up_is_shared(nameserver: Nameserver) -> None:
    resolver = nameserver.resolver
    for _ in range(3):
        with pytest.raises(UnresolvedError):
            resolver.resolve("wa.example", 443, 0.01)
    with pytest.raises(UnresolvedError):
        resolver.resolve("other.example", 443, 0.01)

    nameserver.may_answer.set()
    found = resolver.resolve("wa.example", 443, 20)

    assert found[0][4] == ("127.0.0.1", 443)
    assert nameserver.asked[:2] == ["wa.example", "other.example"]


def test_a_name_is_looked_up_for_each_connection(nameserver: Nameserver) -> None:
    nameserver.may_answer.set()

    for _ in range(3):
        nameserver.resolver.resolve("wa.example", 443, 20)

    assert nameserver.asked == ["wa.example"] * 3


@pytest.mark.parametrize("failure", [socket.gaierror(-2, "Name or service not known"), MemoryError()])
def test_a_failed_look_up_is_raised_and_not_cached(failure: Exception, nameserver: Nameserver) -> None:
    nameserver.may_answer.set()
    nameserver.failure = failure

    with pytest.raises(type(failure)):
        nameserver.resolver.resolve("wa.example", 443, 20)
    nameserver.failure = None

    assert nameserver.resolver.resolve("wa.example", 443, 20)


@pytest.mark.parametrize("name", ["a..b", "x" * 64 + ".example"])
def test_an_impossible_name_does_not_resolve(name: str) -> None:
    with pytest.raises(socket.gaierror, match="no name of a host"):
        Resolver().resolve(name, 443, 20)


def test_a_handshake_for_certificates_has_one_deadline_with_its_name(
    nameserver: Nameserver, connect: Connect
) -> None:
    client = connect("https://wa.example", options=TransportOptions(resolver=nameserver.resolver))

    with pytest.raises(UnreachableError, match="not resolved in time"):
        client.fetch_certificates(0.2)


def test_certificates_are_served_by_a_name(nameserver: Nameserver, serve: Serve, connect: Connect) -> None:
    nameserver.may_answer.set()
    server = serve(always(response()), server_context(trustme.CA().issue_cert("wa.example")))
    options = TransportOptions(resolver=nameserver.resolver)
    client = connect(f"https://wa.example:{server.port}", options=options)

    served = client.fetch_certificates(20)

    assert served
    assert nameserver.asked == ["wa.example"]


_HANGING = """
import threading
from waexporter.errors import UnreachableError
from waexporter.model import Limits
from waexporter.transport.connections import TransportOptions
from waexporter.transport.exchange import Request
from waexporter.transport.origin import Origin
from waexporter.transport.resolver import Resolver
from waexporter.transport.tls import TlsContexts
from waexporter.transport.transport import Transport

resolver = Resolver(lambda host, port: threading.Event().wait())
options = TransportOptions(resolver=resolver)
client = Transport(Origin("http://wa.example"), Limits(), TlsContexts(), options)
try:
    client.send(Request("GET", "/v1/health"), 0.1)
except UnreachableError as error:
    print(error)
client.close()
"""


def test_a_process_ends_while_a_name_is_being_looked_up() -> None:
    said = run_program(_HANGING)

    assert said == "the host's name was not resolved in time"
