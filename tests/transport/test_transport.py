"""A transport and servers that answer well, badly, slowly, without end, or not at all."""

from __future__ import annotations

import gzip
import os
import socket
import sys
import threading
import time
import zlib
from typing import TYPE_CHECKING

import pytest

from tests.transport.fixtures import SOON, get, get_twice_at_once, run_program
from tests.transport.servers import always, chunked, deaf, dripping, flooding, once, response, silent
from waexporter.errors import ApiError, BodyError, UnreachableError
from waexporter.model import Reason

if TYPE_CHECKING:
    from tests.transport.fixtures import Connect, Serve
    from tests.transport.servers import Conversation, Script

HEALTH = b'{"health":{"gateway_status":"connected"}}'


# --- good answers ------------------------------------------------------------------------------

_GOOD: dict[str, tuple[bytes, int, bytes]] = {
    "with its length": (response(HEALTH), 200, HEALTH),
    "with no body": (b"HTTP/1.1 204 No Content\r\n\r\n", 204, b""),
    "with an empty body": (response(b""), 200, b""),
    "ended by the connection": (b"HTTP/1.0 200 OK\r\n\r\n" + HEALTH, 200, HEALTH),
    "in chunks": (chunked(HEALTH[:5], HEALTH[5:]), 200, HEALTH),
    "in chunks with extensions and trailers": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;name=value\r\n{}\r\n0\r\nAfter: all\r\n\r\n",
        200,
        b"{}",
    ),
    "in gzip": (response(gzip.compress(HEALTH), content_encoding="gzip"), 200, HEALTH),
    "in gzip and chunks": (
        chunked(gzip.compress(HEALTH)).replace(b"OK\r\n", b"OK\r\nContent-Encoding: gzip\r\n", 1),
        200,
        HEALTH,
    ),
    "in deflate": (response(zlib.compress(HEALTH), content_encoding="deflate"), 200, HEALTH),
    "after 100 Continue": (b"HTTP/1.1 100 Continue\r\n\r\n" + response(HEALTH), 200, HEALTH),
    "with 99 headers": (response(HEALTH, **{f"x{number}": "1" for number in range(97)}), 200, HEALTH),
    "with cookies of no sense": (
        response(HEALTH, set_cookie="\xff=;=; expires=never; domain=.."),
        200,
        HEALTH,
    ),
    "with status 404": (response(b"{}", "404 Not Found"), 404, b"{}"),
    "with status 600": (response(b"{}", "600 What"), 600, b"{}"),
    "after 103 Early Hints": (
        b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + response(HEALTH),
        200,
        HEALTH,
    ),
    "after 102, 100 and an unknown one": (
        b"".join(b"HTTP/1.1 %d \r\n\r\n" % status for status in (102, 102, 100, 199)) + response(HEALTH),
        200,
        HEALTH,
    ),
    "with status 101": (b"HTTP/1.1 101 Switching Protocols\r\n\r\n", 101, b""),
    "with NUL bytes": (response(b"\0\0{}"), 200, b"\0\0{}"),
    "in UTF-16": (response("{}".encode("utf-16")), 200, "{}".encode("utf-16")),
    "in an encoding nobody asked for": (response(b"{}", content_encoding="rot13"), 200, b"{}"),
    "longer than its length says": (response(b"{}{}", content_length="2"), 200, b"{}"),
}


@pytest.mark.parametrize("case", _GOOD)
def test_an_answer_is_returned_as_it_came(case: str, serve: Serve, connect: Connect) -> None:
    answer, status, body = _GOOD[case]
    client = connect(serve(once(answer)).url)

    reply = get(client, "/v1/health", 20)

    assert (reply.status, reply.body) == (status, body)


def test_a_reply_has_the_duration_of_each_phase(serve: Serve, connect: Connect) -> None:
    client = connect(serve(always(response())).url)

    first, second = (dict(get(client, "/v1/health", 20).phases) for _ in range(2))

    assert list(first) == ["dns", "connect", "wait", "body"]
    assert list(second) == ["wait", "body"]
    assert all(seconds >= 0 for seconds in (*first.values(), *second.values()))


