"""What was tried to get a page out, attempt by attempt, as the journal keeps it."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from waexporter.paging.entries import Entry

MOST = 20  # attempts that are kept of one page: the last ones


class Attempt(NamedTuple):
    """One message along one way to one recipient, and what came of it."""

    at: float  # wall clock
    way: str  # a target, or which fallback
    recipient: str  # a group, a person, or where an address leads
    code: str  # ok, or why not
    why: str = ""  # a sentence; of an acceptance what is worth knowing


def write_trail(
    connection: sqlite3.Connection, numbers: Sequence[int], attempts: Sequence[Attempt]
) -> None:
    """Add the attempts that were made to get some pages out together."""
    last = attempts[-MOST:]
    if not last:
        return
    connection.executemany(
        "INSERT INTO attempts VALUES (?, ?, ?, ?, ?, ?)",
        [(number, *attempt) for number in numbers for attempt in last],
    )
    connection.executemany(
        "DELETE FROM attempts WHERE page = ? AND rowid <= "
        "(SELECT rowid FROM attempts WHERE page = ? ORDER BY rowid DESC LIMIT 1 OFFSET ?)",
        [(number, number, MOST) for number in numbers],
    )


def with_trails(connection: sqlite3.Connection, entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """Return entries with what was tried of each; nothing where a daemon of before has kept nothing."""
    return tuple(entry._replace(tried=_read(connection, entry.number)) for entry in entries)


def _read(connection: sqlite3.Connection, number: int) -> tuple[Attempt, ...]:
    try:
        rows = connection.execute(
            "SELECT at, way, recipient, code, why FROM attempts WHERE page = ? ORDER BY rowid", (number,)
        ).fetchall()
    except sqlite3.OperationalError as error:
        if "no such table" in str(error):
            return ()
        raise
    return tuple(Attempt(*row) for row in rows)
