"""What was decided about a page is kept with it, once, and goes with it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from tests.paging.fakes import WALL, a_page
from waexporter.paging.journal import schema
from waexporter.paging.journal.entry import PagerDecision, PageResult, PageState
from waexporter.paging.journal.page_history import KnownNumbers, PageHistory
from waexporter.paging.journal.reader import read_page
from waexporter.paging.journal.writer import Journal

if TYPE_CHECKING:
    from pathlib import Path

FIRST, SECOND = PagerDecision(WALL, "it waits"), PagerDecision(WALL + 1, "it is sent")


def record(journal: Journal) -> int:
    with journal.session() as session:
        return session.record_page(a_page(), (), WALL).number


def decisions_of(journal: Journal, number: int) -> tuple[PagerDecision, ...]:
    history = journal.history(number)
    assert isinstance(history, PageHistory)
    return history.decisions


def test_a_decision_is_kept_once(tmp_path: Path) -> None:
    with closing(Journal(str(tmp_path))) as journal:
        number = record(journal)
        for _ in range(2):
            journal.postpone([number], "busy", is_uncertain=False, decided=(FIRST,))
        journal.finish([number], PageResult(PageState.ACCEPTED, WALL, decided=(FIRST, SECOND)))

        decisions = decisions_of(journal, number)

    assert decisions == (FIRST, SECOND)


def test_the_decisions_of_a_page_have_a_bound(tmp_path: Path) -> None:
    many = tuple(PagerDecision(WALL, f"decision {n}") for n in range(50))
    with closing(Journal(str(tmp_path))) as journal:
        number = record(journal)
        for _ in range(2):
            journal.postpone([number], "busy", is_uncertain=False, decided=many)

        decisions = decisions_of(journal, number)

    assert decisions == many[:20]


def test_a_long_decision_is_cut_and_kept_once(tmp_path: Path) -> None:
    long = PagerDecision(WALL, "ways: " + "a-client, " * 5000)
    with closing(Journal(str(tmp_path))) as journal:
        number = record(journal)
        for _ in range(2):
            journal.postpone([number], "busy", is_uncertain=False, decided=(long,))

        [kept] = decisions_of(journal, number)

    assert kept.words == long.words[:500]


def test_decisions_go_with_their_page(tmp_path: Path) -> None:
    with closing(Journal(str(tmp_path))) as journal:
        number = record(journal)
        journal.postpone([number], "busy", is_uncertain=False, decided=(FIRST,))
        journal.discard([number])
        with closing(sqlite3.connect(journal.path)) as other:
            left = other.execute("SELECT count(*) FROM decisions").fetchone()

    assert left == (0,)


def test_a_file_of_before_decisions_is_read_and_migrated(tmp_path: Path) -> None:
    with closing(Journal(str(tmp_path), scripts=schema.SCRIPTS[:3])) as old:
        number = record(old)

    before = read_page(str(tmp_path), number)
    with closing(Journal(str(tmp_path))) as journal:
        after = decisions_of(journal, number)

    assert isinstance(before, PageHistory)
    assert (before.decisions, after) == ((), ())


def test_without_the_page_the_numbers_that_there_are_are_returned(tmp_path: Path) -> None:
    with closing(Journal(str(tmp_path))) as journal:
        none = journal.history(1)
        record(journal)
        record(journal)

        known = journal.history(9)

    assert none == KnownNumbers()
    assert known == KnownNumbers(1, 2)