def test_without_a_connection_there_is_no_wait_for_the_first_byte(free_port: int, connect: Connect) -> None:
    client = connect(f"http://127.0.0.1:{free_port}")

    with pytest.raises(UnreachableError, match="no connection") as caught:
        get(client, "/v1/health", 20)

    assert list(dict(caught.value.phases)) == ["dns", "connect"]


@pytest.mark.parametrize("location", ["", "http://127.0.0.1:1/elsewhere"])
def test_a_redirect_is_returned_and_not_followed(location: str, serve: Serve, connect: Connect) -> None:
    headers = {"location": location} if location else {}
    server = serve(always(response(b"", "302 Found", **headers)))
    client = connect(server.url)

    reply = get(client, "/v1/health", 20)

    assert (reply.status, reply.location) == (302, location)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("status", "seconds"),
    [("429 Too Many Requests", 30.0), ("503 Service Unavailable", 30.0), ("200 OK", None), ("500 Oh", None)],
)
def test_retry_after_is_read_from_a_429_or_a_503(
    status: str, seconds: float | None, serve: Serve, connect: Connect
) -> None:
    client = connect(serve(once(response(b"{}", status, retry_after="30"))).url)

    reply = get(client, "/v1/health", 20)

    assert reply.retry_after == seconds


def test_proxies_and_passwords_of_the_environment_are_ignored(
    serve: Serve, connect: Connect, monkeypatch: pytest.MonkeyPatch, tmp_path: os.PathLike[str]
) -> None:
    netrc = os.path.join(tmp_path, "netrc")  # noqa: PTH118 - the path is only handed on
    with open(netrc, "w", encoding="ascii") as file:  # noqa: PTH123 - as above
        file.write("default login somebody password something\n")
    monkeypatch.setenv("NETRC", netrc)
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    server = serve(always(response()))

    reply = get(connect(server.url), "/v1/health", 20)

    assert reply.status == 200
    assert b"Authorization" not in server.requests[0]


# --- bad answers -------------------------------------------------------------------------------

_HEAD = b"HTTP/1.1 200 OK\r\n"
_CHUNKED = _HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
_BAD: dict[str, tuple[bytes, str]] = {
    "none": (b"", "the connection was closed before an answer came"),
    "of another protocol": (b"SSH-2.0-OpenSSH_9.2\r\n", "the answer is not sound HTTP (BadStatusLine)"),
    "of NUL bytes": (b"\0" * 100, "the answer is not sound HTTP (BadStatusLine)"),
    "cut in its body": (response(b"{}", content_length="10"), "the answer was cut short"),
    "cut in a chunk": (_CHUNKED + b"10\r\n{}", "the answer was cut short"),
    "cut between chunks": (_CHUNKED + b"2\r\n{}\r\n", "the answer was cut short"),
    "with chunks of rubbish": (_CHUNKED + b"rubbish\r\n\r\n", "the answer was cut short"),
    "with a chunk of less than nothing": (
        _CHUNKED + b"-5\r\n{}\r\n0\r\n\r\n",
        "the answer's chunks are broken",
    ),
    "with a chunk size of many letters": (_CHUNKED + b"0" * 200_000, "the answer was cut short"),
    "said to be gzip, and is not": (
        response(HEALTH, content_encoding="gzip"),
        "the answer's compression is broken",
    ),
    "of a hundred encodings": (
        response(HEALTH, content_encoding=", ".join(["gzip"] * 100)),
        "the answer's compression is broken",
    ),
    "with two lengths": (
        _HEAD + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
        "the answer's headers contradict themselves",
    ),
    "with 101 headers": (
        response(HEALTH, **{f"x{number}": "1" for number in range(99)}),
        "the answer is not sound HTTP (HTTPException)",
    ),
    "with a header of 70 KB": (
        response(HEALTH, x="1" * 70_000),
        "the answer is not sound HTTP (LineTooLong)",
    ),
    "too large": (response(b" " * 100_001), "the answer is larger than 100000 bytes (limits.body_bytes)"),
    "too large once unpacked": (
        response(gzip.compress(b" " * 100_001), content_encoding="gzip"),
        "the answer is larger than 100000 bytes (limits.body_bytes)",
    ),
}


