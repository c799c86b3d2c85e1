"""Crowds of clients that mean harm, on real sockets: meanwhile everybody else is served."""

from __future__ import annotations

import contextlib
import socket
import ssl
from contextlib import ExitStack, closing
from http.client import HTTPConnection, HTTPSConnection
from typing import TYPE_CHECKING

import pytest
import trustme

from tests.e2e.waiting import wait_for
from tests.web.fakes import Diary, FakeBackend, an_application
from tests.web.pagers import PATH, FakePager, pager_application
from tests.web.security.test_handshake import a_server_tls, trusting
from tests.web.test_server import BIG_PAGE, LOOPBACK, GatedExporter, connect, read_all
from waexporter.model import WebSecurity
from waexporter.paging.intake.alertmanager_webhook import MAX_BODY
from waexporter.web.asgi import RequestLimits
from waexporter.web.bounds.connection_limit import ConnectionRefusal
from waexporter.web.protocol import ConnectionLimits
from waexporter.web.security.current_security import CurrentSecurity, prepare_security
from waexporter.web.server import Server

if TYPE_CHECKING:
    from collections.abc import Iterator

ELSEWHERE = "127.0.0.2"  # the address of hostile clients
CROWD = 500
# Nobody is cut off by time here: only the limit of connections protects the others.
PATIENT = ConnectionLimits(handshake=300, first_request=300, reading=300, drain=1, connections=256)
REQUEST = b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"
AUTHORITY = trustme.CA()
SECURITY = WebSecurity(a_server_tls(AUTHORITY))


def open_connections(server: Server, count: int, stack: ExitStack, address: str) -> list[socket.socket]:
    """Return connections from an address, which never block."""
    opened = []
    for _ in range(count):
        client = socket.create_connection((LOOPBACK, server.port), timeout=60, source_address=(address, 0))
        client.settimeout(0)
        opened.append(stack.enter_context(client))
    return opened


def say(clients: list[socket.socket], words: bytes) -> None:
    """Send on all connections that are open yet."""
    for client in clients:
        with contextlib.suppress(OSError):
            client.send(words)


def scrape(server: Server, *, by_tls: bool, address: str = LOOPBACK) -> tuple[int, bytes]:
    """Ask for a page in a new connection as Prometheus does."""
    source = (address, 0)
    client = (
        HTTPSConnection(LOOPBACK, server.port, timeout=60, context=trusting(AUTHORITY), source_address=source)
        if by_tls
        else HTTPConnection(LOOPBACK, server.port, timeout=60, source_address=source)
    )
    with closing(client):
        client.request("GET", "/metrics")
        response = client.getresponse()
        return response.status, response.read()


def first_bytes(*, by_tls: bool) -> Iterator[bytes]:
    """Yield the first bytes of a request, one by one."""
    if not by_tls:
        for number in REQUEST[:-1]:
            yield bytes((number,))
        return
    outgoing = ssl.MemoryBIO()
    tls = trusting(AUTHORITY).wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname=LOOPBACK)
    with contextlib.suppress(ssl.SSLWantReadError):
        tls.do_handshake()
    for number in outgoing.read():
        yield bytes((number,))


@pytest.mark.parametrize("address", [LOOPBACK, ELSEWHERE])
@pytest.mark.parametrize("by_tls", [False, True], ids=["plain", "tls"])
def test_five_hundred_idle_connections_cost_no_scrape(*, by_tls: bool, address: str) -> None:
    security = CurrentSecurity(prepare_security(SECURITY if by_tls else WebSecurity()))
    diary = Diary()
    application = an_application(FakeBackend(), diary, security=security)

    with Server(application, LOOPBACK, 0, PATIENT).background() as server, ExitStack() as crowd:
        open_connections(server, CROWD, crowd, address)
        answers = [scrape(server, by_tls=by_tls) for _ in range(3)]
        open_ones = len(server._loop._settings.table)

    assert answers == [(200, b"a 1\nb 2\n")] * 3
    assert open_ones <= PATIENT.connections
    assert {(refusal, peer) for refusal, peer, _ in diary.refusals} == {(ConnectionRefusal.LIMIT, address)}


