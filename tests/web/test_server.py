"""The server on real sockets: patient with the honest, short with the others, quick to stop."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection
from typing import TYPE_CHECKING

import pytest

from tests.web.fakes import FakeBackend, an_application
from waexporter.errors import CommandError
from waexporter.web.protocol import DEFAULT_CONNECTION_LIMITS, ConnectionLimits
from waexporter.web.server import Server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from waexporter.web.backend import PageRequest

LOOPBACK = "127.0.0.1"
SHORT = ConnectionLimits(keep_alive=1, closing=0.3, drain=1, connections=4)  # and long for who is just slow
BIG_PAGE = (b"x" * 1_000_000,) * 30  # more than the buffers of any socket


@dataclass
class GatedExporter(FakeBackend):
    """Keeps every page back until the gate is opened."""

    asked: threading.Event = field(default_factory=threading.Event)
    gate: threading.Event = field(default_factory=threading.Event)

    def metrics(self, page_request: PageRequest) -> tuple[bytes, ...]:
        """Wait, then return the page."""
        self.asked.set()
        assert self.gate.wait(60)
        return super().metrics(page_request)


@contextmanager
def serving(backend: FakeBackend, limits: ConnectionLimits = SHORT) -> Iterator[Server]:
    """Serve an exporter on a free port."""
    with Server(an_application(backend), LOOPBACK, 0, limits).background() as server:
        yield server


def connect(server: Server) -> socket.socket:
    """Return a connection whose reads time out after a minute."""
    return socket.create_connection((LOOPBACK, server.port), timeout=60)


def get(server: Server, path: str = "/-/healthy", method: str = "GET") -> tuple[int, dict[str, str], bytes]:
    """Ask as an honest client."""
    with closing(HTTPConnection(LOOPBACK, server.port, timeout=60)) as client:
        client.request(method, path)
        response = client.getresponse()
        headers = {name.lower(): value for name, value in response.getheaders()}
        return response.status, headers, response.read()


def drip(client: socket.socket, server: Server) -> None:
    """Send letter after letter, as slowly as another client is served meanwhile, for at most a minute."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        client.sendall(b"a")
        get(server)


def wait_until_empty(server: Server) -> None:
    """Ask as an honest client again and again until nobody else is left."""
    deadline = time.monotonic() + 60
    while server._loop.server_state.connections:
        assert get(server)[0] == 200
        assert time.monotonic() < deadline


def converse(client: socket.socket) -> bytes:
    """Ask on a connection that stays open."""
    client.sendall(b"GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n")
    received = b""
    while not received.endswith(b"healthy.\n"):
        received += client.recv(65_536)
    return received


def read_all(client: socket.socket) -> bytes:
    """Read until the server hangs up, by FIN or by reset."""
    received = b""
    try:
        while chunk := client.recv(65_536):
            received += chunk
    except ConnectionResetError:
        pass
    return received


def test_a_page_arrives_whole_with_its_length_and_the_date() -> None:
    with serving(FakeBackend(page=(b"a 1\n", b"b 2\n"))) as server:
        status, headers, body = get(server, "/metrics")

    assert (status, headers["content-length"], body) == (200, "8", b"a 1\nb 2\n")
    assert "date" in headers
    assert "server" not in headers
    assert "transfer-encoding" not in headers


def test_after_head_the_connection_still_serves() -> None:
    with serving(FakeBackend()) as server, connect(server) as client:
        client.sendall(b"HEAD /metrics HTTP/1.1\r\nHost: x\r\n\r\nGET /metrics HTTP/1.0\r\n\r\n")

        head, _, rest = read_all(client).partition(b"\r\n\r\n")
        _, _, body = rest.partition(b"\r\n\r\n")

    assert b"content-length: 8" in head
    assert rest.startswith(b"HTTP/1.1 200 OK\r\n")
    assert body == b"a 1\nb 2\n"


def test_requests_sent_at_once_are_answered_in_turn() -> None:
    with serving(FakeBackend()) as server, connect(server) as client:
        client.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n" * 3)

        received = read_all(client)

    assert received.count(b"HTTP/1.1 200 OK") == 3
    assert received.count(b"a 1\nb 2\n") == 3


def test_a_client_that_sends_no_more_gets_its_answers() -> None:
    backend = GatedExporter()

    with serving(backend) as server, connect(server) as client:
        client.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n" * 2)
        client.shutdown(socket.SHUT_WR)
        assert backend.asked.wait(60)
        get(server)
        backend.gate.set()
        received = read_all(client)

    assert received.count(b"HTTP/1.1 200 OK") == 2


