"""Messages, contacts, groups and settings hold together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    from tests.simulator.conftest import Caller

_ON_CALL = "14155550100-1520000000"


def _text(to: str, body: str, kind: str = "individual") -> dict[str, object]:
    return {"to": to, "recipient_type": kind, "type": "text", "text": {"body": body}}


def _outcome(answer: httpx.Response) -> tuple[int, int]:
    return answer.status_code, answer.json()["errors"][0]["code"]


def test_an_accepted_message_is_kept(simulate: Callable[..., Caller]) -> None:
    caller = simulate().become("monitor")

    answer = caller.call("POST", "/v1/messages", _text(_ON_CALL, "The queue grows", "group"))
    kept = caller.get("/_control/messages").json()["messages"]

    assert answer.status_code == 201
    assert kept == [
        {
            "id": answer.json()["messages"][0]["id"],
            "to": _ON_CALL,
            "recipient_type": "group",
            "type": "text",
            "text": {"body": "The queue grows"},
            "from": "monitor",
            "at": caller.clock.now,
        },
    ]


@pytest.mark.parametrize(
    ("message", "outcome"),
    [
        (_text("14155550101", "x" * 4097), (400, 1001)),
        (_text("14155550101", "x", "crowd"), (400, 1002)),
        (_text("not-a-number", "x"), (400, 1013)),
        (_text("14155550100-1", "x", "group"), (404, 1012)),
        (_text("", "x"), (400, 1008)),
        (_text("14155550101", ""), (400, 1008)),
        ({"to": "14155550101", "type": "text"}, (400, 1008)),
        ({"to": "14155550101", "type": "text", "text": "x"}, (400, 1009)),
        ({"to": "14155550101", "type": "smoke"}, (400, 1009)),
        ({"to": 14155550101, "text": {"body": "x"}}, (400, 1009)),
    ],
)
def test_a_wrong_message_is_refused(
    single: Caller, message: dict[str, object], outcome: tuple[int, int]
) -> None:
    caller = single

    answer = caller.call("POST", "/v1/messages", message)

    assert _outcome(answer) == outcome


def test_the_longest_text_is_accepted(single: Caller) -> None:
    caller = single

    answer = caller.call("POST", "/v1/messages", _text("14155550101", "x" * 4096))

    assert answer.status_code == 201


def test_a_group_of_the_business_alone_takes_no_message_until_somebody_joins(single: Caller) -> None:
    caller = single
    group = caller.call("POST", "/v1/groups", {"subject": "Night shift"}).json()["groups"][0]["id"]

    alone = caller.call("POST", "/v1/messages", _text(group, "x", "group"))
    caller.call("POST", f"/_control/groups/{group}/join", {"wa_id": "14155550109"})
    together = caller.call("POST", "/v1/messages", _text(group, "x", "group"))

    assert _outcome(alone) == (404, 1012)
    assert together.status_code == 201


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [("dead_node", (500, 1014)), ("unregistered", (500, 1011)), ("uninitialized", (500, 1011))],
)
def test_a_client_that_is_not_ready_takes_no_message(
    single: Caller, fault: str, outcome: tuple[int, int]
) -> None:
    caller = single
    caller.bring(fault)

    answer = caller.call("POST", "/v1/messages", _text("14155550101", "x"))

    assert _outcome(answer) == outcome


def test_a_client_without_its_gateway_accepts_messages_for_later(single: Caller) -> None:
    caller = single
    caller.bring("gateway_down")

    answer = caller.call("POST", "/v1/messages", _text("14155550101", "x"))

    assert answer.status_code == 201


def test_only_recipients_of_the_missing_shard_fail(multiconnect: Caller) -> None:
    caller = multiconnect
    caller.bring("shard_uncovered")

    answers = [caller.call("POST", "/v1/messages", _text(str(14155550101 + n), "x")) for n in range(20)]
    refused = [answer for answer in answers if answer.status_code != 201]

    assert 0 < len(refused) < 20
    assert {_outcome(answer) for answer in refused} == {(500, 1018)}


def test_a_message_is_marked_as_read(single: Caller) -> None:
    caller = single

    read = caller.call("PUT", "/v1/messages/ABGG", {"status": "read"})
    wrong = caller.call("PUT", "/v1/messages/ABGG", {"status": "deleted"})

    assert read.status_code == 200
    assert _outcome(wrong) == (400, 1009)
    assert caller.get("/_control/messages").json()["read"] == ["ABGG"]


def test_a_contact_is_checked_at_once_only_when_one_waits(single: Caller) -> None:
    caller = single
    asked = {"contacts": ["+1 (415) 555-0177"]}

    first = caller.call("POST", "/v1/contacts", asked).json()["contacts"]
    second = caller.call("POST", "/v1/contacts", asked).json()["contacts"]
    waited = caller.call("POST", "/v1/contacts", {"contacts": ["123"], "blocking": "wait"}).json()["contacts"]

    assert first == [{"input": "+1 (415) 555-0177", "status": "processing"}]
    assert second == [{"input": "+1 (415) 555-0177", "status": "valid", "wa_id": "14155550177"}]
    assert waited == [{"input": "123", "status": "invalid"}]


def test_a_blocking_contact_check_needs_the_gateway(single: Caller) -> None:
    caller = single
    caller.bring("gateway_down")

    answer = caller.call("POST", "/v1/contacts", {"contacts": ["+14155550177"], "blocking": "wait"})

    assert _outcome(answer) == (500, 1014)


def test_a_group_is_made_renamed_shown_and_left(simulate: Callable[..., Caller]) -> None:
    caller = simulate().become("monitor")

    created = caller.call("POST", "/v1/groups", {"subject": "Night shift"})
    group = created.json()["groups"][0]["id"]
    caller.call("PUT", f"/v1/groups/{group}", {"subject": "Day shift"})
    info = caller.get(f"/v1/groups/{group}").json()["groups"]
    listed = caller.get("/v1/groups").json()["groups"]
    caller.call("POST", f"/v1/groups/{group}/leave")

    assert created.json()["groups"] == [{"creation_time": 1_700_000_000, "id": "14155550100-1700000000"}]
    assert info == [
        {
            "admins": ["14155550100"],
            "creation_time": 1_700_000_000,
            "creator": "14155550100",
            "participants": [],
            "subject": "Day shift",
        },
    ]
    assert listed == [{"id": _ON_CALL}, {"id": group}]
    assert _outcome(caller.get(f"/v1/groups/{group}")) == (404, 1012)


def test_a_revoked_invitation_is_replaced(single: Caller) -> None:
    caller = single
    path = f"/v1/groups/{_ON_CALL}/invite"

    before = caller.get(path).json()["groups"][0]["link"]
    caller.call("DELETE", path)
    after = caller.get(path).json()["groups"][0]["link"]

    assert before.startswith("https://chat.whatsapp.com/")
    assert after != before


def test_participants_become_admins_and_leave(simulate: Callable[..., Caller]) -> None:
    caller = simulate().become("monitor")
    path = f"/v1/groups/{_ON_CALL}"
    people = {"wa_ids": ["14155550101"]}

    caller.call("PATCH", f"{path}/admins", people)
    promoted = caller.get(path).json()["groups"][0]
    caller.call("DELETE", f"{path}/admins", people)
    demoted = caller.get(path).json()["groups"][0]
    caller.call("DELETE", f"{path}/participants", people)
    removed = caller.get(path).json()["groups"][0]
    twice = caller.call("DELETE", f"{path}/participants", people)

    assert promoted["admins"] == ["14155550100", "14155550101"]
    assert demoted["admins"] == ["14155550100"]
    assert removed["participants"] == ["14155550102"]
    assert _outcome(twice) == (400, 1021)


def test_an_icon_is_set_shown_and_deleted(single: Caller) -> None:
    caller = single
    path = f"/v1/groups/{_ON_CALL}/icon"
    headers = {"Authorization": caller.authorization, "Content-Type": "image/png"}

    caller.http.post(path, headers=headers, content=b"\x89PNG")
    shown = caller.get(path)
    caller.call("DELETE", path)
    missing = caller.get(path)

    assert (shown.content, shown.headers["content-type"]) == (b"\x89PNG", "image/png")
    assert _outcome(missing) == (404, 1006)


def test_settings_are_changed_and_reset(simulate: Callable[..., Caller]) -> None:
    caller = simulate().become("boss")
    path = "/v1/settings/application"

    before = caller.get(path).json()["settings"]["application"]
    caller.call("PATCH", path, {"on_call_pager": "other", "webhooks": {"max_concurrent_requests": 12}})
    changed = caller.get(path).json()["settings"]["application"]
    caller.call("DELETE", path)
    reset = caller.get(path).json()["settings"]["application"]

    assert before["on_call_pager"] == _ON_CALL
    assert before["max_callback_backoff_delay_ms"] == "900000"
    assert changed["on_call_pager"] == "other"
    assert changed["webhooks"] == {"url": "https://hooks.example.com/wa", "max_concurrent_requests": 12}
    assert "on_call_pager" not in reset
    assert reset["webhooks"] == {"max_concurrent_requests": 6}


@pytest.mark.parametrize(
    ("change", "outcome"),
    [
        ({"colour": "green"}, (400, 1010)),
        ({"callback_persist": "yes"}, (400, 1009)),
        ({"unhealthy_interval": 0}, (400, 1009)),
        ({"callback_backoff_delay_ms": "soon"}, (400, 1009)),
        ({"webhooks": {"url": "http://plain"}}, (400, 1009)),
        ({"webhooks": "https://hooks.example.com"}, (400, 1009)),
        ({"media": {"auto_download": "image"}}, (400, 1009)),
        ({"on_call_pager": 7}, (400, 1009)),
    ],
)
def test_wrong_settings_are_refused(
    single: Caller, change: dict[str, object], outcome: tuple[int, int]
) -> None:
    caller = single.become("boss")

    answer = caller.call("PATCH", "/v1/settings/application", change)

    assert _outcome(answer) == outcome


def test_the_unhealthy_interval_decides_how_long_a_failover_takes(simulate: Callable[..., Caller]) -> None:
    caller = simulate(topology="ha").become("boss")
    caller.call("PATCH", "/v1/settings/application", {"unhealthy_interval": "10"})
    caller.bring("dead_node", node="core1")

    caller.clock.move(10)

    assert caller.health()["core2:1d7a"]["gateway_status"] == "connected"


def test_setting_the_shards_arranges_the_cluster_anew(simulate: Callable[..., Caller]) -> None:
    caller = simulate(topology="multiconnect", shards=2).become("boss")
    request = {"cc": "1", "phone_number": "4155550100", "shards": 4, "pin": "123456"}

    wrong = caller.call("POST", "/v1/account/shards", {**request, "shards": 3})
    right = caller.call("POST", "/v1/account/shards", request)
    coreapps = [node for node in caller.health().values() if node["role"] == "coreapp"]

    assert _outcome(wrong) == (400, 1009)
    assert right.status_code == 201
    assert len(coreapps) == 5
