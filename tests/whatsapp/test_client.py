"""A client against servers that answer well, badly, slowly, without end, or not at all."""

from __future__ import annotations

import gzip
import itertools
import json
import logging
import os
import socket
import subprocess
import sys
import threading
import time
import zlib
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs

from tests.transport.servers import always, chunked, deaf, dripping, flooding, once, response, silent
from waexporter.errors import ApiError, BodyError, StatusError, UnreachableError
from waexporter.model import Credentials, Distrust, Reason, Secret
from waexporter.transport.exchange import Request
from waexporter.whatsapp.documents.envelope import check
from waexporter.whatsapp.documents.health import read_health
from waexporter.whatsapp.tokens import QUICK_TOKENS

if TYPE_CHECKING:
    from pathlib import Path

    from tests.transport.fixtures import Connect, Serve
    from tests.transport.servers import Conversation, Script
    from waexporter.whatsapp.client import Client

HEALTH = b'{"health":{"gateway_status":"connected"}}'
SOON = 10.0  # seconds, on a busy machine too; whatever is waited for here would take twice as long
KEY = Secret("key-of-many-letters")
LOGIN = {"users": [{"token": "token-of-many-letters", "expires_after": "2099-01-01 00:00:00+00:00"}]}


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
def test_an_answer_is_given_as_it_came(case: str, serve: Serve, connect: Connect) -> None:
    answer, status, body = _GOOD[case]
    client = connect(serve(once(answer)).url)

    reply = client.get("/v1/health", 20)

    assert (reply.status, reply.body) == (status, body)


def test_a_request_says_who_asks_and_what_is_accepted(serve: Serve, connect: Connect) -> None:
    server = serve(always(response()))
    client = connect(server.url + "/prefix", auth=Credentials(api_key=KEY))

    client.get("/v1/health", 20)

    line, *headers = server.requests[0].decode().split("\r\n")
    assert line == "GET /prefix/v1/health HTTP/1.1"
    said = dict(header.split(": ", 1) for header in headers)
    assert said.pop("User-Agent").startswith("waexporter/")
    assert said == {
        "Host": f"127.0.0.1:{server.port}",
        "Accept": "application/json",
        "Accept-Encoding": "gzip, deflate",
        "Authorization": "Apikey key-of-many-letters",
    }


def test_a_reply_tells_how_long_each_phase_took(serve: Serve, connect: Connect) -> None:
    client = connect(serve(always(response())).url)

    first, second = (dict(client.get("/v1/health", 20).phases) for _ in range(2))

    assert list(first) == ["dns", "connect", "wait", "body"]
    assert list(second) == ["wait", "body"]
    assert all(seconds >= 0 for seconds in (*first.values(), *second.values()))


@pytest.mark.parametrize("location", ["", "http://127.0.0.1:1/elsewhere"])
def test_a_redirect_is_given_and_not_followed(location: str, serve: Serve, connect: Connect) -> None:
    headers = {"location": location} if location else {}
    server = serve(always(response(b"", "302 Found", **headers)))
    client = connect(server.url)

    reply = client.get("/v1/health", 20)

    assert (reply.status, reply.location) == (302, location)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("status", "seconds"),
    [("429 Too Many Requests", 30.0), ("503 Service Unavailable", 30.0), ("200 OK", None), ("500 Oh", None)],
)
def test_a_reply_that_asks_for_patience_tells_for_how_long(
    status: str, seconds: float | None, serve: Serve, connect: Connect
) -> None:
    client = connect(serve(once(response(b"{}", status, retry_after="30"))).url)

    reply = client.get("/v1/health", 20)

    assert reply.retry_after == seconds


def test_the_environment_is_not_asked_for_proxies_or_passwords(
    serve: Serve, connect: Connect, monkeypatch: pytest.MonkeyPatch, tmp_path: os.PathLike[str]
) -> None:
    netrc = os.path.join(tmp_path, "netrc")  # noqa: PTH118 - the path is only handed on
    with open(netrc, "w", encoding="ascii") as file:  # noqa: PTH123 - as above
        file.write("default login somebody password something\n")
    monkeypatch.setenv("NETRC", netrc)
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    server = serve(always(response()))

    reply = connect(server.url).get("/v1/health", 20)

    assert reply.status == 200
    assert b"Authorization" not in server.requests[0]


# --- bad answers -------------------------------------------------------------------------------

