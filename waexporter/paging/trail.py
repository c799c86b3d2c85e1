"""What was tried to get a page out, attempt by attempt, as the journal keeps it."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from waexporter.paging.entries import Attempt

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from waexporter.paging.entries import Entry

MOST = 20  # attempts that are kept of one page: the last ones


def sum_up(tried: Iterable[Attempt]) -> tuple[tuple[Attempt, int], ...]:
    """Return the last attempt of each way to each recipient, and how many there were."""
    last: dict[tuple[str, str], tuple[Attempt, int]] = {}
    for attempt in tried:
        _, before = last.get((attempt.way, attempt.recipient), (attempt, 0))
        last[attempt.way, attempt.recipient] = attempt, before + 1
    return tuple(last.values())


def write_trail(connection: sqlite3.Connection, numbers: Sequence[int], attempts: Sequence[Attempt]) -> None:
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
    return tuple(Attempt(*row) for row in rows if _is_sound(*row))


def _is_sound(at: object, *words: object) -> bool:
    """Return whether a row is as it was written: one that is damaged costs itself alone."""
    return isinstance(at, float) and all(isinstance(word, str) for word in words)
