"""Requests that are unusual, careless or meant to harm: each has an answer that is right, or clear."""

from __future__ import annotations

import gzip
import logging
import re
import tracemalloc
import zlib
from contextlib import closing
from functools import partial
from http.client import HTTPConnection
from typing import TYPE_CHECKING

import pytest

from tests.web.fakes import Diary, FakeBackend, a_target, an_application, an_example
from tests.web.pagers import PATH, TOKEN, FakePager, a_pending_page, pager_application, post
from tests.web.test_server import LOOPBACK, connect, read_all
from waexporter.paging.intake.alertmanager_webhook import MAX_BODY
from waexporter.web.body import unpack
from waexporter.web.responses import IncomingRequest, Response, read_path, split_path
from waexporter.web.routes import ROUTES
from waexporter.web.server import Server

if TYPE_CHECKING:
    from waexporter.web.asgi import Application

LAST = b"GET /-/healthy HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
NO_PATH = "Ask for a path such as /metrics"
NOWHERE = "There is nothing here"
INVALID = "Invalid HTTP request received."
PAGE = "a 1\nb 2\n"


def converse(application: Application, said: bytes) -> list[tuple[int, str]]:
    """Send a request and another one behind it, and read every answer until the connection ends."""
    with Server(application, LOOPBACK, 0).background() as server, connect(server) as client:
        client.sendall(said + LAST)
        received = read_all(client).decode("latin-1")
    heads = re.split(r"HTTP/1\.1 (\d{3}) [^\r]*\r\n", received)[1:]
    return [
        (int(status), rest.partition("\r\n\r\n")[2])
        for status, rest in zip(heads[::2], heads[1::2], strict=True)
    ]


def asked(target: str, *headers: str, method: str = "GET", version: str = "1.1", host: str = "x") -> bytes:
    """Write a request without a body."""
    lines = [f"{method} {target} HTTP/{version}", f"Host: {host}", *headers]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"


# --- what is asked for -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "path"),
    [
        ("/metrics", "/metrics"),
        ("http://wa.example/metrics", "/metrics"),
        ("HTTPS://wa.example:9847/metrics", "/metrics"),
        ("http://[::1]:9847/-/ready", "/-/ready"),
        ("http://me@wa.example/", "/"),
        ("http://wa.example", "/"),
        ("http://wa.example//metrics", "//metrics"),
        ("http://wa.example/http://wa.example/metrics", "/http://wa.example/metrics"),
        ("http:///metrics", ""),
        ("http:/metrics", ""),
        ("http%3A//wa.example/metrics", ""),
        ("ftp://wa.example/metrics", ""),
        ("wa.example:443", ""),
        ("metrics", ""),
        ("*", ""),
        ("", ""),
        ("//wa.example/metrics", "//wa.example/metrics"),
        ("/../metrics", "/../metrics"),
        ("/-%2Freload", "/-%2Freload"),
    ],
)
def test_a_target_names_a_path_or_none(target: str, path: str) -> None:
    assert read_path(target) == path


@pytest.mark.parametrize(
    ("path", "segments"),
    [
        ("/", ("",)),
        ("/%6Detrics", ("metrics",)),
        ("/runbooks/", ("runbooks", "")),
        ("//a/%2e%2e/b", ("", "a", "..", "b")),
        ("/-%2Freload", ("-/reload",)),
        ("/-%2freload", ("-/reload",)),
        ("/-%252freload", ("-%2freload",)),
        ("/%00", ("\0",)),
        ("/%ff", ("\ufffd",)),
        ("/%C3%BC", ("ü",)),
        ("/%", ("%",)),
        ("/a+b;c#d", ("a+b;c#d",)),
    ],
)
def test_a_path_is_split_before_its_parts_are_decoded_once(path: str, segments: tuple[str, ...]) -> None:
    assert split_path(path) == segments


