"""What was paged, and what became of one page, as people read it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.web.fakes import NOW, FakeBackend, a_target, an_application, ask
from tests.web.pagers import FIRING, FakePager, a_pending_page, pager_application
from tests.web.site.test_status_page import HOSTILE, Elements
from waexporter.paging.journal.entry import Attempt, PageState
from waexporter.paging.model import Alert

if TYPE_CHECKING:
    from waexporter.paging.journal.entry import JournalEntry

OTHER = Alert("g", NOW - 60, None, {"alertname": "DiskLow", "target": "b", "severity": "warning"}, {})
TRIED = (
    Attempt(NOW - 20, "a", "1-2", "1016", "the client is overloaded"),
    Attempt(NOW - 10, "b", "1-2", "ok"),
)
ACCEPTED = a_pending_page(2, OTHER)._replace(
    state=PageState.ACCEPTED, channel="whatsapp", destination="b/1-2", tried=TRIED, done_at=NOW - 10
)
LATEST = (ACCEPTED, a_pending_page(1))


def shown(path: str, latest: tuple[JournalEntry, ...] = LATEST) -> str:
    """Return the text of a page as it is read."""
    got = ask(pager_application(FakePager(latest=latest)), path, accept="text/html")
    assert got.status == 200, got
    return " ".join(Elements(got.text).text.split())


def test_the_newest_page_comes_first_with_the_reasons_for_its_way() -> None:
    text = shown("/pages")

    assert text.index("Page 2") < text.index("Page 1")
    assert "NOT OK: a to 1-2: the client is overloaded -> " in text
    assert "ok: b to 1-2: accepted" in text


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("", [2, 1]),
        ("state=pending", [1]),
        ("severity=warning", [2]),
        ("target=a", [1]),
        ("q=disklow", [2]),
        ("q=OVERLOADED+b", [2]),
        ("q=is+down.", [1]),
        ("q=nothing", []),
        ("state=pending&target=b", []),
        ("q=&state=&severity=&target=", [2, 1]),
    ],
)
def test_the_filter_shows_what_matches(query: str, numbers: list[int]) -> None:
    text = shown(f"/pages?{query}")

    assert [number for number in (2, 1) if f"Page {number}" in text] == numbers
    assert ("No page matches." in text) == (not numbers)


def test_a_filter_is_kept_in_its_form() -> None:
    got = ask(pager_application(FakePager(latest=LATEST)), "/pages?q=disk&severity=warning&state=odd")

    assert 'value="disk"' in got.text
    assert '<option value="warning" selected>warning (1)</option>' in got.text
    assert '<option value="odd" selected>odd (0)</option>' in got.text


def test_a_filter_searches_further_than_what_is_shown() -> None:
    pager = FakePager(latest=tuple(a_pending_page(number) for number in range(120, 0, -1)))
    application = pager_application(pager)

    first, matching, whole = (
        ask(application, path).text for path in ("/pages", "/pages?target=a", "/pages?all=1")
    )

    assert (first.count("<article"), matching.count("<article"), whole.count("<article")) == (50, 50, 120)
    assert 'href="./pages?all=1"' in first
    assert "120 of the newest 120 pages match" in matching


def test_without_any_page_or_pager_it_says_so() -> None:
    nobody = shown("/pages", ())
    without = ask(pager_application(None), "/pages")

    assert "Nobody has been paged yet." in nobody
    assert without.status == 200
    assert "No pager is configured" in without.text


def test_one_page_is_explained_in_the_words_of_the_command() -> None:
    text = shown("/pages/2")

    assert "Page 2 was ACCEPTED, 20 s after it came" in text
    assert "a to 1-2: NOT accepted" in text
    assert "code 1016" in text
    assert "confirmed that it took the message" in text


def test_one_page_leads_to_its_target_and_to_what_to_do() -> None:
    target = FIRING.labels["target"]
    backend = FakeBackend((a_target(target),), pager=FakePager(latest=LATEST))  # type: ignore[arg-type]

    got = ask(an_application(backend), "/pages/1", accept="text/html")

    links = {attributes.get("href") for tag, attributes in Elements(got.text).found if tag == "a"}
    assert {f"../targets/{target}", f"../runbooks/{FIRING.labels['alertname']}"} <= links


def test_a_page_that_is_not_there_gets_404() -> None:
    got = ask(pager_application(FakePager(latest=LATEST)), "/pages/9", accept="text/html")

    assert (got.status, got.text) == (404, "No page 9: the newest one is 2.\n")


@pytest.mark.parametrize("path", ["/pages", "/pages/1", "/pages?q=%3Cscript%3E"])
def test_hostile_alerts_are_texts(path: str) -> None:
    hostile = Alert("f", NOW, None, dict.fromkeys(FIRING.labels, HOSTILE), {"summary": HOSTILE})

    got = ask(pager_application(FakePager(latest=(a_pending_page(1, hostile),))), path)

    assert "<script>" not in got.text


def test_thousands_of_words_are_cut() -> None:
    words = "+".join(str(number) for number in range(5000))

    got = ask(pager_application(FakePager(latest=LATEST)), f"/pages?q={words}", accept="text/html")

    assert f'name="q" value="{" ".join(map(str, range(20)))}"' in got.text