_HEAD = b"HTTP/1.1 200 OK\r\n"
_CHUNKED = _HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
_BAD: dict[str, tuple[bytes, str]] = {
    "none": (b"", "the connection was closed before an answer came"),
    "of another protocol": (b"SSH-2.0-OpenSSH_9.2\r\n", "the answer is not sound HTTP (BadStatusLine)"),
    "of NUL bytes": (b"\0" * 100, "the answer is not sound HTTP (BadStatusLine)"),
    "cut in its headers": (_HEAD + b"Content-Le", "the answer is empty"),
    "cut in its body": (response(b"{}", content_length="10"), "the answer was cut short"),
    "cut in a chunk": (_CHUNKED + b"10\r\n{}", "the answer was cut short"),
    "cut between chunks": (_CHUNKED + b"2\r\n{}\r\n", "the answer was cut short"),
    "cut in its gzip": (
        response(gzip.compress(HEALTH)[:-20], content_encoding="gzip"),
        "the answer is not JSON: Input data was truncated",
    ),
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
        read_health(client.get("/v1/health", 20).body)

    assert str(caught.value) == words


def test_a_reset_is_an_unreachable_target(serve: Serve, connect: Connect) -> None:
    def script(talk: Conversation) -> None:
        talk.read_request()
        talk.reset()

    with pytest.raises(UnreachableError, match="no connection: Connection reset by peer") as caught:
        connect(serve(script).url).get("/v1/health", 20)

    assert caught.value.reason is Reason.UNREACHABLE


def test_a_closed_port_is_an_unreachable_target(serve: Serve, connect: Connect) -> None:
    server = serve(silent)
    server.close()

    with pytest.raises(UnreachableError, match="no connection: Connection refused") as caught:
        connect(server.url).get("/v1/health", 20)

    assert caught.value.reason is Reason.UNREACHABLE


def test_a_name_that_does_not_resolve_is_said_to(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)

    with pytest.raises(UnreachableError, match="the host's name does not resolve: Name or service not known"):
        connect("http://nobody.invalid").get("/v1/health", 20)


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
        client.get("/v1/health", 10)

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
        client.get("/v1/health", 0.3)

    assert caught.value.reason is Reason.TIMEOUT
    assert 0.25 < time.monotonic() - began < SOON


def test_a_deadline_holds_for_the_login_and_the_request_together(serve: Serve, connect: Connect) -> None:
    def script(talk: Conversation) -> None:
        while request := talk.read_request():
            if talk.wait(0.2):
                return
            talk.write(response(json.dumps(LOGIN).encode() if b"login" in request else b"{}"))

    client = connect(serve(script).url, auth=Credentials(username="monitor", password=Secret("secret")))
    began = time.monotonic()

    with pytest.raises(UnreachableError, match="no complete answer in time"):
        client.get("/v1/health", 0.3)

    assert 0.25 < time.monotonic() - began < SOON


def test_a_kept_connection_keeps_no_old_deadline(serve: Serve, connect: Connect) -> None:
    def script(talk: Conversation) -> None:
        talk.read_request()
        talk.write(response())
        talk.read_request()
        talk.wait(2.2)
        talk.write(response())

    client = connect(serve(script).url)
    client.get("/v1/health", 2)

    reply = client.get("/v1/health", 20)

    assert "connect" not in dict(reply.phases)


# --- kept connections --------------------------------------------------------------------------


def test_a_connection_is_kept_for_the_next_request(serve: Serve, connect: Connect) -> None:
    server = serve(always(response(HEALTH)))
    client = connect(server.url)

    for _ in range(5):
        client.get("/v1/health", 20)

    assert server.connections == 1


def _keep_two_connections(client: Client, meeting: threading.Barrier) -> None:
    """Have two requests on their way at once: the server answers none before it has both."""
    threads = [threading.Thread(target=client.get, args=("/v1/health", 20)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert meeting.n_waiting == 0


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
    _keep_two_connections(client, meeting)

    reply = client.get("/v1/health", 20)

    assert reply.body == HEALTH
    assert server.connections == 3


def test_a_login_gets_a_connection_of_its_own_and_is_not_repeated_on_another(
    serve: Serve, connect: Connect
) -> None:
    def script(talk: Conversation) -> None:
        talk.read_request()
        if talk.number == 0:
            talk.write(response(b"", "401 Unauthorized"))
            talk.read_request()

    server = serve(script)
    secrets = Credentials(api_key=KEY, username="monitor", password=Secret("secret"))
    client = connect(server.url, auth=secrets)

    with pytest.raises(UnreachableError, match="the login failed: the connection was closed") as caught:
        client.get("/v1/health", 20)

    assert [request.split(b" ")[1] for request in server.requests] == [b"/v1/health", b"/v1/users/login"]
    assert caught.value.reason is Reason.UNREACHABLE


def test_an_answer_cut_in_the_middle_is_not_asked_for_again(serve: Serve, connect: Connect) -> None:
    def script(talk: Conversation) -> None:
        talk.read_request()
        talk.write(response())
        talk.read_request()
        talk.write(_HEAD)
        talk.reset()

    server = serve(script)
    client = connect(server.url)
    client.get("/v1/health", 20)

    with pytest.raises(ApiError):
        client.get("/v1/health", 20)

    assert server.connections == 1


# --- several threads, one client ---------------------------------------------------------------


def test_four_requests_at_once_get_their_own_answers_after_one_login(serve: Serve, connect: Connect) -> None:
    def script(talk: Conversation) -> None:
        while request := talk.read_request():
            path = request.split(b" ")[1]
            talk.wait(0.01)
            talk.write(response(json.dumps(LOGIN).encode() if b"login" in path else path))

    server = serve(script)
    client = connect(server.url, auth=Credentials(username="monitor", password=Secret("secret")))
    paths = [f"/v1/stats/{number}" for number in range(4)]
    got: list[list[str]] = [[] for _ in paths]

    def ask(number: int) -> None:
        got[number] += [client.get(paths[number], 20).body.decode() for _ in range(10)]

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert got == [[path] * 10 for path in paths]
    assert sum(b"login" in request for request in server.requests) == 1
    assert server.connections <= 5


def test_waiting_for_the_login_of_another_request_ends_at_the_deadline(
    serve: Serve, connect: Connect
) -> None:
    server = serve(silent)
    client = connect(server.url, auth=Credentials(username="monitor", password=Secret("secret")))

    def ask() -> None:
        with pytest.raises(UnreachableError, match="the login failed"):
            client.get("/v1/stats/db", 60)

    other = threading.Thread(target=ask)
    other.start()
    while not server.requests:
        server.is_closing.wait(0.01)
    began = time.monotonic()

    with pytest.raises(UnreachableError, match="the login of another request took too long") as caught:
        client.get("/v1/health", 0.2)

    took = time.monotonic() - began
    server.close()  # which ends the login that the other one waits for
    other.join()
    assert caught.value.reason is Reason.TIMEOUT
    assert took < SOON


# --- several webapps, one address --------------------------------------------------------------


class Webapp:
    """One of several webapps behind a balancer: they share a database of tokens, or have their own."""

    def __init__(self, tokens: set[str]) -> None:
        self.tokens = tokens
        self.logins = 0

    def answer(self, request: bytes) -> bytes:
        line, *headers = request.decode().split("\r\n")
        said = dict(header.split(": ", 1) for header in headers)
        token = said["Authorization"].removeprefix("Bearer ")
        if "/login" in line:
            self.logins += 1
            made = f"token-{len(self.tokens)}-of-{id(self)}-{self.logins}"
            self.tokens.add(made)
            return response(json.dumps({"users": [{"token": made}]}).encode())
        if token not in self.tokens:
            return response(b'{"errors":[{"code":1005,"title":"Access denied"}]}', "401 Unauthorized")
        if "/logout" in line:
            self.tokens.remove(token)
        return response(HEALTH)


def test_one_webapp_of_three_that_refuses_tokens_costs_few_logins_and_leaves_no_token(
    serve: Serve, connect: Connect
) -> None:
    shared: set[str] = set()
    webapps = [Webapp(shared), Webapp(shared), Webapp(set())]
    turns = itertools.count()

    def script(talk: Conversation) -> None:
        while request := talk.read_request():
            # The stranger gives no tokens: its logins go to the next.
            webapp = webapps[next(turns) % 3]
            talk.write((webapps[0] if b"/login" in request else webapp).answer(request))

    client = connect(serve(script).url, auth=Credentials(username="monitor", password=Secret("secret")))

    statuses = [client.get("/v1/health", 20).status for _ in range(60)]
    alive = len(shared)
    client.close()

    assert set(statuses) == {200}
    assert webapps[0].logins == 1 + QUICK_TOKENS
    assert alive == 1
    assert client.account().distrust is Distrust.CONTRADICTORY


# --- other doors -------------------------------------------------------------------------------


def test_a_constant_token_needs_no_login_and_no_logout(serve: Serve, connect: Connect) -> None:
    server = serve(always(response(HEALTH)))
    client = connect(server.url, auth=Credentials(bearer_token=Secret("token-of-many-letters")))

    client.get("/v1/support", 20)
    client.close()

    assert [request.split(b" ")[1] for request in server.requests] == [b"/v1/support"]
    assert b"Authorization: Bearer token-of-many-letters" in server.requests[0]


def test_a_key_may_go_in_a_header_of_its_own_and_is_hidden_in_answers(serve: Serve, connect: Connect) -> None:
    server = serve(always(response(b'{"details":"not key-of-many-letters"}', "403 Forbidden")))
    client = connect(server.url, auth=Credentials(api_key=KEY, header="D360-API-KEY"))

    reply = client.get("/v1/support", 20)

    assert reply.body == b'{"details":"not <secret>"}'
    assert b"D360-API-KEY: key-of-many-letters" in server.requests[0]
    assert b"Authorization" not in server.requests[0]


def test_a_secret_that_was_replaced_in_its_file_is_read_again_and_said_once(
    serve: Serve, connect: Connect, tmp_path: Path
) -> None:
    file = tmp_path / "token"
    file.write_text("new-token-of-many-letters\n")

    def script(talk: Conversation) -> None:
        while request := talk.read_request():
            talk.write(response(HEALTH) if b"new-token" in request else response(b"", "401 Unauthorized"))

    old = Secret("old-token-of-many-letters", str(file))
    client = connect(serve(script).url, auth=Credentials(bearer_token=old))

    with capture_logs() as lines:
        replies = [client.get("/v1/health", 20) for _ in range(3)]

    assert [reply.status for reply in replies] == [200] * 3
    said = {"event": "a new secret was read from its file", "log_level": "info"}
    assert lines == [{**said, "target": "one", "key": "auth.bearer_token"}]


# --- the end -----------------------------------------------------------------------------------


def test_closing_logs_out_and_ends_every_connection(serve: Serve, connect: Connect) -> None:
    ended = threading.Event()

    def script(talk: Conversation) -> None:
        while request := talk.read_request():
            talk.write(response(json.dumps(LOGIN).encode() if b"login" in request else b"{}"))
        ended.set()

    server = serve(script)
    client = connect(server.url, auth=Credentials(username="monitor", password=Secret("secret")))
    client.get("/v1/health", 20)

    client.close()

    assert server.requests[-1].startswith(b"POST /v1/users/logout HTTP/1.1\r\n")
    assert b"Authorization: Bearer token-of-many-letters" in server.requests[-1]
    assert ended.wait(20)


def test_closing_with_patience_logs_out_also_what_a_login_under_way_gets(
    serve: Serve, connect: Connect
) -> None:
    asked, release = threading.Event(), threading.Event()

    def script(talk: Conversation) -> None:
        while request := talk.read_request():
            if b"login" in request:
                asked.set()
                release.wait(60)
            talk.write(response(json.dumps(LOGIN).encode() if b"login" in request else b"{}"))

    server = serve(script)
    client = connect(server.url, auth=Credentials(username="monitor", password=Secret("secret")))

    def ask() -> None:
        with suppress(ApiError):  # it may find its connection closed
            client.get("/v1/health", 60)

    poll = threading.Thread(target=ask, daemon=True)
    closing = threading.Thread(target=client.close, args=(60.0,), daemon=True)
    poll.start()
    assert asked.wait(60)

    closing.start()
    release.set()
    closing.join(60)
    poll.join(60)

    assert [request for request in server.requests if b"/v1/users/logout" in request]
    assert client.account().token_expires is None


def test_closing_a_client_whose_target_is_gone_is_quiet(serve: Serve, connect: Connect) -> None:
    server = serve(always(response(json.dumps(LOGIN).encode())))
    client = connect(server.url, auth=Credentials(username="monitor", password=Secret("secret")))
    client.get("/v1/health", 20)
    server.close()

    client.close()

    assert [request.split(b" ")[1] for request in server.requests] == [b"/v1/users/login", b"/v1/health"]
    assert client.account().token_expires is None


# --- secrets -----------------------------------------------------------------------------------


def test_no_error_repeats_a_secret_that_the_answer_repeats(
    serve: Serve, connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    def script(talk: Conversation) -> None:
        while request := talk.read_request():
            sent = dict(line.split(": ", 1) for line in request.decode().split("\r\n")[1:])
            errors = [
                {"code": 1005, "title": "no", "details": f"wrong: {sent.get('Authorization')} pass/word+++"}
            ]
            body = json.dumps({"errors": errors}).replace("/", r"\/").encode()
            talk.write(response(body, "401 Unauthorized", location="http://x/?t=key-of-many-letters"))

    secrets = Credentials(api_key=KEY, username="monitor", password=Secret("pass/word+++"))
    client = connect(serve(script).url, auth=secrets)

    with pytest.raises(ApiError) as caught:
        client.get("/v1/health", 20)
    said = f"{caught.value} {caught.value!r} {client!r} {vars(client)!r} {caplog.text}"

    assert "wrong: Basic <secret> <secret>" in str(caught.value)
    for secret in ("key-of-many", "pass/word", "bW9uaXRvcjpwYXNz"):
        assert secret not in said


def test_a_redirect_is_told_without_what_its_address_may_hide(serve: Serve, connect: Connect) -> None:
    place = "https://user:hidden@host.example/path?token=hidden#hidden"
    client = connect(serve(always(response(b"", "301 Moved", location=place))).url)

    with pytest.raises(StatusError, match=r"a redirect to https://host\.example/path; ") as caught:
        check(client.get("/v1/health", 20))

    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize("spelled", ["key-of-many-letters", "key%2Dof%2dmany-letters"])
def test_no_header_that_is_told_repeats_a_secret(spelled: str, serve: Serve, connect: Connect) -> None:
    answer = response(
        b"x", "302 Found", location=f"https://login.example/{spelled}/next", content_type=f"text/{spelled}"
    )
    client = connect(serve(always(answer)).url, auth=Credentials(api_key=KEY))

    reply = client.get("/v1/health", 20)

    assert reply.location == "https://login.example/<secret>/next"
    assert reply.content_type == "text/<secret>"


@pytest.mark.parametrize("status", ["disconnected", "unregistered"])
def test_a_status_of_the_same_letters_as_the_key_stays(status: str, serve: Serve, connect: Connect) -> None:
    body = b'{"health":{"gateway_status":"%s"}}' % status.encode()
    client = connect(serve(always(response(body))).url, auth=Credentials(api_key=Secret(status)))

    assert client.get("/v1/health", 20).body == body


def test_a_token_is_not_in_the_text_of_a_request() -> None:
    request = Request("POST", "/v1/users/login", "Bearer hidden", b"hidden")

    said = repr(request)

    assert "hidden" not in said


# --- memory ------------------------------------------------------------------------------------

_BOMB = """
import resource, sys
from waexporter.errors import BodyError
from waexporter.model import Limits, Target
from waexporter.transport.tls import TlsContexts
from waexporter.whatsapp.client import Client
client = Client(Target("one", sys.argv[1]), Limits(), TlsContexts())
with open("/proc/self/statm") as statm:
    used = int(statm.read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + 96 * 2**20,) * 2)
try:
    client.get("/v1/health", 30)
except BodyError as error:
    print(error.reason)
client.close()
"""

_MANY = """
import gc, sys, tracemalloc
from waexporter.model import Limits, Target
from waexporter.transport.tls import TlsContexts
from waexporter.whatsapp.client import Client
contexts = TlsContexts()
def make():
    client = Client(Target("one", sys.argv[1]), Limits(), contexts)
    client.get("/v1/health", 30)
    return client
first = make()
tracemalloc.start()
clients = [make() for _ in range(50)]
gc.collect()
print(tracemalloc.get_traced_memory()[0] // len(clients))
for client in [first, *clients]:
    client.close()
"""


def _run(program: str, url: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program, url],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stderr == ""
    return done.stdout.strip()


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

    said = _run(_BOMB, server.url)

    assert said == "too_large"


def test_a_client_is_light(serve: Serve) -> None:
    server = serve(always(response(HEALTH)))

    size = int(_run(_MANY, server.url))

    assert size < 25 * 1024
