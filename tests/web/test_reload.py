"""POST /-/reload: who may, and what is answered."""

from __future__ import annotations

import asyncio
import json
import socket
from base64 import b64encode
from contextlib import closing
from http.client import HTTPConnection
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from tests.web.fakes import FakeBackend, Got, an_application, ask
from waexporter.errors import CommandError
from waexporter.model import PagerSettings, Secret, WebhookAuth
from waexporter.web.backend import ReloadResult
from waexporter.web.reload import is_loopback, reload
from waexporter.web.responses import IncomingRequest
from waexporter.web.server import Server

if TYPE_CHECKING:
    from waexporter.paging.pager import Pager

LOOPBACK = "127.0.0.1"
HERE, ELSEWHERE = ("127.0.0.1", 9847), ("192.0.2.7", 9847)
TOKEN, LOGIN = WebhookAuth(secret=Secret("s3cret")), WebhookAuth(username="am", password=Secret("s3cret"))
BASIC = f"Basic {b64encode(b'am:s3cret').decode()}"


def pager(auth: WebhookAuth) -> Pager:
    return cast("Pager", SimpleNamespace(settings=PagerSettings(webhook=auth)))


def answered(backend: FakeBackend, address: tuple[str, int] | None = HERE, **headers: str) -> Any:  # noqa: ANN401
    named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return reload(IncomingRequest("/-/reload", "POST", headers=named, address=address), backend)


DONE = ReloadResult(added=("a", "b"), removed=("c",), changed=(), kept=7, keys=("log.level", "pager.group"))
WRONG = ReloadResult(("targets[0].url: is required", "log.level: must be one of …"))


def test_what_changed_is_said_briefly() -> None:
    response = answered(FakeBackend(reloaded=DONE))

    assert response.status == 200
    assert b"".join(response.body).decode() == (
        "Reloaded: targets: 2 added, 1 removed, 0 changed, 7 kept; changed too: log.level, pager.group.\n"
    )


def test_programs_get_what_changed_by_name() -> None:
    response = answered(FakeBackend(reloaded=DONE), accept="application/json")

    assert json.loads(b"".join(response.body)) == {
        "status": "reloaded",
        "added": ["a", "b"],
        "removed": ["c"],
        "changed": [],
        "kept": 7,
        "keys": ["log.level", "pager.group"],
    }


def test_every_problem_is_said_on_a_line_of_its_own() -> None:
    response = answered(FakeBackend(reloaded=WRONG))

    assert response.status == 400
    assert b"".join(response.body).decode().splitlines() == list(WRONG.problems)


def test_programs_get_every_problem_as_a_list() -> None:
    response = answered(FakeBackend(reloaded=WRONG), accept="application/json")

    assert response.status == 400
    said = json.loads(b"".join(response.body))
    assert said["problems"] == list(WRONG.problems)
    assert said["error"]


def test_who_comes_while_others_are_at_it_is_told_to_ask_again() -> None:
    response = answered(FakeBackend(reloaded=ReloadResult(is_busy=True)))

    assert (response.status, dict(response.headers)["retry-after"]) == (503, "1")


@pytest.mark.parametrize(
    ("auth", "address", "headers", "status"),
    [
        # Without a secret, this machine.
        (None, HERE, {}, 200),
        (WebhookAuth(), HERE, {}, 200),
        (None, ELSEWHERE, {}, 403),
        (None, None, {}, 403),
        (WebhookAuth(insecure=True), ELSEWHERE, {}, 403),
        # With one, whoever has it.
        (TOKEN, HERE, {}, 401),
        (TOKEN, ELSEWHERE, {"authorization": "Bearer wrong"}, 401),
        (TOKEN, ELSEWHERE, {"authorization": "Bearer s3cret"}, 200),
        (LOGIN, ELSEWHERE, {"authorization": BASIC}, 200),
        (LOGIN, HERE, {"authorization": "Basic bm9uZTpub25l"}, 401),
        # And no web page ever: a browser adds what it knows of the user.
        (None, HERE, {"origin": "http://evil.example"}, 403),
        (None, HERE, {"origin": "null"}, 403),
        (None, HERE, {"origin": "http://127.0.0.1:9847"}, 403),
        (None, HERE, {"sec_fetch_site": "cross-site"}, 403),
        (LOGIN, HERE, {"authorization": BASIC, "origin": "http://evil.example"}, 403),
    ],
)
def test_who_may(
    auth: WebhookAuth | None, address: tuple[str, int] | None, headers: dict[str, str], status: int
) -> None:
    backend = FakeBackend(pager=None if auth is None else pager(auth))

    response = answered(backend, address, **headers)

    assert (response.status, backend.reloads) == (status, 1 if status == 200 else 0)
    assert "s3cret" not in b"".join(response.body).decode()


@pytest.mark.parametrize(("auth", "scheme"), [(TOKEN, "Bearer"), (LOGIN, 'Basic realm="waexporter"')])
def test_who_is_refused_is_told_what_to_show(auth: WebhookAuth, scheme: str) -> None:
    response = answered(FakeBackend(pager=pager(auth)))

    assert dict(response.headers)["www-authenticate"] == scheme


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("::ffff:192.0.2.7", False),
        ("fe80::1%eth0", False),
        ("192.0.2.7", False),
        ("0.0.0.0", False),
        ("", False),
        ("localhost", False),
    ],
)
def test_only_a_loopback_address_is_reached_from_this_machine_alone(address: str, expected: bool) -> None:  # noqa: FBT001
    assert is_loopback(address) is expected


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"])
def test_other_methods_are_told_what_is_allowed(method: str) -> None:
    backend = FakeBackend()

    got: Got = ask(an_application(backend), "/-/reload", method)

    assert (got.status, got.headers["allow"], backend.reloads) == (405, "POST", 0)


def test_it_does_not_wait_for_a_body() -> None:
    async def receive() -> dict[str, object]:
        raise AssertionError("the body was read")

    sent: list[Any] = []

    async def send(message: object) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "raw_path": b"/-/reload",
        "query_string": b"",
        "headers": [],
        "server": HERE,
    }
    asyncio.run(an_application(FakeBackend(reloaded=DONE))(scope, receive, send))

    assert sent[0]["status"] == 200


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0", ""])
def test_a_server_on_every_interface_tells_this_machine_from_others(host: str) -> None:
    """What counts is the address that was asked, not the one that is listened on."""
    with Server(an_application(FakeBackend(reloaded=DONE)), host, 0).background() as server:
        here = post(LOOPBACK, server.port)
        there = [post(own, server.port) for own in other_addresses()] if host != LOOPBACK else []

    assert here == 200
    assert set(there) <= {403}


def test_a_server_on_ipv6_knows_its_own_machine() -> None:
    if not socket.has_ipv6:
        pytest.skip("this machine has no IPv6")
    try:
        with Server(an_application(FakeBackend(reloaded=DONE)), "::1", 0).background() as server:
            assert post("::1", server.port) == 200
    except CommandError:
        pytest.skip("this machine has no IPv6 address")


def post(host: str, port: int) -> int:
    with closing(HTTPConnection(host, port, timeout=60)) as connection:
        connection.request("POST", "/-/reload")
        return connection.getresponse().status


def other_addresses() -> list[str]:
    """Give the address from which this machine would ask others, if it has one."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing
        except OSError:
            return []
        own: str = probe.getsockname()[0]
    return [] if own.startswith("127.") else [own]
