"""Who is in a group beside the business, and what became of a contact check."""

from __future__ import annotations

import json

import pytest

from waexporter.errors import BodyError
from waexporter.model import Group
from waexporter.whatsapp.documents.groups import read_contact_status, read_group

BUSINESS = "14155550100"


GONE = Group(None, exists=False)


@pytest.mark.parametrize(
    ("group", "expected"),
    [
        ({"admins": [BUSINESS], "creator": BUSINESS, "participants": ["1", "2"]}, Group(2)),
        ({"admins": [BUSINESS, "3"], "creator": BUSINESS, "participants": ["1", "2", BUSINESS]}, Group(3)),
        ({"admins": [BUSINESS], "creator": BUSINESS, "participants": []}, Group(0)),
        ({"admins": [BUSINESS], "creator": BUSINESS, "participants": [BUSINESS]}, Group(0)),
        ({"admins": [], "creator": int(BUSINESS), "participants": [1, f"+{BUSINESS}", "1"]}, Group(1)),
        ({"creator": BUSINESS, "participants": {"1": "1", "3": "2"}}, Group(2)),
        ({"creator": BUSINESS, "participants": ["1", "1", None]}, Group(None, at_least=1)),
        ({"creator": BUSINESS, "participants": [None]}, Group(None)),
        ({"creator": BUSINESS, "participants": None}, Group(None)),
        ({"creator": BUSINESS, "participants": {}}, Group(None)),
        ({"creator": BUSINESS, "participants": "1", "admins": ["3"]}, Group(None, at_least=1)),
        ({"creator": BUSINESS, "participants": ["1"], "admins": 7}, Group(None, at_least=1)),
        ({"creator": [], "participants": ["1", "2"]}, Group(None, at_least=1)),
        ({"participants": ["1"]}, Group(None)),
        ({"participants": [], "admins": []}, Group(None)),
        ({"participants": None}, Group(None)),
    ],
)
def test_people_are_counted_once_and_the_business_is_not(group: object, expected: Group) -> None:
    read = read_group(json.dumps({"groups": [group]}).encode())

    assert read.said == expected


@pytest.mark.parametrize(
    ("group", "is_reachable"),
    [
        (Group(2), True),
        (Group(0), False),
        (GONE, False),
        (Group(None, at_least=1), True),
        (Group(None), None),
    ],
)
def test_somebody_reads_a_page_nobody_does_or_who_knows(group: Group, is_reachable: bool | None) -> None:  # noqa: FBT001 - a column
    assert group.is_reachable is is_reachable


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
