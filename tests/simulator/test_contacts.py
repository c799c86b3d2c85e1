"""Contact checks: which numbers are valid, however they are written."""

from __future__ import annotations

import pytest

from tests.simulator.inprocess import Client


@pytest.mark.parametrize(
    ("number", "wa_id"),
    [
        ("14155550101", "14155550101"),
        ("+1 (415) 555-0101", "14155550101"),
        ("+1.415.555.0101", "14155550101"),
        ("1415555", None),
        ("1415555010x", None),
        ("¹⁴¹⁵⁵⁵⁵⁰¹⁰¹", None),  # digits, but not those of a number
        ("", None),
    ],
)
def test_a_number_is_valid_however_it_is_punctuated(number: str, wa_id: str | None) -> None:
    client = Client()

    reply = client.call("POST", "/v1/contacts", {"contacts": [number], "blocking": "wait"})

    found = {"status": "valid", "wa_id": wa_id} if wa_id else {"status": "invalid"}
    assert reply.document["contacts"] == [{"input": number, **found}]


def test_each_number_gets_its_own_answer() -> None:
    client = Client()
    client.call("POST", "/v1/contacts", {"contacts": ["14155550101"]})

    reply = client.call("POST", "/v1/contacts", {"contacts": ["123", "14155550101", "14155550102"]})

    assert [each["status"] for each in reply.document["contacts"]] == ["processing", "valid", "processing"]