@pytest.mark.parametrize(
    ("said", "status", "words"),
    [
        (asked("http://wa.example/metrics"), 200, PAGE),
        (asked("HTTP://wa.example:80/metrics?x=1"), 200, PAGE),
        (asked("http://wa.example"), 200, "<!doctype html>"),
        (asked("http://wa.example?x=1"), 200, "<!doctype html>"),
        (asked("http://wa.example/nowhere"), 404, NOWHERE),
        (asked("http://wa.example//metrics"), 404, NOWHERE),
        (asked("http:///metrics"), 400, NO_PATH),
        (asked("*", method="OPTIONS"), 400, NO_PATH),
        (asked("wa.example:443", method="CONNECT"), 400, NO_PATH),
        (asked("metrics"), 400, NO_PATH),
        (asked("/%6Detrics"), 200, PAGE),
        (asked("/metrics%2F"), 404, NOWHERE),
        (asked("/metrics%00"), 404, NOWHERE),
        (asked("/%ff"), 404, NOWHERE),
        (asked("/metrics#x"), 404, NOWHERE),
        (asked("/metrics?target=%ff"), 404, "No target is called"),
        (asked("/probe?target=%00"), 404, "No target is called"),
        (asked("/metrics?%ff=%&=&&%00"), 200, PAGE),
        (asked("/sd?shard=%ff"), 400, "The parameter shard"),
        (asked("/metrics", method="get"), 405, "GET, HEAD only"),
        (asked("/metrics", method="TRACE"), 405, "GET, HEAD only"),
        (asked("/metrics", "Expect: 100-continue"), 200, PAGE),
        (asked("/metrics", "Expect: something-else"), 200, PAGE),
        (asked("/metrics", "X_Odd: 1", "Content_Length: 5"), 200, PAGE),
        (asked("/metrics", "Accept: \xff", "Accept-Encoding: \xff;q=\xb2"), 200, PAGE),
        (asked("/metrics", host="a b/..@%%"), 200, PAGE),
        (asked("/metrics", host=""), 200, PAGE),
        (asked("/metrics", "Upgrade: h2c", "Connection: Upgrade, HTTP2-Settings"), 200, PAGE),
        (asked("/metrics", "Upgrade: websocket", "Connection: Upgrade"), 200, PAGE),
        (asked("/metrics", "Content-Length: 3") + b"abc", 200, PAGE),
        (asked("/metrics", "Content-Length: 3, 3") + b"abc", 200, PAGE),
        (asked("/metrics", "Transfer-Encoding: chunked") + b"3\r\nabc\r\n0\r\n\r\n", 200, PAGE),
    ],
)
def test_an_odd_request_has_its_answer_and_the_connection_goes_on(
    said: bytes, status: int, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    diary = Diary()

    with caplog.at_level(logging.WARNING):
        first, second = converse(an_application(FakeBackend(), diary), said)

    assert first[0] == status
    assert words in first[1]
    assert second == (200, "The exporter is healthy.\n")
    assert diary.crashes == 0
    assert [code for _, code in diary.requests] == [status, 200]
    assert caplog.messages == []


TWICE = ("Content-Length: 3", "Transfer-Encoding: chunked")


@pytest.mark.parametrize(
    ("said", "status", "words"),
    [
        (asked("/metrics", *TWICE) + b"0\r\n\r\n", 200, PAGE),
        (asked("/metrics", *reversed(TWICE)) + b"0\r\n\r\n", 200, PAGE),
        (asked("/nowhere", *TWICE) + b"0\r\n\r\n", 404, NOWHERE),
        (asked("/metrics", "Content-Length: 3", "Content-Length: 4") + b"abc", 400, INVALID),
        (asked("/metrics", "Content-Length: 3, 4") + b"abc", 400, INVALID),
        (asked("/metrics", "Content-Length: +3") + b"abc", 400, INVALID),
        (asked("/metrics", "Content-Length: -1"), 400, INVALID),
        (asked("/metrics", "Transfer-Encoding: chunked", "Transfer-Encoding: chunked"), 501, INVALID),
        (asked("/metrics", "Transfer-Encoding: gzip, chunked"), 501, INVALID),
        (asked("/metrics", "Transfer-Encoding: \x0bchunked"), 400, INVALID),
        (asked("/metrics", "Content-Length : 3") + b"abc", 400, INVALID),
        (asked("/metrics", "Host: y"), 400, INVALID),
        (b"GET /metrics HTTP/1.1\r\n\r\n", 400, INVALID),
        (b"GET /metrics\r\n\r\n", 400, INVALID),
        (b"GET /metrics HTTP/1.0\r\n\r\n", 200, PAGE),
        (b"GET /metrics HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", 200, PAGE),
        (asked("/metrics\x00"), 400, INVALID),
        (asked("/metrics\xff"), 400, INVALID),
        (asked("/metrics?target=\xff"), 400, INVALID),
        (asked("/metrics", "A name: 1"), 400, INVALID),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400, INVALID),
    ],
)
def test_the_connection_closes_after_a_request_with_an_ambiguous_length(
    said: bytes, status: int, words: str
) -> None:
    diary = Diary()

    [only] = converse(an_application(FakeBackend(), diary), said)

    assert only[0] == status
    assert words in only[1]
    assert diary.crashes == 0