@pytest.mark.parametrize("case", _BAD)
def test_a_broken_answer_is_an_error_in_words(case: str, serve: Serve, connect: Connect) -> None:
    answer, words = _BAD[case]
    client = connect(serve(once(answer)).url)

    with pytest.raises(ApiError) as caught:
        get(client, "/v1/health", 20)

    assert str(caught.value) == words


def test_a_reset_is_an_unreachable_target(serve: Serve, connect: Connect) -> None:
    def script(talk: Conversation) -> None:
        talk.read_request()
        talk.reset()

    with pytest.raises(UnreachableError, match="no connection: Connection reset by peer") as caught:
        get(connect(serve(script).url), "/v1/health", 20)

    assert caught.value.reason is Reason.UNREACHABLE


def test_a_closed_port_is_an_unreachable_target(serve: Serve, connect: Connect) -> None:
    server = serve(silent)
    server.close()

    with pytest.raises(UnreachableError, match="no connection: Connection refused") as caught:
        get(connect(server.url), "/v1/health", 20)

    assert caught.value.reason is Reason.UNREACHABLE


def test_an_unknown_name_is_an_error_in_words(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)

    with pytest.raises(UnreachableError, match="the host's name does not resolve: Name or service not known"):
        get(connect("http://nobody.invalid"), "/v1/health", 20)


