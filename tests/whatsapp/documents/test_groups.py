"""The people in a group without the business, and the result of a contact check."""

from __future__ import annotations

import pytest

from tests.whatsapp.documents.bodies import body_of
from waexporter.errors import BodyError
from waexporter.model import OnCallGroup
from waexporter.whatsapp.documents.groups import read_contact_status, read_group

BUSINESS = "14155550100"


GONE = OnCallGroup(None, exists=False)


@pytest.mark.parametrize(
    ("group", "expected"),
    [
        ({"admins": [BUSINESS], "creator": BUSINESS, "participants": ["1", "2"]}, OnCallGroup(2)),
        (
            {"admins": [BUSINESS, "3"], "creator": BUSINESS, "participants": ["1", "2", BUSINESS]},
            OnCallGroup(3),
        ),
        ({"admins": [BUSINESS], "creator": BUSINESS, "participants": []}, OnCallGroup(0)),
        ({"admins": [BUSINESS], "creator": BUSINESS, "participants": [BUSINESS]}, OnCallGroup(0)),
        ({"admins": [], "creator": int(BUSINESS), "participants": [1, f"+{BUSINESS}", "1"]}, OnCallGroup(1)),
        ({"creator": BUSINESS, "participants": {"1": "1", "3": "2"}}, OnCallGroup(2)),
        ({"creator": BUSINESS, "participants": ["1", "1", None]}, OnCallGroup(None, at_least=1)),
        ({"creator": BUSINESS, "participants": [None]}, OnCallGroup(None)),
        ({"creator": BUSINESS, "participants": None}, OnCallGroup(None)),
        ({"creator": BUSINESS, "participants": {}}, OnCallGroup(None)),
        ({"creator": BUSINESS, "participants": "1", "admins": ["3"]}, OnCallGroup(None, at_least=1)),
        ({"creator": BUSINESS, "participants": ["1"], "admins": 7}, OnCallGroup(None, at_least=1)),
        ({"creator": [], "participants": ["1", "2"]}, OnCallGroup(None, at_least=1)),
        ({"participants": ["1"]}, OnCallGroup(None)),
        ({"participants": [], "admins": []}, OnCallGroup(None)),
        ({"participants": None}, OnCallGroup(None)),
    ],
)
def test_people_are_counted_once_and_the_business_is_not(group: object, expected: OnCallGroup) -> None:
    read = read_group(body_of({"groups": [group]}))

    assert read.value == expected


@pytest.mark.parametrize(
    ("group", "is_reachable"),
    [
        (OnCallGroup(2), True),
        (OnCallGroup(0), False),
        (GONE, False),
        (OnCallGroup(None, at_least=1), True),
        (OnCallGroup(None), None),
    ],
)
def test_whether_somebody_is_in_a_group_may_be_unknown(
    group: OnCallGroup,
    is_reachable: bool | None,  # noqa: FBT001 - a column
) -> None:
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
