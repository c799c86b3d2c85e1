"""The pages of the journal, as GET /api/v1/pages lists them."""

from __future__ import annotations

import json

import pytest

from tests.web.fakes import NOW, Diary, ask
from tests.web.pagers import FakePager, pager_application
from waexporter.paging.journal.entry import Attempt, JournalEntry, PageState
from waexporter.paging.model import Alert, Doubt, Item, ItemKind, Page


def an_entry(number: int, alerts: int = 1, said: str = "summary") -> JournalEntry:
    alert = Alert(
        "f1",
        NOW - 60.0,
        None,
        {"alertname": "Down", "target": "alpha", "severity": "critical", "secret": "hunter2"},
        {said: "It is down."},
    )
    items = (Item(alert, ItemKind.FIRED),) * alerts
    doubts = tuple(Doubt(Alert(name, NOW - 90.0), 0.0) for name in ("f2", "f3"))
    page = Page("t", items, truncated=3, received_at=NOW - 50.0, doubts=doubts)
    return JournalEntry(
        number, page, PageState.ACCEPTED, 0.0, 2, repeats=1, channel="whatsapp", destination="alpha/1-2",
        done_at=NOW - 40.0,
    )  # fmt: skip


def test_the_pages_are_listed_with_their_states() -> None:
    got = ask(pager_application(FakePager(latest=(an_entry(2), an_entry(1)))), "/api/v1/pages")

    said = json.loads(got.body)
    first = said["pages"][0]
    assert (got.status, got.headers["content-type"]) == (200, "application/json")
    assert [each["number"] for each in said.pop("pages")] == [2, 1]
    assert said == {
        "at": "2026-01-31T09:30:00.250Z",
        "pending": 2,
        "oldest_pending_seconds": 7.5,
        "journal": "ok",
        "watchdogs": [{"source": "eu", "silent_seconds": 12.0, "max_silence_seconds": 180.0, "heard": True}],
        "unexpected_watchdogs": [],
        "refused": [],
    }
    assert first.pop("shown") == [
        {
            "kind": "fired",
            "alertname": "Down",
            "target": "alpha",
            "severity": "critical",
            "summary": "It is down.",
            "fingerprint": "f1",
            "starts": "2026-01-31T09:29:00.250Z",
            "ends": None,
        }
    ]
    assert first == {
        "number": 2,
        "state": "accepted",
        "channel": "whatsapp",
        "destination": "alpha/1-2",
        "attempts": 2,
        "repeats": 1,
        "why": "",
        "tried": [],
        "received": "2026-01-31T09:29:10.250Z",
        "done": "2026-01-31T09:29:20.250Z",
        "alerts": 1,
        "firing": 1,
        "truncated": 3,
        "unlisted": 2,
        "unread": 0,
    }


def test_each_attempt_is_listed_with_its_channel_and_outcome() -> None:
    tried = (
        Attempt(1_769_851_750.25, "orders", "1-2", "1012", "answered 404: 1012 Group not found"),
        Attempt(1_769_851_751.25, "alpha", "1-2", "ok"),
    )
    entry = an_entry(1)._replace(tried=tried)

    got = ask(pager_application(FakePager(latest=(entry,))), "/api/v1/pages")

    [page] = json.loads(got.body)["pages"]
    assert page["tried"] == [
        {
            "at": "2026-01-31T09:29:10.250Z",
            "way": "orders",
            "recipient": "1-2",
            "code": "1012",
            "why": "answered 404: 1012 Group not found",
        },
        {"at": "2026-01-31T09:29:11.250Z", "way": "alpha", "recipient": "1-2", "code": "ok", "why": ""},
    ]


def test_of_a_large_page_only_the_first_alerts_are_shown() -> None:
    got = ask(pager_application(FakePager(latest=(an_entry(1, alerts=500),))), "/api/v1/pages")

    [page] = json.loads(got.body)["pages"]
    assert (page["alerts"], len(page["shown"])) == (500, 20)


@pytest.mark.parametrize("annotation", ["summary", "description", "message"])
def test_an_alert_is_summed_up_as_in_the_text_of_a_page(annotation: str) -> None:
    got = ask(pager_application(FakePager(latest=(an_entry(1, said=annotation),))), "/api/v1/pages")

    assert json.loads(got.body)["pages"][0]["shown"][0]["summary"] == "It is down."


@pytest.mark.parametrize(("query", "asked"), [("", 100), ("?limit=1", 1), ("?limit=1000", 1000)])
def test_limit_is_the_number_of_pages(query: str, asked: int) -> None:
    pager = FakePager()

    assert ask(pager_application(pager), f"/api/v1/pages{query}").status == 200
    assert pager.asked == [asked]


@pytest.mark.parametrize(
    "limit",
    ["0", "1001", "-1", "x", "", "1.5", "\xb2", "9" * 5000, "000999" + "9" * 30, "0" * 20, "1&limit=2"],
)
def test_an_invalid_limit_gets_400(limit: str) -> None:
    pager = FakePager()
    diary = Diary()

    got = ask(pager_application(pager, diary), f"/api/v1/pages?limit={limit}")

    assert (got.status, pager.asked, diary.crashes) == (400, [], 0)
    assert "from 1 to 1000" in got.text


def test_without_a_pager_there_are_no_pages() -> None:
    assert ask(pager_application(None), "/api/v1/pages").status == 404
