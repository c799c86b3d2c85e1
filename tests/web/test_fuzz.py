"""Arbitrary bytes, targets and headers on a real socket: never a crash, and the next client is served."""

from __future__ import annotations

import re
import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import quote

import bcrypt
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.running.examples import examples
from tests.web.fakes import Diary, FakeBackend, a_target, an_application
from tests.web.pagers import FakePager
from tests.web.test_server import LOOPBACK, connect, get, read_all
from waexporter.model import Secret, WebSecurity
from waexporter.web.protocol import ConnectionLimits
from waexporter.web.routes import ROUTES
from waexporter.web.security.current_security import CurrentSecurity, prepare_security
from waexporter.web.server import Server

if TYPE_CHECKING:
    from collections.abc import Iterator

USERS = (("alice", Secret(bcrypt.hashpw(b"right", bcrypt.gensalt(4)).decode())),)
GUARDED = WebSecurity(users=USERS, bearer_tokens=(Secret("a-token-of-some-length"),))
LIMITS = ConnectionLimits(first_request=0.2, keep_alive=1, closing=0.2, drain=1)
SECRETS = (b"right", b"$2b$", b"a-token-of-some-length", b"Traceback")

_token = st.text(st.characters(codec="ascii", categories=("L", "N")) | st.sampled_from("-_"), min_size=1)
_latin = st.text(st.characters(codec="latin-1", exclude_characters="\r\n"), max_size=40)
_segment = st.one_of(
    st.sampled_from(
        ["..", ".", "", "%2e%2e", "%252e", "..%2f", "%5c..", "\\..", "etc", "passwd", "%00", "%", ";"]
    ),
    st.sampled_from([part for route in ROUTES for part in route.path.split("/") if part]),
    st.text(max_size=8).map(lambda text: quote(text, safe="")),
    st.text(max_size=8).map(lambda text: quote(text, safe="/?#[]@!$&'()*+,;=:")),
)
_path = st.lists(_segment, max_size=6).map(lambda parts: "/" + "/".join(parts))
_target = st.one_of(
    _path,
    st.builds("{}?{}".format, _path, st.text(max_size=20).map(lambda text: quote(text, safe="=&%"))),
    st.builds("http://{}{}".format, _token, _path),
    st.sampled_from(["*", "x:443", "http:", "//", "", "?", "#"]),
)
_NAMES = (
    *("Accept", "Accept-Encoding", "Authorization", "Content-Type", "Origin", "Range", "Cookie", "Host"),
    *("X-Prometheus-Scrape-Timeout-Seconds", "If-None-Match", "If-Modified-Since", "Content-Encoding"),
    *("X-Forwarded-For", "Expect", "Upgrade", "Connection", "Sec-Fetch-Site"),
)
_header = st.tuples(
    st.sampled_from(_NAMES) | _token,
    _latin
    | st.sampled_from(["Basic YWxpY2U6", "Bearer ", "gzip;q=nan", "*/*;q=1e999", "1e999", "-0", "nan"]),
)


@contextmanager
def serving(diary: Diary, security: WebSecurity) -> Iterator[Server]:
    backend = FakeBackend(shown=(a_target(),), pager=FakePager())  # type: ignore[arg-type]
    application = an_application(backend, diary, security=CurrentSecurity(prepare_security(security)))
    with Server(application, LOOPBACK, 0, LIMITS).background() as server:
        yield server


def exchange(server: Server, said: bytes) -> bytes:
    """Send, end the sending, and read until the server hangs up."""
    with connect(server) as client:
        client.sendall(said)
        client.shutdown(socket.SHUT_WR)
        return read_all(client)


def check(received: bytes, diary: Diary) -> set[int]:
    """Check that an answer blames the client and shows no secret; return its status codes."""
    statuses = [int(status) for status in re.findall(rb"^HTTP/1\.1 (\d{3}) ", received, re.MULTILINE)]
    assert received == b"" or received.startswith(b"HTTP/1.1 ")
    assert all(status < 500 or status == 501 for status in statuses), received
    assert diary.crashes == 0, diary.logged
    assert not any(secret in received for secret in SECRETS)
    return set(statuses)


def test_arbitrary_bytes_crash_nothing() -> None:
    diary = Diary()
    seen: set[int] = set()
    with serving(diary, WebSecurity()) as server:

        @settings(max_examples=examples(150))
        @given(
            st.binary(max_size=200)
            | st.builds(lambda *parts: b"GET /" + b"".join(parts), st.binary(), st.binary())
        )
        def send(said: bytes) -> None:
            seen.update(check(exchange(server, said + b"\r\n\r\n"), diary))

        send()
        assert get(server)[0] == 200
    assert 400 in seen


def test_arbitrary_targets_and_headers_crash_nothing() -> None:
    diary = Diary()
    seen: set[int] = set()
    with serving(diary, WebSecurity()) as server:

        @settings(max_examples=examples(300))
        @given(
            st.sampled_from(["GET", "HEAD", "POST", "OPTIONS", "PUT"]) | _token,
            _target,
            st.lists(_header, max_size=5),
        )
        def send(method: str, target: str, headers: list[tuple[str, str]]) -> None:
            lines = [f"{method} {target} HTTP/1.1", "Host: x", *(f"{name}: {text}" for name, text in headers)]
            said = "\r\n".join([*lines, "Connection: close", "", ""]).encode("latin-1")
            seen.update(check(exchange(server, said), diary))

        send()
        assert get(server)[0] == 200
    assert {200, 400, 404, 405} <= seen


def test_no_target_and_no_header_gets_past_the_users() -> None:
    diary = Diary()
    seen: set[int] = set()
    with serving(diary, GUARDED) as server:

        @settings(max_examples=examples(300))
        @given(_target, st.lists(_header, max_size=3))
        def send(target: str, headers: list[tuple[str, str]]) -> None:
            lines = [f"GET {target} HTTP/1.1", "Host: x", *(f"{name}: {text}" for name, text in headers)]
            received = exchange(server, "\r\n".join([*lines, "Connection: close", "", ""]).encode("latin-1"))
            seen.update(check(received, diary))
            if received.startswith(b"HTTP/1.1 2"):
                assert b"The exporter is " in received

        send()
        assert get(server)[0] == 200
    assert 401 in seen
