"""One poll against a server on loopback: every way it can end becomes a value with a sentence."""

from __future__ import annotations

import contextlib
import json
import socket
import socketserver
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
import trustme

from tests.transport.servers import server_context
from waexporter.model import (
    Credentials,
    Drop,
    Endpoint,
    Failure,
    Health,
    Limits,
    PollPlan,
    Reading,
    Reason,
    Secret,
    Status,
    Success,
    Target,
)
from waexporter.model import now as real_now
from waexporter.polling.on_premises import COLLECTORS
from waexporter.polling.poller import Poller
from waexporter.transport.tls import TlsContexts
from waexporter.whatsapp.client import Client

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator

PASSWORD = "s3cret-in-tests"
HEALTH = b'{"health":{"gateway_status":"connected"},"meta":{"version":"v2.45.1"}}'


@dataclass
class Upstream(socketserver.ThreadingTCPServer):
    """A client's webapp: answers every request with the same bytes, or with silence."""

    answer: bytes = b""
    is_silent: bool = False
    tls: ssl.SSLContext | None = None
    asked: list[bytes] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)

    daemon_threads = True
    allow_reuse_address = True

    def __post_init__(self) -> None:
        socketserver.ThreadingTCPServer.__init__(self, ("127.0.0.1", 0), _Conversation)

    def handle_error(self, request: object, client_address: object) -> None:
        """Log nothing, since some tests break connections on purpose."""

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.server_address[1]}"


class _Conversation(socketserver.BaseRequestHandler):
    server: Upstream

    def handle(self) -> None:
        connection: socket.socket = self.request
        if self.server.tls is not None:
            connection = self.server.tls.wrap_socket(connection, server_side=True)
        asked = b""
        while b"\r\n\r\n" not in asked:
            received = connection.recv(65536)
            if not received:
                return
            asked += received
        self.server.asked.append(asked)
        if self.server.is_silent:
            self.server.released.wait(60)
        connection.sendall(self.server.answer)
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)


Upstreams = Callable[..., Upstream]


@pytest.fixture
def upstream() -> Iterator[Upstreams]:
    started: list[Upstream] = []

    def start(answer: bytes = b"", *, is_silent: bool = False, tls: ssl.SSLContext | None = None) -> Upstream:
        server = Upstream(answer, is_silent, tls)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        started.append(server)
        return server

    yield start
    for server in started:
        server.released.set()
        server.shutdown()
        server.server_close()


