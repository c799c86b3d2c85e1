"""An id of the wrong kind is tried as the other kind, which is remembered."""

from __future__ import annotations

import json
from collections import deque
from typing import TYPE_CHECKING

import pytest

from waexporter.paging.channels import ACCEPTED
from waexporter.paging.channels.recipients import Recipient
from waexporter.paging.channels.whatsapp import WhatsAppChannel, other_recipient
from waexporter.paging.messages.message import Message
from waexporter.transport.exchange import Reply
from waexporter.whatsapp.documents.groups import phone_number_of

if TYPE_CHECKING:
    from waexporter.transport.exchange import Request

PERSON, GROUP = "4915112345678", "14155550100-1520000000"
TAKEN = Reply(201, b'{"messages": [{"id": "m1"}]}')


def refusal(code: int) -> Reply:
    return Reply(400, b'{"errors": [{"code": %d, "title": "No"}]}' % code)


class Client:
    """A client that gives the replies in turn, then accepts everything, and records the recipients."""

    def __init__(self, *replies: Reply) -> None:
        self.replies = deque(replies)
        self.recipients: list[tuple[str, str]] = []

    def send(self, request: Request, _timeout: float) -> Reply:
        document = json.loads(request.body or b"")
        self.recipients.append((document["to"], document["recipient_type"]))
        return self.replies.popleft() if self.replies else TAKEN


@pytest.mark.parametrize(
    ("identifier", "number"),
    [
        (PERSON, PERSON),
        (f"+{PERSON}", PERSON),
        (f"00{PERSON}", PERSON),
        ("+49 151 (1234) 5678", PERSON),
        (f"{PERSON}@c.us", PERSON),
        ("14155550100", "14155550100"),
        (GROUP, ""),
        (f"{GROUP}@g.us", ""),
        ("120363041234567890", ""),  # a group of today: more digits than any number has
        ("04915112345678", ""),
        ("12345", ""),
        ("team", ""),
        ("", ""),
    ],
)
def test_a_persons_number_is_known_by_its_form(identifier: str, number: str) -> None:
    assert phone_number_of(identifier) == number
    assert other_recipient(Recipient(identifier)) == (Recipient(number, "individual") if number else None)


@pytest.mark.parametrize(
    ("identifier", "looks_like_a_group"),
    [(GROUP, True), (f"{GROUP}@g.us", True), ("120363041234567890", True), (PERSON, False), ("team", False)],
)
def test_a_groups_id_is_known_by_its_form(identifier: str, looks_like_a_group: bool) -> None:  # noqa: FBT001
    other = other_recipient(Recipient(identifier, "individual"))

    assert other == (Recipient(identifier) if looks_like_a_group else None)


@pytest.mark.parametrize("code", [1002, 1012, 1020])
@pytest.mark.parametrize(
    ("recipient", "other"),
    [
        (Recipient(PERSON), (PERSON, "individual")),
        (Recipient(f"+{PERSON}"), (PERSON, "individual")),
        (Recipient(GROUP, "individual"), (GROUP, "group")),
    ],
)
def test_the_other_kind_is_tried_at_once_and_remembered(
    recipient: Recipient, other: tuple[str, str], code: int
) -> None:
    client = Client(refusal(code))
    known: dict[Recipient, Recipient] = {}

    first = WhatsAppChannel(client, recipient, known).send(Message("FIRING"))
    second = WhatsAppChannel(client, recipient, known).send(Message("FIRING"))

    assert first == second == ACCEPTED
    assert str(code) in first.note
    assert client.recipients == [(recipient.to, recipient.kind), other, other]


@pytest.mark.parametrize("code", [1001, 1003, 1005, 1014, 1015, 1016, 1026])
def test_after_any_other_refusal_the_kind_is_not_changed(code: int) -> None:
    client = Client(refusal(code))

    outcome = WhatsAppChannel(client, Recipient(PERSON)).send(Message("FIRING"))

    assert outcome.code == str(code)
    assert client.recipients == [(PERSON, "group")]


@pytest.mark.parametrize("code", [1002, 1012, 1020])
def test_an_id_that_looks_like_a_group_is_not_tried_as_a_person(code: int) -> None:
    client = Client(refusal(code))

    outcome = WhatsAppChannel(client, Recipient(GROUP)).send(Message("FIRING"))

    assert (outcome.code, outcome.is_permanent) == (str(code), True)
    assert client.recipients == [(GROUP, "group")]


def test_two_permanent_refusals_are_both_reported() -> None:
    client = Client(refusal(1012), refusal(1013))

    outcome = WhatsAppChannel(client, Recipient(PERSON)).send(Message("FIRING"))

    assert (outcome.code, outcome.is_permanent) == ("1012", True)
    assert outcome.why == "answered 400: 1012 No; sent as a person: answered 400: 1013 No"


def test_after_a_temporary_failure_the_other_kind_is_tried_again() -> None:
    client = Client(refusal(1012), refusal(1016), refusal(1012))
    known: dict[Recipient, Recipient] = {}

    first = WhatsAppChannel(client, Recipient(PERSON), known).send(Message("FIRING"))
    second = WhatsAppChannel(client, Recipient(PERSON), known).send(Message("FIRING"))

    assert (first.code, first.is_permanent) == ("1016", False)
    assert second.is_accepted


def test_a_remembered_kind_is_forgotten_after_a_permanent_refusal() -> None:
    client = Client(refusal(1012), TAKEN, refusal(1013), TAKEN)
    known: dict[Recipient, Recipient] = {}
    for _ in range(3):
        WhatsAppChannel(client, Recipient(PERSON), known).send(Message("FIRING"))

    assert [kind for _, kind in client.recipients] == ["group", "individual", "individual", "group"]
