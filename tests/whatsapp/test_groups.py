"""Who is in a group beside the business, and what became of a contact check."""

from __future__ import annotations

import json

import pytest

from waexporter.errors import BodyError
from waexporter.whatsapp.groups import read_contact_status, read_group

BUSINESS = "14155550100"


@pytest.mark.parametrize(
    ("group", "participants"),
    [
        ({"admins": [BUSINESS], "creator": BUSINESS, "participants": ["1", "2"]}, 2),
        ({"admins": [BUSINESS, "3"], "creator": BUSINESS, "participants": ["1", "2", BUSINESS]}, 3),
        ({"admins": [BUSINESS], "creator": BUSINESS, "participants": []}, 0),
        ({"admins": [BUSINESS], "creator": BUSINESS, "participants": [BUSINESS]}, 0),
        ({"participants": ["1", "1", 7, None]}, 1),
        ({"participants": "1", "admins": 7, "creator": []}, 0),
        ({}, 0),
    ],
)
def test_people_are_counted_once_and_the_business_is_not(group: object, participants: int) -> None:
    read = read_group(json.dumps({"groups": [group]}).encode())

    assert read.participants == participants


@pytest.mark.parametrize(
    "body", [b"{}", b'{"groups":[]}', b'{"groups":[7]}', b'{"groups":{}}', b"[]", b"", b"\xff"]
)
def test_an_answer_without_a_group_is_none(body: bytes) -> None:
    with pytest.raises(BodyError):
        read_group(body)


def test_the_status_of_a_contact_is_read() -> None:
    assert read_contact_status(b'{"contacts":[{"input":"1","status":"valid","wa_id":"1"}]}') == "valid"


@pytest.mark.parametrize(
    "body", [b"{}", b'{"contacts":[]}', b'{"contacts":[{}]}', b'{"contacts":[{"status":7}]}']
)
def test_an_answer_without_a_contact_is_none(body: bytes) -> None:
    with pytest.raises(BodyError):
        read_contact_status(body)