def test_an_address_in_use_is_an_error_before_anything_starts() -> None:
    first = Server(an_application(FakeBackend()), LOOPBACK, 0)
    first.bind()
    second = Server(an_application(FakeBackend()), LOOPBACK, first.port)

    words = f"can't listen on 127.0.0.1:{first.port}: another program listens there already"
    with closing(first), pytest.raises(CommandError, match=words):
        second.bind()


@pytest.mark.parametrize(
    ("host", "port", "words"),
    [
        ("192.0.2.1", 9847, "can't listen on 192.0.2.1:9847: this machine has no such address"),
        ("2001:db8::1", 9847, r"can't listen on \[2001:db8::1\]:9847: "),
        (LOOPBACK, 65_536, "a port is a number from 0 to 65535"),
        (LOOPBACK, -1, "a port is a number from 0 to 65535"),
        ("no-such-host.invalid", 9847, "this name has no address"),
        ("x" * 70, 9847, "this name has no address"),
    ],
)
def test_an_impossible_address_is_an_error_of_one_sentence(host: str, port: int, words: str) -> None:
    with pytest.raises(CommandError, match=words):
        Server(an_application(FakeBackend()), host, port).bind()


@pytest.mark.parametrize("host", ["", "0.0.0.0", "localhost"])
def test_a_wildcard_or_a_name_is_reached_by_ipv4(host: str) -> None:
    with Server(an_application(FakeBackend()), host, 0).background() as server:
        status, _, _ = get(server)

    assert status == 200


def test_the_address_is_free_again_after_the_stop() -> None:
    with serving(FakeBackend()) as server:
        get(server)

    again = Server(an_application(FakeBackend()), LOOPBACK, server.port)
    again.bind()
    again.close()


def test_clients_that_come_before_the_server_runs_are_served() -> None:
    server = Server(an_application(FakeBackend()), LOOPBACK, 0)
    server.bind()

    with connect(server) as client, server.background():
        client.sendall(b"GET /-/healthy HTTP/1.0\r\n\r\n")
        received = read_all(client)

    assert received.startswith(b"HTTP/1.1 200 OK")


def test_an_open_request_is_answered_before_the_server_stops() -> None:
    backend = GatedExporter()
    with serving(backend, ConnectionLimits(drain=60)) as server, connect(server) as client:
        client.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
        assert backend.asked.wait(60)

        server.request_stop()
        backend.gate.set()
        received = read_all(client)

    assert received.startswith(b"HTTP/1.1 200 OK")
    assert received.endswith(b"a 1\nb 2\n")


def test_an_endless_request_does_not_delay_the_stop() -> None:
    backend = GatedExporter()
    with serving(backend) as server, connect(server) as client:
        client.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
        assert backend.asked.wait(60)

        server.request_stop()
        received = read_all(client)
    backend.gate.set()

    assert received.startswith(b"HTTP/1.1 503 Service Unavailable")
    assert received.endswith(b"The exporter is stopping.\n")


@pytest.mark.parametrize(
    "said",
    [b"", b"GET /metrics HTTP/1.1\r\n", b"GET /metrics HTTP/1.1\r\nHost: x\r\nA: "],
    ids=["nothing", "one line", "half a header"],
)
def test_a_client_that_never_completes_a_request_is_cut_off(said: bytes) -> None:
    with serving(FakeBackend(), ConnectionLimits(first_request=0.3)) as server, connect(server) as client:
        client.sendall(said)

        received = read_all(client)

    assert received == b""


def test_a_client_that_sends_byte_by_byte_is_cut_off() -> None:
    with serving(FakeBackend(), ConnectionLimits(first_request=0.3)) as server, connect(server) as client:
        client.sendall(b"GET /metrics HTTP/1.1\r\nA: ")
        with pytest.raises(ConnectionError):
            drip(client, server)


def test_a_later_request_must_be_complete_within_the_keep_alive_time() -> None:
    limits = ConnectionLimits(keep_alive=1, closing=0.1)
    with serving(FakeBackend(), limits) as server, connect(server) as client:
        client.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\nGET /metrics HTTP/1.1\r\n")

        received = read_all(client)

    assert received.count(b"HTTP/1.1 200 OK") == 1


def test_a_client_that_never_reads_is_cut_off() -> None:
    with (
        serving(FakeBackend(page=BIG_PAGE), ConnectionLimits(reading=0.3)) as server,
        connect(server) as client,
    ):
        client.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
        client.recv(1, socket.MSG_PEEK)  # the answer has begun, so the connection is known to the server
        wait_until_empty(server)

        received = read_all(client)

    assert 0 < len(received) < 30_000_000