@pytest.mark.parametrize("path", [each.path for each in ROUTES if "GET" in each.methods])
def test_head_has_the_headers_of_get_without_the_body(path: str) -> None:
    pager = FakePager(latest=(a_pending_page(),))
    backend = FakeBackend(shown=(a_target(),), pager=pager)  # type: ignore[arg-type]
    path = an_example(path)
    query = "?target=support-line" if path == "/probe" else ""

    with (
        Server(an_application(backend), LOOPBACK, 0).background() as server,
        closing(HTTPConnection(LOOPBACK, server.port, timeout=60)) as client,
    ):
        answers = []
        for method in ("GET", "HEAD"):
            client.request(method, path + query)
            response = client.getresponse()
            headers = [(name, value) for name, value in response.getheaders() if name != "date"]
            answers.append((response.status, headers, response.read()))

    (status, headers, body), head = answers
    assert head == (status, headers, b"")
    assert (status, bool(body)) == (200, True)


# --- bodies ------------------------------------------------------------------------------------

BODY = b'{"a": 1}'
pack = partial(gzip.compress, mtime=0)  # names of tests must not change with the time
BARE = zlib.compressobj(wbits=-15)
BARE_BODY = BARE.compress(BODY) + BARE.flush()


def delivered(*headers: str, body: bytes = BODY) -> bytes:
    """Write a webhook."""
    return asked(PATH, f"Content-Length: {len(body)}", *headers, method="POST") + body


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("gzip", pack(BODY)),
        ("GZIP", pack(BODY)),
        ("x-gzip", pack(BODY)),
        ("identity, gzip", pack(BODY)),
        ("gzip", pack(BODY) + bytes(1)),
        ("gzip", pack(BODY) + bytes(4096)),
        ("gzip", pack(BODY[:3]) + pack(BODY[3:])),
        ("gzip", pack(BODY[:3]) + bytes(512) + pack(BODY[3:]) + bytes(512)),
        ("gzip", pack(b"") * 15 + pack(BODY)),
        ("deflate", zlib.compress(BODY)),
        ("deflate", zlib.compress(BODY, 1, 9)),
        ("deflate", BARE_BODY),
        ("identity", BODY),
        ("", BODY),
        (" , ", BODY),
    ],
)
def test_a_packed_body_is_unpacked(coding: str, body: bytes) -> None:
    pager = FakePager()

    first, second = converse(pager_application(pager), delivered(f"Content-Encoding: {coding}", body=body))

    assert (first, second[0]) == ((200, '{"status":"accepted"}'), 200)
    assert pager.received == [BODY]
    assert pager.counted() == {"accepted": 1}


