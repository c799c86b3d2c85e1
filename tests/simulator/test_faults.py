"""Wrong answers, broken streams, and who is kept out."""

from __future__ import annotations

import json
import socket
import time
from typing import TYPE_CHECKING

import httpx
import pytest

from waexporter.simulator import SCENARIOS
from waexporter.simulator.faults.faults import KINDS

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.simulator.conftest import Caller

_LIMIT = 16 * 1024 * 1024
_MESSAGE = {"to": "14155550101", "type": "text", "text": {"body": "The queue grows"}}


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        ("rate_limited", 429, 1015),
        ("overload", 503, 1016),
        ("app_expired", 403, 1005),
        ("database", 500, 1023),
        ("errors_in_200", 200, 1014),
    ],
)
def test_a_fault_answers_with_errors(single: Caller, fault: str, status: int, code: int) -> None:
    caller = single

    caller.bring(fault)
    answer = caller.get("/v1/health")

    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (status, code)
    assert "health" not in answer.json()


@pytest.mark.parametrize("fault", ["rate_limited", "overload", "app_expired", "errors_in_200"])
def test_a_fault_of_the_coreapp_lets_logins_through(single: Caller, fault: str) -> None:
    caller = single

    caller.bring(fault)

    assert caller.login("monitor", "monitor-password").status_code == 200


def test_an_expired_build_says_so(single: Caller) -> None:
    caller = single

    caller.bring("app_expired")

    assert caller.get("/v1/health").json()["errors"][0]["details"] == "App Expired"


def test_garbage_is_not_json(single: Caller) -> None:
    caller = single

    caller.bring("garbage")
    answer = caller.get("/v1/health")

    assert answer.status_code == 200
    with pytest.raises(ValueError, match=r"."):
        json.loads(answer.content)


@pytest.mark.parametrize(
    ("fault", "status", "kind", "body"),
    [
        ("html", 200, "text/html; charset=utf-8", b"<!DOCTYPE html>"),
        ("empty", 200, "application/json", b""),
        ("redirect", 302, "application/json", b""),
    ],
)
def test_a_fault_answers_something_else(
    single: Caller,
    fault: str,
    status: int,
    kind: str,
    body: bytes,
) -> None:
    caller = single

    caller.bring(fault)
    answer = caller.get("/v1/health")

    assert (answer.status_code, answer.headers["content-type"]) == (status, kind)
    assert answer.content[: len(b"<!DOCTYPE html>")] == body


def test_a_redirect_leads_elsewhere(single: Caller) -> None:
    caller = single

    caller.bring("redirect")

    assert caller.get("/v1/health").headers["location"] == "https://elsewhere.invalid/"


def test_a_huge_body_is_above_sixteen_mebibytes(single: Caller) -> None:
    caller = single

    caller.bring("huge")
    answer = caller.get("/v1/health")

    assert len(answer.content) > _LIMIT
    assert answer.json()["health"].keys() == {"gateway_status"}


def test_a_truncated_body_ends_too_early(single: Caller) -> None:
    caller = single

    caller.bring("truncated")

    with pytest.raises(httpx.RemoteProtocolError, match="without sending complete message body"):
        caller.get("/v1/health")


def test_dripping_outlasts_a_timeout_that_counts_for_each_read(single: Caller) -> None:
    caller = single
    caller.bring("drip", seconds=0.02)

    begun = time.monotonic()
    answer = caller.http.get("/v1/health", timeout=2)
    taken = time.monotonic() - begun

    assert answer.json() == {"health": {"gateway_status": "connected"}}
    assert taken > 2


def test_dripping_begins_with_the_headers(single: Caller) -> None:
    caller = single
    caller.bring("drip", seconds=60)

    with socket.create_connection(
        (caller.http.base_url.host, caller.http.base_url.port or 0), timeout=30
    ) as wire:
        wire.sendall(b"GET /v1/health HTTP/1.1\r\nHost: x\r\n\r\n")
        first = wire.recv(100)

    assert first == b"H"


def test_a_hanging_client_never_answers(single: Caller) -> None:
    caller = single

    caller.bring("hang")

    with pytest.raises(httpx.ReadTimeout):
        caller.http.get("/", timeout=httpx.Timeout(30, read=0.1))


def test_a_webapp_that_is_down_cuts_the_connection(single: Caller) -> None:
    caller = single

    caller.bring("web_down")

    for path in ("/", "/v1/health"):
        with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
            caller.http.get(path)


def test_expired_tokens_need_a_new_login_and_live_shortly(single: Caller) -> None:
    caller = single

    caller.bring("expired_token", seconds=10)
    old = caller.get("/v1/health")
    caller.clock.move(1)
    caller.become("monitor")
    caller.clock.move(9.9)
    new = caller.get("/v1/health")
    caller.clock.move(0.1)
    expired = caller.get("/v1/health")

    assert (old.status_code, new.status_code, expired.status_code) == (401, 200, 401)


def test_logins_are_refused_while_tokens_go_on_working(single: Caller) -> None:
    caller = single

    caller.bring("refuse_logins")
    refused = caller.login("monitor", "monitor-password")

    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (401, 1005)
    assert caller.get("/v1/health").status_code == 200


def test_a_fault_may_be_limited_to_an_endpoint(single: Caller) -> None:
    caller = single

    caller.bring("overload", endpoint="/v1/stats/app")
    caller.bring("dead_node", endpoint="/v1/stats/db")

    statuses = {path: caller.get(f"/v1/{path}").status_code for path in ("health", "stats/app", "stats/db")}
    assert statuses == {"health": 200, "stats/app": 503, "stats/db": 500}


def test_every_fault_has_a_scenario_that_holds_it_from_the_start(simulate: Callable[..., Caller]) -> None:
    caller = simulate(topology="ha")

    held = {}
    for name in KINDS:
        state = caller.call("POST", "/_control/scenario", {"name": name}).json()
        held[name] = [fault["fault"] for fault in state["faults"]]

    assert held == {name: [name] for name in KINDS}
    assert set(SCENARIOS) == {*KINDS, "healthy", "story"}


@pytest.mark.parametrize(("fault", "code"), [("message_fails", 1014), ("message_unmastered", 1017)])
def test_messages_alone_may_fail(single: Caller, fault: str, code: int) -> None:
    caller = single.become("monitor")

    caller.bring(fault)
    answer = caller.call("POST", "/v1/messages", _MESSAGE)

    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (500, code)
    assert caller.get("/v1/health").status_code == 200
    assert caller.get("/_control/messages").json()["messages"] == []


def test_contact_checks_alone_may_fail(single: Caller) -> None:
    caller = single.become("monitor")

    caller.bring("contacts_fail")
    answer = caller.call("POST", "/v1/contacts", {"blocking": "wait", "contacts": ["14155550123"]})

    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (500, 1014)
    assert caller.get("/v1/health").status_code == 200
    assert caller.call("POST", "/v1/messages", _MESSAGE).status_code == 201


def test_a_message_may_be_taken_and_its_answer_lost(single: Caller) -> None:
    caller = single.become("monitor")
    before = len(caller.get("/_control/messages").json()["messages"])

    caller.bring("answer_lost")
    with pytest.raises(httpx.TransportError):
        caller.call("POST", "/v1/messages", _MESSAGE)

    kept = caller.get("/_control/messages").json()["messages"][before:]
    assert [message["text"]["body"] for message in kept] == ["The queue grows"]
