"""`waexporter pages why`: what became of a page, from the journal alone."""

from __future__ import annotations

import json
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from waexporter.paging.journal.entry import Attempt, PagerDecision, PageResult, PageState
from waexporter.paging.journal.writer import Journal
from waexporter.paging.model import Alert, Item, ItemKind, Page

if TYPE_CHECKING:
    from tests.commands.conftest import Workplace

NOW = 1_795_500_000.0
TRIED = (
    Attempt(NOW + 1, "support-line", "1-2", "1016", "the client is overloaded"),
    Attempt(NOW + 2, "backup-line", "1-2", "ok"),
)


@pytest.fixture
def paged(workplace: Workplace) -> Workplace:
    """Return a workplace whose journal has one page, which went out by its second way."""
    alert = Alert("f", NOW - 60, None, {"alertname": "WhatsAppDown", "severity": "critical"}, {})
    with closing(Journal(str(workplace.state))) as journal:
        with journal.session() as session:
            page = Page("thread", (Item(alert, ItemKind.FIRED),), received_at=NOW)
            number = session.record_page(page, (), NOW).number
        decided = (PagerDecision(NOW, "the first line of the message: FIRING: 1 alert"),)
        result = PageResult(
            PageState.ACCEPTED, NOW + 2, "whatsapp", "backup-line/1-2", tried=TRIED, decided=decided
        )
        journal.finish([number], result)
    return workplace


@pytest.mark.parametrize("number", ["1", "#1"])
def test_a_page_is_explained_from_the_journal(paged: Workplace, number: str) -> None:
    result = paged.run("pages", "why", number)

    assert result.status == 0, result
    assert result.output.startswith("Page 1 was ACCEPTED, 2 s after it came")
    assert "the first line of the message: FIRING: 1 alert" in result.output
    assert "support-line to 1-2: NOT accepted" in result.output
    assert "backup-line to 1-2: accepted" in result.output


def test_the_json_is_that_of_the_api(paged: Workplace) -> None:
    document = json.loads(paged.run("pages", "why", "1", "--json").output)

    assert document["page"]["number"] == 1
    assert document["decisions"][0]["words"] == "the first line of the message: FIRING: 1 alert"
    assert document["text"][0].startswith("Page 1 was ACCEPTED")


def test_a_page_that_is_not_there_is_named(paged: Workplace) -> None:
    result = paged.run("pages", "why", "2")

    assert (result.status, result.output) == (1, "")
    assert result.complaints == "No page 2: the newest one is 1\n"


def test_an_option_before_the_word_why_counts_too(paged: Workplace) -> None:
    result = paged.run("pages", "--json", "why", "1")

    assert json.loads(result.output)["page"]["number"] == 1


def test_the_list_of_pages_is_still_what_pages_prints(paged: Workplace) -> None:
    result = paged.run("pages")

    assert result.status == 0
    assert result.output.startswith("#1 ")


@pytest.mark.parametrize("number", ["0", "-1", "1.5", "first", "1234567890123456789"])
def test_what_is_no_number_of_a_page_is_refused(paged: Workplace, number: str) -> None:
    with pytest.raises(SystemExit) as ended:
        paged.run("pages", "why", number)

    assert ended.value.code == 2