@pytest.mark.parametrize("coding", ["br", "zstd", "compress", "gzip, gzip", "deflate, gzip", "\xff"])
def test_another_content_encoding_is_rejected_before_the_body_is_read(coding: str) -> None:
    pager = FakePager()

    [(status, words)] = converse(pager_application(pager), delivered(f"Content-Encoding: {coding}"))

    assert (status, words) == (415, "The body must be sent as it is, or packed once by gzip or deflate.\n")
    assert (pager.counted(), pager.received) == ({"invalid": 1}, [])
    assert (
        post(pager_application(pager), content_encoding=coding).headers["accept-encoding"] == "gzip, deflate"
    )


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("gzip", BODY),
        ("gzip", pack(BODY)[:-1]),
        ("gzip", pack(BODY)[:-8] + bytes(8)),
        ("gzip", pack(BODY) + b"x"),
        ("gzip", pack(BODY) + bytes(4096) + b"x"),
        ("gzip", pack(BODY) + pack(BODY)[:-1]),
        ("gzip", pack(b"") * 16 + pack(BODY)),
        ("gzip", pack(BODY) * 200_000),
        ("gzip", b""),
        ("deflate", b""),
        ("gzip", zlib.compress(BODY)),
        ("deflate", zlib.compress(BODY)[:-1]),
        ("deflate", zlib.compress(BODY) + bytes(1)),
        ("deflate", zlib.compress(BODY) * 2),
        ("deflate", BODY),
    ],
)
def test_a_body_that_does_not_unpack_is_refused(coding: str, body: bytes) -> None:
    pager = FakePager()

    got = post(pager_application(pager), body, content_encoding=coding)

    assert (got.status, got.text) == (400, f"The body is damaged, or not packed by {coding}.\n")
    assert (pager.counted(), pager.received) == ({"invalid": 1}, [])


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
@pytest.mark.parametrize(("size", "status"), [(MAX_BODY, 200), (MAX_BODY + 1, 413), (5 * MAX_BODY, 413)])
def test_packed_and_unpacked_bodies_have_the_same_limit(coding: str, size: int, status: int) -> None:
    pager = FakePager()
    packer = zlib.compressobj(1, wbits=31 if coding == "gzip" else 15)
    packed = b"".join(packer.compress(b"x" * 65_536) for _ in range(size // 65_536))
    packed += packer.compress(b"x" * (size % 65_536)) + packer.flush()

    got = post(pager_application(pager), packed, content_encoding=coding)

    assert got.status == status
    assert pager.counted() == {"accepted" if status == 200 else "too_large": 1}
    assert [len(each) for each in pager.received] == ([size] if status == 200 else [])


@pytest.mark.parametrize(("more", "status"), [(0, 200), (1, 413)])
def test_all_gzip_members_of_a_body_count_towards_its_limit(more: int, status: int) -> None:
    pager = FakePager()
    packed = pack(b"x" * (MAX_BODY // 2)) * 2 + pack(b"x" * more)

    got = post(pager_application(pager), packed, content_encoding="gzip")

    assert got.status == status
    assert [len(each) for each in pager.received] == ([MAX_BODY] if status == 200 else [])


@pytest.mark.parametrize("size", [MAX_BODY + 1, 50 * MAX_BODY])
def test_a_gzip_bomb_needs_no_more_memory_than_a_body_just_over_the_limit(size: int) -> None:
    packer = zlib.compressobj(1, wbits=31)
    packed = b"".join(packer.compress(bytes(MAX_BODY)) for _ in range(size // MAX_BODY))
    packed += packer.compress(bytes(size % MAX_BODY)) + packer.flush()
    request = IncomingRequest(PATH, "POST", headers=(("content-encoding", "gzip"),))

    tracemalloc.start()
    try:
        response = unpack(request, packed, MAX_BODY)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert isinstance(response, Response)
    assert response.status == 413
    assert peak < 2.5 * MAX_BODY + len(packed)


def test_expect_100_continue_is_answered_with_100() -> None:
    pager = FakePager()
    told = converse(pager_application(pager), delivered("Expect: 100-continue"))

    assert [status for status, _ in told] == [100, 200, 200]
    assert pager.received == [BODY]


def test_expect_100_continue_is_rejected_before_the_body_is_sent() -> None:
    pager = FakePager(TOKEN)
    told = converse(pager_application(pager), delivered("Expect: 100-continue", body=b""))

    assert [status for status, _ in told] == [401]
    assert pager.received == []


def test_after_a_body_with_two_lengths_nothing_more_is_read() -> None:
    pager = FakePager()
    chunks = b"8\r\n" + BODY + b"\r\n0\r\n\r\n"

    [(status, _)] = converse(
        pager_application(pager), asked(PATH, *TWICE, method="POST") + chunks + delivered()
    )

    assert (status, pager.received) == (200, [BODY])


def test_an_encoded_slash_does_not_bypass_a_proxy_that_restricts_paths() -> None:
    pager = FakePager()

    (status, _), _ = converse(
        pager_application(pager), asked("/api%2Fv1/alerts", "Content-Length: 2", method="POST") + b"{}"
    )

    assert (status, pager.received) == (404, [])
