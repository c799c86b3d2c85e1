"""Health, readiness and reload as a client gets them."""

from __future__ import annotations

import asyncio
import json
import socket
from contextlib import closing
from http.client import HTTPConnection
from typing import Any

import pytest

from tests.web.fakes import FakeBackend, Got, an_application, ask
from waexporter.errors import CommandError
from waexporter.web.backend import ReloadResult
from waexporter.web.lifecycle import reload
from waexporter.web.responses import IncomingRequest
from waexporter.web.server import Server

LOOPBACK = "127.0.0.1"
HERE = ("127.0.0.1", 9847)


def answered(backend: FakeBackend, address: tuple[str, int] | None = HERE, **headers: str) -> Any:  # noqa: ANN401
    named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return reload(IncomingRequest("/-/reload", "POST", headers=named, address=address), backend)


DONE = ReloadResult(added=("a", "b"), removed=("c",), changed=(), kept=7, keys=("log.level", "pager.group"))
WRONG = ReloadResult(("targets[0].url: is required", "log.level: must be one of …"))


def test_a_reload_returns_one_sentence() -> None:
    response = answered(FakeBackend(reloaded=DONE))

    assert response.status == 200
    assert b"".join(response.body).decode() == (
        "Reloaded: targets: 2 added, 1 removed, 0 changed, 7 kept; changed too: log.level, pager.group.\n"
    )


def test_a_reload_returns_the_changes_as_json() -> None:
    response = answered(FakeBackend(reloaded=DONE), accept="application/json")

    assert json.loads(b"".join(response.body)) == {
        "status": "reloaded",
        "added": ["a", "b"],
        "removed": ["c"],
        "changed": [],
        "rotated": [],
        "kept": 7,
        "keys": ["log.level", "pager.group"],
    }


def test_a_failed_reload_returns_one_problem_per_line() -> None:
    response = answered(FakeBackend(reloaded=WRONG))

    assert response.status == 400
    assert b"".join(response.body).decode().splitlines() == list(WRONG.problems)


def test_a_failed_reload_returns_its_problems_as_json() -> None:
    response = answered(FakeBackend(reloaded=WRONG), accept="application/json")

    assert response.status == 400
    said = json.loads(b"".join(response.body))
    assert said["problems"] == list(WRONG.problems)
    assert said["error"]


def test_a_reload_during_another_one_gets_503() -> None:
    response = answered(FakeBackend(reloaded=ReloadResult(is_busy=True)))

    assert (response.status, dict(response.headers)["retry-after"]) == (503, "1")


def test_a_client_that_may_not_reload_changes_nothing() -> None:
    backend = FakeBackend(reloaded=DONE)

    got = ask(an_application(backend), "/-/reload", "POST")  # not from a loopback address

    assert (got.status, backend.reloads) == (403, [])


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"])
def test_other_methods_get_405_with_the_allowed_ones(method: str) -> None:
    backend = FakeBackend()

    got: Got = ask(an_application(backend), "/-/reload", method)

    assert (got.status, got.headers["allow"], backend.reloads) == (405, "POST", [])


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
def test_a_server_on_every_interface_lets_only_this_machine_reload(host: str) -> None:
    """The address of the request counts, not the one that the server listens on."""
    with Server(an_application(FakeBackend(reloaded=DONE)), host, 0).background() as server:
        here = post(LOOPBACK, server.port)
        there = [post(own, server.port) for own in other_addresses()] if host != LOOPBACK else []

    assert here == 200
    assert set(there) <= {403}


def test_a_server_on_ipv6_lets_this_machine_reload() -> None:
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
    """Return the address that this machine uses towards others, if it has one."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing
        except OSError:
            return []
        own: str = probe.getsockname()[0]
    return [] if own.startswith("127.") else [own]


# --- health and readiness ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "backend", "status", "body"),
    [
        ("/-/healthy", FakeBackend(), 200, "The exporter is healthy.\n"),
        (
            "/-/healthy",
            FakeBackend(illness="The scheduler stands still."),
            503,
            "The scheduler stands still.\n",
        ),
        ("/-/healthy", FakeBackend(waiting="The first poll."), 200, "The exporter is healthy.\n"),
        ("/-/ready", FakeBackend(), 200, "The exporter is ready.\n"),
        ("/-/ready", FakeBackend(waiting="2 targets."), 503, "2 targets.\n"),
        ("/-/ready", FakeBackend(illness="Ill."), 200, "The exporter is ready.\n"),
    ],
)
def test_health_and_readiness_come_with_the_reason(
    path: str, backend: FakeBackend, status: int, body: str
) -> None:
    got = ask(an_application(backend), path)

    assert (got.status, got.text) == (status, body)


def test_a_reason_is_json_for_a_client_that_prefers_it() -> None:
    got = ask(an_application(FakeBackend(illness="Ill.")), "/-/healthy", accept="application/json")

    assert got.headers["content-type"] == "application/json"
    assert json.loads(got.body) == {"error": "Ill."}