def http(status: int, body: bytes, *headers: str, length: int | None = None) -> bytes:
    lines = [
        f"HTTP/1.1 {status} Whatever",
        "Content-Type: application/json",
        f"Content-Length: {len(body) if length is None else length}",
        "Connection: close",
        *headers,
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def fault(code: int, title: str, details: str = "") -> bytes:
    return json.dumps({"errors": [{"code": code, "title": title, "details": details}]}).encode()


def poll(
    url: str,
    endpoint: Endpoint = Endpoint.HEALTH,
    *,
    auth: Credentials | None = None,
    limits: Limits | None = None,
    timeout: float = 30.0,
) -> Reading:
    plans = {endpoint: PollPlan(30.0, timeout)}
    target = Target("t", url, auth=auth or Credentials(), plans=plans, labels=(("region", "eu"),))
    client = Client(target, limits or Limits(), TlsContexts())
    try:
        return Poller(client, endpoint, limits or Limits(), real_now).poll()
    finally:
        client.close()


# --- success -----------------------------------------------------------------------------------


def test_health_is_understood(upstream: Upstreams) -> None:
    server = upstream(http(200, HEALTH))

    reading = poll(server.url)

    assert isinstance(reading.outcome, Success)
    assert isinstance(reading.outcome.document, Health)
    assert reading.outcome.document.gateways[0].status is Status.CONNECTED
    assert (reading.target, reading.endpoint) == ("t", Endpoint.HEALTH)
    assert 0 < reading.duration < 5
    assert server.asked[0].startswith(b"GET /v1/health HTTP/1.1\r\n")


STATISTICS = {
    Endpoint.APP: {"stats": {"app": {"x": {"type": "gauge", "data": [{"value": 1}, {"value": "bad"}]}}}},
    Endpoint.DB: {"stats": {"db": {"x": {"type": "gauge", "data": [{"value": 1}, {"value": "bad"}]}}}},
    Endpoint.WEB: {"metrics": {"x": {"type": "gauge", "data": [{"value": 1}, {"value": "bad"}]}}},
}


@pytest.mark.parametrize(
    ("endpoint", "document"), STATISTICS.items(), ids=[each.value for each in STATISTICS]
)
def test_statistics_become_lines_with_the_targets_labels(
    upstream: Upstreams, endpoint: Endpoint, document: dict[str, object]
) -> None:
    server = upstream(http(200, json.dumps(document).encode()))

    reading = poll(server.url, endpoint)

    assert isinstance(reading.outcome, Success)
    assert reading.outcome.parts[0].fragments[0].lines == b'whatsapp_x{target="t",region="eu"} 1\n'
    assert reading.outcome.dropped == ((Drop.NOT_A_NUMBER, 1),)
    assert server.asked[0].startswith(f"GET {COLLECTORS[endpoint].path} HTTP/1.1\r\n".encode())


def test_the_reply_is_given_beside_the_reading(upstream: Upstreams) -> None:
    server = upstream(http(200, HEALTH))
    target = Target("t", server.url, plans={Endpoint.HEALTH: PollPlan(30.0, 5.0)})
    client = Client(target, Limits(), TlsContexts())

    _, reply = Poller(client, Endpoint.HEALTH, Limits(), real_now).poll_with_reply()

    client.close()
    assert reply is not None
    assert reply.body == HEALTH


# --- failures ----------------------------------------------------------------------------------

HTML = b"<!DOCTYPE html><html>log in</html>"
REPLIES: dict[str, tuple[bytes, Reason, int | None, int | None]] = {
    "401": (http(401, fault(1005, "Access denied")), Reason.REFUSED, 1005, 401),
    "403": (http(403, fault(1005, "App Expired")), Reason.REFUSED, 1005, 403),
    "401 of a proxy": (http(401, HTML), Reason.REFUSED, None, 401),
    "429": (http(429, fault(1015, "Too many requests")), Reason.RATE_LIMITED, 1015, 429),
    "429 of a proxy": (http(429, b""), Reason.RATE_LIMITED, None, 429),
    "1015 with another status": (http(503, fault(1015, "Too many requests")), Reason.RATE_LIMITED, 1015, 429),
    "404": (http(404, fault(1006, "Not found")), Reason.STATUS, 1006, 404),
    "500": (http(500, fault(1014, "Internal error", "core1:6252")), Reason.STATUS, 1014, 500),
    "502 of a proxy": (http(502, HTML), Reason.STATUS, None, 502),
    "503": (http(503, fault(1016, "Overloaded")), Reason.STATUS, 1016, 503),
    "a redirect": (http(302, b"", "Location: https://elsewhere/"), Reason.STATUS, None, 302),
    "errors in a 2xx": (http(200, fault(1014, "Internal error")), Reason.BODY, 1014, 500),
    "a web page": (http(200, HTML), Reason.BODY, None, None),
    "nothing": (http(200, b""), Reason.BODY, None, None),
    "half a document": (http(200, HEALTH[:20]), Reason.BODY, None, None),
    "another document": (http(200, b'{"status":"ok"}'), Reason.BODY, None, None),
    "an answer cut short": (http(200, HEALTH, length=500), Reason.BODY, None, None),
    "no HTTP": (b"SSH-2.0-OpenSSH_9.2\r\n", Reason.BODY, None, None),
    "a closed connection": (b"", Reason.UNREACHABLE, None, None),
}


@pytest.mark.parametrize(("answer", "reason", "code", "status"), REPLIES.values(), ids=REPLIES.keys())
def test_a_reply_that_is_no_answer_becomes_a_failure(
    upstream: Upstreams, answer: bytes, reason: Reason, code: int | None, status: int | None
) -> None:
    server = upstream(answer)

    outcome = poll(server.url).outcome

    assert isinstance(outcome, Failure)
    assert (outcome.reason, outcome.code, outcome.status) == (reason, code, status)
    assert outcome.message
    assert "\n" not in outcome.message


def test_an_answer_that_is_too_large_is_not_read_to_its_end(upstream: Upstreams) -> None:
    server = upstream(http(200, b" " * 5000 + HEALTH))

    outcome = poll(server.url, limits=Limits(body_bytes=1000)).outcome

    assert isinstance(outcome, Failure)
    assert outcome.reason is Reason.TOO_LARGE
    assert "1000 bytes (limits.body_bytes)" in outcome.message


def test_silence_ends_at_the_timeout_which_is_named(upstream: Upstreams) -> None:
    server = upstream(is_silent=True)

    reading = poll(server.url, timeout=0.2)

    assert isinstance(reading.outcome, Failure)
    assert reading.outcome.reason is Reason.TIMEOUT
    assert "poll.health: timeout 0.2 s" in reading.outcome.message
    assert 0.15 < reading.duration < 5


def test_nobody_at_the_address_is_unreachable(free_port: int) -> None:
    outcome = poll(f"http://127.0.0.1:{free_port}").outcome

    assert isinstance(outcome, Failure)
    assert outcome.reason is Reason.UNREACHABLE
    assert "refused" in outcome.message.lower()


def test_a_certificate_of_a_stranger_is_no_tls(upstream: Upstreams) -> None:
    server = upstream(http(200, HEALTH), tls=server_context(trustme.CA().issue_cert("127.0.0.1")))

    outcome = poll(server.url).outcome

    assert isinstance(outcome, Failure)
    assert outcome.reason is Reason.TLS
    assert "tls.ca_file" in outcome.message


def test_every_reason_but_the_stores_own_has_a_test_here() -> None:
    elsewhere = {Reason.TOO_LARGE, Reason.TIMEOUT, Reason.TLS}  # the tests above
    of_the_store = {Reason.STALE_NODE}

    assert {reason for _, reason, _, _ in REPLIES.values()} | elsewhere | of_the_store == set(Reason)


def test_a_refused_login_says_so_without_the_password(upstream: Upstreams) -> None:
    server = upstream(http(401, fault(1005, "Access denied", f"wrong: {PASSWORD[:3]}...")))

    reading = poll(server.url, auth=Credentials(username="monitor", password=Secret(PASSWORD)))

    assert isinstance(reading.outcome, Failure)
    assert reading.outcome.reason is Reason.REFUSED
    assert PASSWORD not in repr(reading)
    assert dict(reading.account.logins)["refused"] == 1


def test_a_crash_of_ours_is_a_failure_that_names_the_log_and_no_secret(free_port: int) -> None:
    target = Target("t", f"http://127.0.0.1:{free_port}", plans={Endpoint.HEALTH: PollPlan(30.0, 5.0)})
    client = Client(target, Limits(), TlsContexts())

    reading = Poller(client, Endpoint.HEALTH, Limits(), real_now).crashed_reading(ValueError(PASSWORD))

    client.close()
    assert isinstance(reading.outcome, Failure)
    assert reading.outcome.reason is Reason.BODY
    assert "ValueError" in reading.outcome.message
    assert PASSWORD not in repr(reading)
