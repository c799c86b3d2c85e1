"""The account: a number is registered with a code, guarded by a PIN, and spread over shards."""

from __future__ import annotations

from typing import Any

import pytest

from tests.simulator.inprocess import Client

_OWN = {"cc": "1", "phone_number": "4155550100", "method": "sms", "cert": "Y2VydA=="}
_NEW = {**_OWN, "phone_number": "4155550199"}
_PIN = {"pin": "123456"}


def _code(client: Client) -> str:
    code: str = client.send("GET", "/_control").document["registration"]["code"]
    return code


def test_a_registered_number_needs_no_code() -> None:
    client = Client()

    reply = client.call("POST", "/v1/account", _OWN)

    assert reply.status == 201
    assert _code(client) is None


def test_another_number_is_registered_with_the_code_that_was_sent() -> None:
    client = Client()

    asked = client.call("POST", "/v1/account", _NEW)
    wrong = client.call("POST", "/v1/account/verify", {"code": "000-000"})
    right = client.call("POST", "/v1/account/verify", {"code": _code(client).replace("-", "")})
    again = client.call("POST", "/v1/account", _NEW)

    assert (asked.status, asked.document["account"]) == (202, [{"vname": "Simulated business"}])
    assert wrong.outcome == (400, 1009)
    assert (right.status, again.status) == (201, 201)


def test_a_code_is_good_once() -> None:
    client = Client()
    client.call("POST", "/v1/account", _NEW)
    code = {"code": _code(client)}

    first = client.call("POST", "/v1/account/verify", code)
    second = client.call("POST", "/v1/account/verify", code)

    assert first.status == 201
    assert second.outcome == (400, 1025)


@pytest.mark.parametrize("by", ["scenario", "fault"])
def test_an_unregistered_client_becomes_healthy_when_it_is_verified(by: str) -> None:
    client = Client(scenario="unregistered" if by == "scenario" else "healthy")
    if by == "fault":
        client.bring("unregistered")

    before = client.call("GET", "/v1/health").document["health"]
    asked = client.call("POST", "/v1/account", _OWN)
    client.call("POST", "/v1/account/verify", {"code": _code(client)})
    after = client.call("GET", "/v1/health").document["health"]
    again = client.call("POST", "/v1/account", _OWN)

    assert before == {"gateway_status": "unregistered"}
    assert asked.status == 202
    assert after == {"gateway_status": "connected"}
    assert again.status == 201


def test_messages_come_in_again_after_the_verification() -> None:
    client = Client(scenario="unregistered")

    counts = [_received(client)]
    client.clock.move(600)
    counts.append(_received(client))
    client.call("POST", "/v1/account", _OWN)
    client.call("POST", "/v1/account/verify", {"code": _code(client)})
    client.clock.move(600)
    counts.append(_received(client))

    assert counts[0] == counts[1] < counts[2]


def _received(client: Client) -> int:
    app = client.call("GET", "/v1/stats/app").document["stats"]["app"]
    count: int = app["in_message_from_server"]["data"][0]["value"]
    return count


@pytest.mark.parametrize(
    ("changes", "outcome"),
    [
        ({"cc": "+1"}, (400, 1009)),
        ({"phone_number": "x"}, (400, 1009)),
        ({"method": "pigeon"}, (400, 1009)),
        ({"cert": "not base64!"}, (400, 1009)),
        ({"pin": "12345"}, (400, 1009)),
    ],
)
def test_a_wrong_request_for_a_code_is_refused(changes: dict[str, Any], outcome: tuple[int, int]) -> None:
    client = Client()

    reply = client.call("POST", "/v1/account", {**_NEW, **changes})

    assert reply.outcome == outcome
    assert _code(client) is None


def test_with_the_two_step_verification_a_code_needs_the_right_pin() -> None:
    client = Client()
    client.call("POST", "/v1/settings/account/two-step", _PIN)

    outcomes = [
        client.call("POST", "/v1/account", document).outcome
        for document in (_NEW, {**_NEW, "pin": "654321"}, {**_NEW, **_PIN})
    ]

    assert outcomes == [(400, 1008), (400, 1009), (202, 0)]


def test_with_the_two_step_verification_shards_need_the_right_pin() -> None:
    client = Client(topology="multiconnect", shards=2)
    request = {"cc": "1", "phone_number": "4155550100", "shards": 8, "pin": "654321"}

    client.call("POST", "/v1/settings/account/two-step", _PIN)
    refused = client.call("POST", "/v1/account/shards", request)
    between = client.call("GET", "/v1/account/shards").document["account"]
    client.call("DELETE", "/v1/settings/account/two-step")
    accepted = client.call("POST", "/v1/account/shards", request)
    after = client.call("GET", "/v1/account/shards").document["account"]

    assert (refused.outcome, between) == ((400, 1009), {"shards": 2})
    assert (accepted.status, after) == (201, {"shards": 8})
    assert len(client.call("GET", "/v1/health").document["health"]) == 8 + 1 + 2


@pytest.mark.parametrize(
    ("topology", "shards"), [("single", 2), ("ha", 2), ("multiconnect", 64), ("single", True)]
)
def test_shards_that_cannot_be_are_refused(topology: str, shards: object) -> None:
    client = Client(topology=topology)
    request = {"cc": "1", "phone_number": "4155550100", "shards": shards, "pin": "123456"}

    reply = client.call("POST", "/v1/account/shards", request)

    assert reply.outcome == (400, 1009)


@pytest.mark.parametrize(
    "path",
    ["/v1/settings/business/profile", "/v1/settings/application/media/providers", "/v1/account/shards"],
)
def test_without_a_primary_master_nobody_keeps_settings(path: str) -> None:
    client = Client(topology="ha")
    client.bring("no_primary_master")

    reply = client.call("GET", path)

    assert reply.outcome == (500, 1017)
