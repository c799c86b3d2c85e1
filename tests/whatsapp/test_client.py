"""A client with its logins, against servers that answer well, badly, or not at all."""

from __future__ import annotations

import gzip
import itertools
import json
import logging
import threading
import time
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs

from tests.transport.fixtures import SOON, run_program
from tests.transport.servers import always, once, response, silent
from waexporter.errors import ApiError, StatusError, UnreachableError
from waexporter.model import Credentials, Distrust, Reason, Secret
from waexporter.whatsapp.documents.envelope import check
from waexporter.whatsapp.documents.health import read_health
from waexporter.whatsapp.tokens import QUICK_TOKENS

if TYPE_CHECKING:
    from pathlib import Path

    from tests.transport.fixtures import Serve
    from tests.transport.servers import Conversation
    from tests.whatsapp.fixtures import Connect

HEALTH = b'{"health":{"gateway_status":"connected"}}'
KEY = Secret("key-of-many-letters")
ACCOUNT = Credentials(username="monitor", password=Secret("secret"))
LOGIN = {"users": [{"token": "token-of-many-letters", "expires_after": "2099-01-01 00:00:00+00:00"}]}


def test_a_request_has_the_headers_of_waexporter_and_its_key(serve: Serve, connect: Connect) -> None:
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


# --- bad answers -------------------------------------------------------------------------------

_BAD: dict[str, tuple[bytes, str]] = {
    "cut in its headers": (b"HTTP/1.1 200 OK\r\nContent-Le", "the answer is empty"),
    "cut in its gzip": (
        response(gzip.compress(HEALTH)[:-20], content_encoding="gzip"),
        "the answer is not JSON: Input data was truncated",
    ),
}


@pytest.mark.parametrize("case", _BAD)
def test_a_document_that_is_cut_is_an_error_in_words(case: str, serve: Serve, connect: Connect) -> None:
    answer, words = _BAD[case]
    client = connect(serve(once(answer)).url)

    with pytest.raises(ApiError) as caught:
        read_health(client.get("/v1/health", 20).body)

    assert str(caught.value) == words


# --- logins ------------------------------------------------------------------------------------


def test_a_deadline_holds_for_the_login_and_the_request_together(serve: Serve, connect: Connect) -> None:
    def script(talk: Conversation) -> None:
        while request := talk.read_request():
            if talk.wait(0.2):
                return
            talk.write(response(json.dumps(LOGIN).encode() if b"login" in request else b"{}"))

    client = connect(serve(script).url, auth=ACCOUNT)
    began = time.monotonic()

    with pytest.raises(UnreachableError, match="no complete answer in time"):
        client.get("/v1/health", 0.3)

    assert 0.25 < time.monotonic() - began < SOON


def test_a_login_gets_a_connection_of_its_own_and_is_not_repeated_on_another(
    serve: Serve, connect: Connect
) -> None:
    def script(talk: Conversation) -> None:
        talk.read_request()
        if talk.number == 0:
            talk.write(response(b"", "401 Unauthorized"))
            talk.read_request()

    server = serve(script)
    client = connect(server.url, auth=replace(ACCOUNT, api_key=KEY))

    with pytest.raises(UnreachableError, match="the login failed: the connection was closed") as caught:
        client.get("/v1/health", 20)

    assert [request.split(b" ")[1] for request in server.requests] == [b"/v1/health", b"/v1/users/login"]
    assert caught.value.reason is Reason.UNREACHABLE


# --- several threads, one client ---------------------------------------------------------------


def test_four_requests_at_once_get_their_own_answers_after_one_login(serve: Serve, connect: Connect) -> None:
    def script(talk: Conversation) -> None:
        while request := talk.read_request():
            path = request.split(b" ")[1]
            talk.wait(0.01)
            talk.write(response(json.dumps(LOGIN).encode() if b"login" in path else path))

    server = serve(script)
    client = connect(server.url, auth=ACCOUNT)
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
    client = connect(server.url, auth=ACCOUNT)

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
    """One of several webapps behind a load balancer, which share a database of tokens or not."""

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

    client = connect(serve(script).url, auth=ACCOUNT)

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


def test_a_secret_that_was_replaced_in_its_file_is_read_again_and_logged_once(
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
    client = connect(server.url, auth=ACCOUNT)
    client.get("/v1/health", 20)

    client.close()

    assert server.requests[-1].startswith(b"POST /v1/users/logout HTTP/1.1\r\n")
    assert b"Authorization: Bearer token-of-many-letters" in server.requests[-1]
    assert ended.wait(20)


def test_closing_with_a_login_timeout_logs_out_the_token_of_a_running_login(
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
    client = connect(server.url, auth=ACCOUNT)

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
    client = connect(server.url, auth=ACCOUNT)
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


def test_the_error_of_a_redirect_shows_no_secret_of_its_address(serve: Serve, connect: Connect) -> None:
    place = "https://user:hidden@host.example/path?token=hidden#hidden"
    client = connect(serve(always(response(b"", "301 Moved", location=place))).url)

    with pytest.raises(StatusError, match=r"a redirect to https://host\.example/path; ") as caught:
        check(client.get("/v1/health", 20))

    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize("spelled", ["key-of-many-letters", "key%2Dof%2dmany-letters"])
def test_no_header_of_a_reply_repeats_a_secret(spelled: str, serve: Serve, connect: Connect) -> None:
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


# --- memory ------------------------------------------------------------------------------------

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


def test_a_client_is_light(serve: Serve) -> None:
    server = serve(always(response(HEALTH)))

    size = int(run_program(_MANY, server.url))

    assert size < 25 * 1024
