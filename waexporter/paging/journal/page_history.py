"""One page of the journal with everything that is known of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from waexporter.paging.journal.attempt_history import read_attempts_of
from waexporter.paging.journal.decision_history import read_decisions
from waexporter.paging.journal.entry import SELECT, read_entry

if TYPE_CHECKING:
    import sqlite3

    from waexporter.paging.journal.entry import JournalEntry, PagerDecision

_MAX_LATER = 20  # later pages of the same thread


class PageHistory(NamedTuple):
    """One page, what was decided about it, and the pages that belong to it."""

    entry: JournalEntry
    decisions: tuple[PagerDecision, ...] = ()
    later: tuple[JournalEntry, ...] = ()  # of the same thread, the next ones first


class KnownNumbers(NamedTuple):
    """The lowest and the highest number of a page in the journal; 0 if it has none."""

    oldest: int = 0
    newest: int = 0


def read_history(connection: sqlite3.Connection, number: int) -> PageHistory | KnownNumbers:
    """Return a page with its history; if there is none of this number, return those that there are."""
    rows = connection.execute(SELECT + "WHERE number = ?", (number,)).fetchall()
    if not rows:
        oldest, newest = connection.execute("SELECT min(number), max(number) FROM pages").fetchone()
        return KnownNumbers(oldest or 0, newest or 0)
    entry = read_entry(rows[0])._replace(tried=read_attempts_of(connection, number))
    thread = connection.execute("SELECT thread FROM pages WHERE number = ?", (number,)).fetchone()[0]
    later = connection.execute(
        SELECT + "WHERE thread = ? AND number > ? ORDER BY number LIMIT ?", (thread, number, _MAX_LATER)
    ).fetchall()
    return PageHistory(
        entry,
        read_decisions(connection, number),
        tuple(map(read_entry, later)),
    )