@pytest.mark.parametrize("address", [LOOPBACK, ELSEWHERE])
@pytest.mark.parametrize("by_tls", [False, True], ids=["head", "handshake"])
def test_five_hundred_clients_that_send_byte_by_byte_cost_no_scrape(*, by_tls: bool, address: str) -> None:
    security = CurrentSecurity(prepare_security(SECURITY if by_tls else WebSecurity()))
    application = an_application(FakeBackend(), security=security)

    answers = []
    with Server(application, LOOPBACK, 0, PATIENT).background() as server, ExitStack() as crowd:
        clients: list[socket.socket] = []
        for number, byte in zip(range(10), first_bytes(by_tls=by_tls), strict=False):
            clients += open_connections(server, CROWD // 10, crowd, address)
            say(clients, byte)
            if number % 3 == 0:
                answers.append(scrape(server, by_tls=by_tls))
        open_ones = len(server._loop._settings.table)

    assert answers == [(200, b"a 1\nb 2\n")] * 4
    assert open_ones <= PATIENT.connections


def test_handshakes_that_stop_after_the_first_record_cost_no_scrape() -> None:
    security = CurrentSecurity(prepare_security(SECURITY))
    hello = b"".join(first_bytes(by_tls=True))
    limits = ConnectionLimits(handshake=300, drain=1, connections=50)

    with (
        Server(an_application(FakeBackend(), security=security), LOOPBACK, 0, limits).background() as server,
        ExitStack() as crowd,
    ):
        say(open_connections(server, 100, crowd, LOOPBACK), hello)
        answer = scrape(server, by_tls=True)
        open_ones = len(server._loop._settings.table)

    assert answer == (200, b"a 1\nb 2\n")
    assert open_ones <= limits.connections


def test_readers_that_do_not_read_cost_no_scrape(caplog: pytest.LogCaptureFixture) -> None:
    backend = FakeBackend(page=BIG_PAGE)
    limits = ConnectionLimits(reading=300, drain=1, connections=32)

    with (
        Server(an_application(backend), LOOPBACK, 0, limits).background() as server,
        ExitStack() as crowd,
    ):
        say(open_connections(server, 100, crowd, ELSEWHERE), REQUEST * 3)
        from_another_address = [scrape(server, by_tls=False) for _ in range(3)]
        from_theirs = scrape(server, by_tls=False, address=ELSEWHERE)  # all of them wait to be read by now
        open_ones = len(server._loop._settings.table)

    assert [(status, len(page)) for status, page in from_another_address] == [(200, 30_000_000)] * 3
    assert (from_theirs[0], len(from_theirs[1])) == (200, 30_000_000)
    assert open_ones <= limits.connections
    assert [each for each in caplog.records if each.name == "asyncio"] == []


@pytest.mark.parametrize("excluded", [(), ("/-/healthy", "/-/ready", "/metrics")], ids=["none", "metrics"])
def test_a_connection_too_many_is_told_to_come_again_and_probes_of_kubernetes_are_answered(
    excluded: tuple[str, ...],
) -> None:
    backend = GatedExporter()
    diary = Diary()
    security = CurrentSecurity(prepare_security(WebSecurity(excluded_paths=excluded)))
    application = an_application(backend, diary, security=security)
    limits = ConnectionLimits(drain=60, connections=1)

    with Server(application, LOOPBACK, 0, limits).background() as server, connect(server) as busy:
        busy.sendall(REQUEST)
        assert backend.asked.wait(60)
        with connect(server) as late:
            late.sendall(REQUEST)
            refused = read_all(late)
        is_healthy = scrape_health(server)
        backend.gate.set()
        answer = busy.recv(17)

    assert refused.startswith(b"HTTP/1.1 503 Service Unavailable\r\n")
    assert b"\r\nretry-after: 1\r\n" in refused
    assert refused.endswith(b"\r\n\r\nToo many connections are open already.\n")
    assert is_healthy
    assert answer == b"HTTP/1.1 200 OK\r\n"
    assert ("/metrics", 503) in diary.requests


def scrape_health(server: Server) -> bool:
    with closing(HTTPConnection(LOOPBACK, server.port, timeout=60)) as client:
        client.request("GET", "/-/healthy")
        return client.getresponse().status == 200


# --- bodies ------------------------------------------------------------------------------------


def test_half_sent_bodies_of_one_client_leave_room_for_those_of_others() -> None:
    pager = FakePager()
    half = 2 * 1024 * 1024
    application = pager_application(pager, limits=RequestLimits(body_bytes=2 * half, body_timeout=300))
    head = b"POST /api/v1/alerts HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n"

    with (
        Server(application, LOOPBACK, 0, PATIENT).background() as server,
        ExitStack() as crowd,
    ):
        clients = open_connections(server, 10, crowd, ELSEWHERE)
        for client in clients:
            client.settimeout(60)
        for client in clients[:2]:
            client.sendall(head % (half // 2 + 1) + bytes(half // 2))
        wait_for(application._bodies._used.total, until=lambda taken: taken == half)
        refusals = []
        for client in clients[2:]:
            client.sendall(head % 10 + bytes(5))
            refusals.append(client.recv(12))
        with connect(server) as honest:
            honest.sendall(head % 1_000_000 + bytes(1_000_000))
            honest.sendall(b"GET /-/healthy HTTP/1.0\r\n\r\n")
            received = read_all(honest)

    assert refusals == [b"HTTP/1.1 503"] * 8
    assert received.startswith(b"HTTP/1.1 200 OK")
    assert [len(each) for each in pager.received] == [1_000_000]


@pytest.mark.parametrize("is_chunked", [False, True])
def test_a_client_whose_body_is_too_large_reads_why(*, is_chunked: bool) -> None:
    body = [bytes(1_000_000)] * 20 if is_chunked else bytes(20_000_000)

    with (
        Server(pager_application(FakePager()), LOOPBACK, 0).background() as server,
        closing(HTTPConnection(LOOPBACK, server.port, timeout=60)) as client,
    ):
        client.request("POST", PATH, body, encode_chunked=is_chunked)
        response = client.getresponse()

        assert response.status == 413
        assert response.read() == f"The body must be at most {MAX_BODY} bytes.\n".encode()
