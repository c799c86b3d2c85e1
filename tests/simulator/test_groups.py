"""Groups keep their rules, and messages say what their type asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.simulator.inprocess import Client

if TYPE_CHECKING:
    from tests.simulator.inprocess import Reply

_ON_CALL = "14155550100-1520000000"
_PATH = f"/v1/groups/{_ON_CALL}"
_BUSINESS = "14155550100"
_CHANGES = [
    ("PUT", "", {"subject": "x"}),
    ("GET", "/invite", None),
    ("DELETE", "/invite", None),
    ("DELETE", "/participants", {"wa_ids": ["14155550101"]}),
    ("PATCH", "/admins", {"wa_ids": ["14155550101"]}),
    ("DELETE", "/admins", {"wa_ids": ["14155550101"]}),
    ("DELETE", "/icon", None),
]


def _page(client: Client, group: str = _ON_CALL) -> Reply:
    message = {"to": group, "recipient_type": "group", "type": "text", "text": {"body": "x"}}
    return client.call("POST", "/v1/messages", message)


def _set_members(client: Client, **members: list[str]) -> Reply:
    return client.call("PUT", f"/_control/groups/{_ON_CALL}/members", members)


@pytest.mark.parametrize(("method", "below", "document"), _CHANGES)
def test_a_group_that_was_left_is_not_ours_to_change(method: str, below: str, document: object) -> None:
    client = Client()
    client.call("POST", f"{_PATH}/leave")

    reply = client.call(method, _PATH + below, document)

    assert reply.outcome == (400, 1003)


@pytest.mark.parametrize(("method", "below", "document"), _CHANGES)
def test_only_an_admin_changes_a_group(method: str, below: str, document: object) -> None:
    client = Client()
    _set_members(client, participants=["14155550101"], admins=["14155550101"])

    reply = client.call(method, _PATH + below, document)

    assert reply.outcome == (400, 1019)
    assert _page(client).status == 201


def test_a_group_that_was_left_takes_no_page_and_can_not_be_left_again() -> None:
    client = Client()

    left = client.call("POST", f"{_PATH}/leave")
    again = client.call("POST", f"{_PATH}/leave")

    assert left.status == 200
    assert again.outcome == (400, 1003)
    assert _page(client).outcome == (400, 1003)
    assert client.call("GET", "/v1/groups").document["groups"] == []


@pytest.mark.parametrize(
    ("person", "outcome"),
    [("nobody", (400, 1013)), ("14155550199", (400, 1021)), (_BUSINESS, (400, 1021))],
)
def test_only_participants_are_promoted(person: str, outcome: tuple[int, int]) -> None:
    client = Client()

    reply = client.call("PATCH", f"{_PATH}/admins", {"wa_ids": [person]})

    assert reply.outcome == outcome


def test_a_subject_that_is_too_long_is_refused() -> None:
    client = Client()

    reply = client.call("POST", "/v1/groups", {"subject": "x" * 101})

    assert reply.outcome == (400, 1001)


def test_control_lists_groups_with_their_members_and_messages() -> None:
    client = Client()
    created = client.call("POST", "/v1/groups", {"subject": "Night shift"}).document["groups"][0]["id"]
    sent = _page(client).document["messages"][0]["id"]

    groups = client.send("GET", "/_control/groups").document["groups"]

    found = {
        group["id"]: (group["subject"], group["participants"], [each["id"] for each in group["messages"]])
        for group in groups
    }
    assert found == {
        _ON_CALL: ("On call", ["14155550101", "14155550102"], [sent]),
        created: ("Night shift", [], []),
    }


def test_control_sets_the_members_of_a_group() -> None:
    client = Client()

    emptied = _set_members(client, participants=[])
    refused = _page(client)
    wrong = _set_members(client, participants=["x"])
    unknown = client.call("PUT", "/_control/groups/1-1/members", {"participants": []})

    assert (emptied.document["participants"], emptied.document["admins"]) == ([], [_BUSINESS])
    assert refused.outcome == (404, 1012)
    assert wrong.status == 400
    assert unknown.outcome == (404, 1012)


def test_control_sets_settings_whatever_they_are() -> None:
    client = Client()

    changed = client.call(
        "PATCH", "/_control/settings", {"on_call_pager": None, "unhealthy_interval": "soon", "later": [1]}
    )
    shown = client.call("GET", "/v1/settings/application").document["settings"]["application"]
    health = client.call("GET", "/v1/health")

    assert changed.document["application"] == shown
    assert ("on_call_pager" in shown, shown["unhealthy_interval"], shown["later"]) == (False, "soon", [1])
    assert health.status == 200


_TEMPLATE = {"namespace": "n", "name": "t", "language": {"policy": "deterministic", "code": "en"}}
_LOCATION = {"longitude": 12.5, "latitude": "41", "name": "n", "address": "a"}


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("image", {"link": "https://example.com/a.png", "caption": "x"}),
        ("document", {"link": "https://example.com/a.pdf", "filename": "a.pdf", "caption": "x"}),
        ("voice", {"link": "https://example.com/a.ogg"}),
        ("template", {**_TEMPLATE, "components": [{"type": "body"}]}),
        ("location", _LOCATION),
        ("contacts", [{"name": {"formatted_name": "A"}, "phones": [{"phone": "1"}]}]),
    ],
)
def test_a_message_of_each_type_is_accepted(kind: str, content: object) -> None:
    client = Client()

    reply = client.call("POST", "/v1/messages", {"to": "14155550101", "type": kind, kind: content})

    assert reply.status == 201
    assert client.world.messages[-1][kind] == content


@pytest.mark.parametrize(
    ("kind", "content", "outcome"),
    [
        ("image", {}, (400, 1008)),
        ("image", {"caption": "x"}, (400, 1008)),
        ("image", {"id": "unknown"}, (404, 1006)),
        ("image", {"id": "x", "link": "y"}, (400, 1008)),
        ("image", {"link": "x", "caption": "x" * 3001}, (400, 1001)),
        ("audio", {"link": "x", "caption": "x"}, (400, 1010)),
        ("hsm", {"namespace": "n", "element_name": "e", "language": {"code": "en"}}, (400, 1008)),
        ("template", {**_TEMPLATE, "language": {}}, (400, 1008)),
        ("template", {**_TEMPLATE, "components": "x"}, (400, 1009)),
        ("location", {**_LOCATION, "latitude": 91}, (400, 1009)),
        ("location", {**_LOCATION, "longitude": True}, (400, 1009)),
        ("location", {**_LOCATION, "name": ""}, (400, 1008)),
        ("contacts", [], (400, 1008)),
        ("contacts", ["x"], (400, 1009)),
        ("contacts", [{"phones": []}], (400, 1008)),
        ("contacts", [{"name": {}, "age": 7}], (400, 1010)),
        ("text", {"body": "x", "size": 7}, (400, 1010)),
        ("unknown", {"x": "y"}, (400, 1009)),
    ],
)
def test_a_message_without_its_parts_is_refused(kind: str, content: Any, outcome: tuple[int, int]) -> None:  # noqa: ANN401
    client = Client()

    reply = client.call("POST", "/v1/messages", {"to": "14155550101", "type": kind, kind: content})

    assert reply.outcome == outcome
    assert not client.world.messages


def test_an_uploaded_image_is_sent() -> None:
    client = Client()
    media = client.upload("/v1/media", b"\x89PNG").document["media"][0]["id"]

    reply = client.call(
        "POST", "/v1/messages", {"to": "14155550101", "type": "image", "image": {"id": media}}
    )

    assert reply.status == 201


def test_without_a_webhook_no_message_is_accepted() -> None:
    client = Client()
    client.call("DELETE", "/v1/settings/application")

    refused = _page(client)
    client.call("PATCH", "/v1/settings/application", {"webhooks": {"url": "https://hooks.example.com"}})
    accepted = _page(client)

    assert refused.outcome == (412, 1022)
    assert accepted.status == 201