_ENDLESS: dict[str, tuple[bytes, bytes]] = {
    "body": (_HEAD + b"\r\n", b" " * 65536),
    "compressed body": (
        _HEAD + b"Content-Encoding: gzip\r\n\r\n",
        gzip.compress(b" " * 1_000_000),
    ),
    "row of chunks": (_CHUNKED, b"1000\r\n" + b" " * 4096 + b"\r\n"),
    "chunk without a length": (_CHUNKED + b"-1\r\n", b" " * 65536),
    "row of trailers": (_CHUNKED + b"0\r\n", b"after: all\r\n" * 5000),
    "row of empty gzip members": (_HEAD + b"Content-Encoding: gzip\r\n\r\n", gzip.compress(b"") * 1000),
    "row of 100 Continue": (b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 2000),
    "row of 103 Early Hints": (b"", b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" * 2000),
}


@pytest.mark.parametrize("case", _ENDLESS)
def test_an_endless_answer_is_cut_off_by_its_size(case: str, serve: Serve, connect: Connect) -> None:
    start, again = _ENDLESS[case]
    client = connect(serve(flooding(start, again)).url, body_bytes=50_000)

    with pytest.raises(BodyError, match=r"limits\.body_bytes") as caught:
        get(client, "/v1/health", 10)

    assert caught.value.reason is Reason.TOO_LARGE


# --- deadlines ---------------------------------------------------------------------------------

_SLOW: dict[str, Script] = {
    "says nothing": silent,
    "never reads": deaf,
    "drips its status": dripping(b"HTTP/1.1 200 ", b"O"),
    "drips a header": dripping(_HEAD + b"X: ", b"x"),
    "drips headers": dripping(_HEAD, b"a:\r\n"),
    "drips its body": dripping(_HEAD + b"Content-Length: 90000\r\n\r\n", b" "),
    "drips a body without length": dripping(_HEAD + b"\r\n", b" "),
    "drips a chunk": dripping(_CHUNKED + b"9000\r\n", b" "),
    "drips a chunk's size": dripping(_CHUNKED, b"0"),
    "drips gzip": dripping(_HEAD + b"Content-Encoding: gzip\r\n\r\n", gzip.compress(b" " * 50_000)),
    "drips 100 Continue": dripping(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
}


@pytest.mark.parametrize("case", _SLOW)
def test_a_slow_answer_ends_at_the_deadline(case: str, serve: Serve, connect: Connect) -> None:
    client = connect(serve(_SLOW[case]).url)
    began = time.monotonic()

    with pytest.raises(UnreachableError, match="no complete answer in time") as caught:
        get(client, "/v1/health", 0.3)

    assert caught.value.reason is Reason.TIMEOUT
    assert 0.25 < time.monotonic() - began < SOON


def test_a_kept_connection_keeps_no_old_deadline(serve: Serve, connect: Connect) -> None:
    def script(talk: Conversation) -> None:
        talk.read_request()
        talk.write(response())
        talk.read_request()
        talk.wait(2.2)
        talk.write(response())

    client = connect(serve(script).url)
    get(client, "/v1/health", 2)

    reply = get(client, "/v1/health", 20)

    assert "connect" not in dict(reply.phases)


# --- kept connections --------------------------------------------------------------------------


def test_a_connection_is_kept_for_the_next_request(serve: Serve, connect: Connect) -> None:
    server = serve(always(response(HEALTH)))
    client = connect(server.url)

    for _ in range(5):
        get(client, "/v1/health", 20)

    assert server.connections == 1


@pytest.mark.parametrize("ends_by", ["an end", "a reset"])
def test_kept_connections_that_were_closed_in_between_are_replaced(
    ends_by: str, serve: Serve, connect: Connect
) -> None:
    meeting = threading.Barrier(2)

    def script(talk: Conversation) -> None:
        talk.read_request()
        if talk.number < 2:
            meeting.wait(20)
            talk.write(response())
            talk.read_request()
            if ends_by == "a reset":
                talk.reset()
            return
        talk.write(response(HEALTH))

    server = serve(script)
    client = connect(server.url)
    get_twice_at_once(client, "/v1/health")
    assert meeting.n_waiting == 0

    reply = get(client, "/v1/health", 20)

    assert reply.body == HEALTH
    assert server.connections == 3


def test_an_answer_cut_in_the_middle_is_not_asked_for_again(serve: Serve, connect: Connect) -> None:
    def script(talk: Conversation) -> None:
        talk.read_request()
        talk.write(response())
        talk.read_request()
        talk.write(_HEAD)
        talk.reset()

    server = serve(script)
    client = connect(server.url)
    get(client, "/v1/health", 20)

    with pytest.raises(ApiError):
        get(client, "/v1/health", 20)

    assert server.connections == 1


# --- memory ------------------------------------------------------------------------------------

_BOMB = """
import resource, sys
from waexporter.errors import BodyError
from waexporter.model import Limits
from waexporter.transport.exchange import Request
from waexporter.transport.origin import Origin
from waexporter.transport.tls import TlsContexts
from waexporter.transport.transport import Transport
client = Transport(Origin(sys.argv[1]), Limits(), TlsContexts())
with open("/proc/self/statm") as statm:
    used = int(statm.read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + 96 * 2**20,) * 2)
try:
    client.send(Request("GET", "/v1/health"), 30)
except BodyError as error:
    print(error.reason)
client.close()
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="limits its own memory as Linux does")
@pytest.mark.parametrize("encoding", ["gzip", "gzip, gzip"])
@pytest.mark.parametrize("framing", ["in one piece", "in chunks"])
def test_a_bomb_of_a_quarter_gibibyte_needs_little_memory(encoding: str, framing: str, serve: Serve) -> None:
    bomb = bytes(2**28)
    for _ in encoding.split(", "):
        bomb = gzip.compress(bomb, 1)
    answer = response(bomb, content_encoding=encoding)
    if framing == "in chunks":
        answer = chunked(bomb).replace(b"OK\r\n", f"OK\r\nContent-Encoding: {encoding}\r\n".encode(), 1)
    server = serve(once(answer))

    said = run_program(_BOMB, server.url)

    assert said == "too_large"
