"""One page, and what became of it, as JSON."""

from __future__ import annotations

import json

import pytest

from tests.web.fakes import ask
from tests.web.pagers import FakePager, a_pending_page, pager_application
from waexporter.errors import JournalError

ENTRY = a_pending_page(7)


def test_one_page_is_shown() -> None:
    got = ask(pager_application(FakePager(latest=(ENTRY,))), "/api/v1/pages/7")

    assert json.loads(got.body)["number"] == 7
    assert json.loads(got.body)["shown"][0]["alertname"] == "WhatsAppDown"


def test_what_became_of_it_is_shown_with_its_text() -> None:
    got = ask(pager_application(FakePager(latest=(ENTRY,))), "/api/v1/pages/7/why")

    document = json.loads(got.body)
    assert document["page"]["number"] == 7
    assert document["text"][0] == "Page 7 is PENDING, for 30 s"
    assert (document["decisions"], document["later"]) == ([], [])


@pytest.mark.parametrize(
    ("number", "words"),
    [
        ("9", "No page 9: the newest one is 7."),
        ("0", "No page 0: the oldest one is 7; the journal keeps"),
        ("seven", "A page has a number"),
        ("9" * 40, "A page has a number"),
        ("%37x", "A page has a number"),
    ],
)
def test_a_page_that_is_not_there_gets_404_in_words(number: str, words: str) -> None:
    got = ask(pager_application(FakePager(latest=(ENTRY,))), f"/api/v1/pages/{number}/why")

    assert got.status == 404
    assert got.text.startswith(words)


def test_without_a_pager_there_is_no_page() -> None:
    got = ask(pager_application(None), "/api/v1/pages/7")

    assert got.status == 404
    assert "pager" in got.text


def test_a_journal_that_cannot_be_read_gets_503_without_its_path() -> None:
    pager = FakePager(error=JournalError("/var/lib/secret: is full"))

    got = ask(pager_application(pager), "/api/v1/pages/7")

    assert got.status == 503
    assert "/var/lib" not in got.text
