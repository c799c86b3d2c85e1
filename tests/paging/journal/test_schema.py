"""A journal that an earlier version of waexporter wrote is read, upgraded and continued.

The files are dumps of what those versions wrote: one page accepted, one refused for good, one still pending.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.paging.fakes import GROUP, WALL, a_page
from waexporter.paging.journal import schema
from waexporter.paging.journal.entry import Attempt, PagerDecision, PageResult, PageState
from waexporter.paging.journal.page_history import PageHistory
from waexporter.paging.journal.reader import read_page
from waexporter.paging.journal.writer import Journal

FILES = sorted((Path(__file__).parent / "files").glob("version_*.sql"))
STATES = [PageState.ACCEPTED, PageState.FAILED, PageState.PENDING]
DECISION = PagerDecision(WALL, "it is sent")
ATTEMPTS = {
    1: (),
    3: (
        Attempt(WALL, "alpha", GROUP, "ok"),
        Attempt(WALL, "alpha", GROUP, "1012", "there is no such group"),
        Attempt(WALL, "alpha", GROUP, "1016", "the client is overloaded"),
    ),
}


@pytest.fixture(params=FILES, ids=lambda file: file.stem)
def version(request: pytest.FixtureRequest, tmp_path: Path) -> int:
    """Write the journal of an earlier version into the folder; return the version."""
    with closing(sqlite3.connect(tmp_path / schema.FILE)) as connection:
        connection.executescript(request.param.read_text())
        found = connection.execute("PRAGMA user_version").fetchone()[0]
    assert request.param.stem == f"version_{found}"
    return int(found)


def history(found: object) -> PageHistory:
    assert isinstance(found, PageHistory)
    return found


def test_a_page_of_an_earlier_version_is_read_before_a_daemon_has_upgraded_the_file(
    tmp_path: Path, version: int
) -> None:
    pages = [history(read_page(str(tmp_path), number)) for number in (1, 2, 3)]

    assert [page.entry.state for page in pages] == STATES
    assert tuple(attempt for page in pages for attempt in page.entry.tried) == ATTEMPTS[version]
    assert all(page.decisions == () for page in pages)
    with closing(sqlite3.connect(tmp_path / schema.FILE)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (version,)


def test_a_file_of_an_earlier_version_is_upgraded_with_all_that_it_holds(
    tmp_path: Path, version: int
) -> None:
    with closing(Journal(str(tmp_path))) as journal:
        with journal.session() as session:
            pending = session.pending_pages()
        pages = [history(journal.history(number)) for number in (1, 2, 3)]
        after = journal.path

        assert [page.entry.state for page in pages] == STATES
        assert [page.entry.page.thread for page in pages] == ["taken", "refused", "waiting"]
        assert tuple(attempt for page in pages for attempt in page.entry.tried) == ATTEMPTS[version]
        assert [entry.number for entry in pending] == [3]
        assert pending[0].why == "alpha: the client is overloaded"
    with closing(sqlite3.connect(after)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (len(schema.SCRIPTS),)


def test_an_upgraded_file_is_continued_as_a_new_one(tmp_path: Path, version: int) -> None:
    accepted = PageResult(PageState.ACCEPTED, WALL, decided=(DECISION,))
    with closing(Journal(str(tmp_path))) as journal:
        with journal.session() as session:
            new = session.record_page(a_page("new"), (), WALL).number
        journal.finish([3, new], accepted)
        old = history(journal.history(3))
        journal.discard([3])

        assert new == 4
        assert (old.entry.state, old.decisions) == (PageState.ACCEPTED, (DECISION,))
        assert history(journal.history(new)).decisions == (DECISION,)
        with closing(sqlite3.connect(journal.path)) as other:
            for table in ("attempts", "decisions"):
                left = other.execute(f"SELECT count(*) FROM {table} WHERE page = 3").fetchone()  # noqa: S608
                assert left == (0,), (version, table)