def test_a_client_that_reads_too_slowly_is_cut_off() -> None:
    with (
        serving(FakeBackend(page=BIG_PAGE), ConnectionLimits(reading=300, response=0.3)) as server,
        connect(server) as client,
    ):
        client.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
        received = 0
        with suppress(ConnectionError):
            while size := len(client.recv(65_536)):
                received += size
                get(server)

    assert 0 < received < 30_000_000


def test_a_client_that_never_reads_delays_neither_others_nor_the_stop() -> None:
    backend = FakeBackend(page=BIG_PAGE)
    with ExitStack() as stack:
        server = stack.enter_context(serving(backend, ConnectionLimits(drain=1)))
        lazy = [stack.enter_context(connect(server)) for _ in range(10)]
        for client in lazy:
            client.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")

        status, _, _ = get(server)
        begun = time.monotonic()
        stack.pop_all().close()

    assert status == 200
    assert time.monotonic() - begun < DEFAULT_CONNECTION_LIMITS.reading / 2


def test_a_hundred_idle_clients_delay_neither_others_nor_the_stop() -> None:
    with ExitStack() as stack:
        server = stack.enter_context(serving(FakeBackend(), ConnectionLimits(drain=60)))
        for number in range(100):
            client = stack.enter_context(connect(server))
            if number % 2:
                converse(client)
            else:
                client.sendall(b"GET /")

        status, _, _ = get(server)
        server.request_stop()
        begun = time.monotonic()
        stack.pop_all().close()

    assert status == 200
    assert time.monotonic() - begun < 30


def test_the_longest_idle_connection_is_closed_for_a_new_one() -> None:
    with ExitStack() as stack:
        server = stack.enter_context(serving(FakeBackend(), ConnectionLimits(connections=4)))
        resting = [stack.enter_context(connect(server)) for _ in range(4)]
        for client in resting:
            converse(client)

        status, _, _ = get(server)
        first = read_all(resting[0])
        last = converse(resting[-1])

    assert status == 200
    assert first == b""
    assert last.startswith(b"HTTP/1.1 200 OK")


def test_headers_without_end_are_refused() -> None:
    with serving(FakeBackend()) as server, connect(server) as client:
        client.sendall(b"GET / HTTP/1.1\r\n" + b"A: " + b"a" * 200_000)

        received = read_all(client)

    assert received.startswith(b"HTTP/1.1 431 Request Header Fields Too Large\r\n")
    assert received.endswith(b"The request line and the headers must be at most 32768 bytes.\n")


@pytest.mark.parametrize(("size", "status"), [(32_000, b"200"), (49_300, b"431")])
def test_a_long_head_that_comes_whole_is_refused_like_one_that_comes_in_parts(
    size: int, status: bytes
) -> None:
    with serving(FakeBackend()) as server, connect(server) as client:
        client.sendall(
            b"GET /-/healthy HTTP/1.1\r\nHost: x\r\nConnection: close\r\nA: " + b"a" * size + b"\r\n\r\n"
        )

        received = read_all(client)

    assert received.startswith(b"HTTP/1.1 " + status)


@pytest.mark.parametrize("request_stop", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_process_with_success(request_stop: signal.Signals) -> None:
    script = (
        "from tests.web.fakes import FakeBackend, an_application\n"
        "from waexporter.web.server import Server\n"
        "server = Server(an_application(FakeBackend()), '127.0.0.1', 0)\n"
        "server.bind()\n"
        "print(server.port, flush=True)\n"
        "server.run()\n"
        "print('went on', flush=True)\n"
    )
    command = [sys.executable, "-W", "error", "-c", script]

    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        with closing(HTTPConnection(LOOPBACK, port, timeout=60)) as client:
            client.request("GET", "/-/healthy")
            assert client.getresponse().status == 200
            process.send_signal(request_stop)
            out, err = process.communicate(timeout=60)

    assert (process.returncode, out, err) == (0, "went on\n", "")


def test_an_interrupt_before_the_loop_runs_ends_the_process_with_success() -> None:
    script = (
        "import asyncio, os, signal\n"
        "from tests.web.fakes import FakeBackend, an_application\n"
        "from waexporter.web.server import Server\n"
        "class Loop(asyncio.SelectorEventLoop):\n"
        "    def __init__(self):\n"
        "        os.kill(os.getpid(), signal.SIGINT)\n"
        "        super().__init__()\n"
        "asyncio.SelectorEventLoop = Loop\n"
        "Server(an_application(FakeBackend()), '127.0.0.1', 0).run()\n"
        "print('went on', flush=True)\n"
    )

    ended = subprocess.run(
        [sys.executable, "-W", "error", "-c", script], capture_output=True, text=True, timeout=60, check=False
    )

    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "went on\n", "")
