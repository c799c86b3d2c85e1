"""One page of the journal with everything that is known of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from waexporter.paging.journal.attempt_history import read_attempts_of
from waexporter.paging.journal.decision_history import read_decisions
from waexporter.paging.journal.entry import SELECT, PageState, read_entry

if TYPE_CHECKING:
    import sqlite3

    from waexporter.paging.journal.entry import JournalEntry, PagerDecision

_MAX_LATER = 20  # later pages of the same thread
_MAX_TOGETHER = 50  # other pages of the same message
_NEIGHBOURS = 1000  # numbers before and after, among which these are: to read every row would take seconds


class PageHistory(NamedTuple):
    """One page, what was decided about it, and the pages that belong to it."""

    entry: JournalEntry
    decisions: tuple[PagerDecision, ...] = ()
    together: tuple[int, ...] = ()  # the numbers of other pages that were sent in the same message
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
        _find_together(connection, entry),
        tuple(map(read_entry, later)),
    )


def _find_together(connection: sqlite3.Connection, entry: JournalEntry) -> tuple[int, ...]:
    """Return the pages that one message had, since they ended at the same moment in the same way."""
    if entry.done_at is None or entry.state is PageState.DAMAGED:
        return ()
    rows = connection.execute(
        "SELECT number FROM pages WHERE number BETWEEN ? AND ? AND number != ? AND done_at = ? AND state = ? "
        "AND destination = ? ORDER BY number LIMIT ?",
        (
            entry.number - _NEIGHBOURS,
            entry.number + _NEIGHBOURS,
            entry.number,
            entry.done_at,
            entry.state.value,
            entry.destination,
            _MAX_TOGETHER,
        ),
    ).fetchall()
    return tuple(row[0] for row in rows)
