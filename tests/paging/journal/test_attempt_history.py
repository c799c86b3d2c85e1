"""What was tried stays with its page, in a journal of whatever age, and goes with it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from tests.paging.fakes import WALL, a_page
from waexporter.paging.journal import schema
from waexporter.paging.journal.attempt_history import summarize_attempts
from waexporter.paging.journal.entry import Attempt, PageResult, PageState
from waexporter.paging.journal.reader import read_pages
from waexporter.paging.journal.writer import Journal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FIRST = Attempt(WALL, "orders", "1-2", "1012", "answered 404")
SECOND = Attempt(WALL + 1, "alpha", "1-2", "ok")


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = Journal(str(tmp_path))
    yield journal
    journal.close()


def record(journal: Journal, thread: str = "thread") -> int:
    with journal.session() as session:
        return session.record_page(a_page(thread), (), WALL).number


def test_attempts_are_kept_with_the_end_and_read_by_another_process(journal: Journal, tmp_path: Path) -> None:
    first, second = record(journal), record(journal, "other")
    journal.postpone([first, second], "busy", is_uncertain=False, tried=[FIRST])
    journal.finish([second], PageResult(PageState.ACCEPTED, WALL, "whatsapp", "alpha/1-2", tried=(SECOND,)))

    entries = read_pages(str(tmp_path), 10)

    assert [entry.tried for entry in entries] == [(FIRST, SECOND), (FIRST,)]
    assert journal.latest(10) == entries


def test_of_many_pages_that_go_out_together_each_keeps_few_attempts(journal: Journal) -> None:
    numbers = [record(journal, f"thread {number}") for number in range(100)]
    attempts = [FIRST._replace(way=f"way {number}") for number in range(30)]

    journal.postpone(numbers, "busy", is_uncertain=False, tried=attempts)

    assert {entry.tried for entry in journal.latest(100)} == {tuple(attempts[-10:])}


def test_attempts_go_with_their_page(journal: Journal) -> None:
    number = record(journal)
    journal.finish([number], PageResult(PageState.FAILED, WALL, tried=(FIRST,)))
    left = record(journal, "other")
    journal.postpone([left], "busy", is_uncertain=False, tried=[SECOND])
    journal.close()

    with closing(sqlite3.connect(journal.path)) as other:
        other.execute("DELETE FROM pages WHERE state = 'failed'")

        assert other.execute("SELECT page, way FROM attempts").fetchall() == [(left, "alpha")]


@pytest.mark.parametrize("damage", ["at = 'noon'", "way = x'00'", "why = x'ff'", "code = x'00ff'"])
def test_a_damaged_attempt_costs_itself_alone(journal: Journal, damage: str) -> None:
    number = record(journal)
    journal.finish([number], PageResult(PageState.ACCEPTED, WALL, tried=(FIRST, SECOND)))
    journal.close()
    with closing(sqlite3.connect(journal.path)) as other, other:
        other.execute(f"UPDATE attempts SET {damage} WHERE way = 'orders'")  # noqa: S608 - our own words

    [entry] = journal.latest(1)

    assert entry.tried == (SECOND,)


def test_a_page_of_before_attempts_were_kept_has_none(journal: Journal, tmp_path: Path) -> None:
    scripts = schema.SCRIPTS[:2]
    with closing(Journal(str(tmp_path), scripts=scripts)) as old:
        record(old)

    before = read_pages(str(tmp_path), 10)
    [after] = journal.latest(10)

    assert [entry.tried for entry in before] == [()]
    assert after.tried == ()


def test_each_way_is_summed_up_by_its_last_attempt() -> None:
    again = FIRST._replace(at=WALL + 60, code="1016", why="busy")
    elsewhere = FIRST._replace(recipient="3-4")

    assert summarize_attempts([FIRST, SECOND, again, elsewhere]) == ((again, 2), (SECOND, 1), (elsewhere, 1))
    assert summarize_attempts([]) == ()
