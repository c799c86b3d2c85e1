"""The attempts to send each page: rows of the table `attempts`."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from waexporter.paging.journal.entry import SELECT, Attempt, read_entry

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from waexporter.paging.journal.entry import JournalEntry

MAX_ATTEMPTS = 20  # of one page: the last ones are kept
_MAX_ROWS = 1000  # written in one transaction for the pages of one message: webhooks wait for it
_MIN_ATTEMPTS = 2  # of one page, even if a message has very many pages


def summarize_attempts(tried: Iterable[Attempt]) -> tuple[tuple[Attempt, int], ...]:
    """Return the last attempt by each way to each recipient, with the number of such attempts."""
    last: dict[tuple[str, str], tuple[Attempt, int]] = {}
    for attempt in tried:
        _, before = last.get((attempt.way, attempt.recipient), (attempt, 0))
        last[attempt.way, attempt.recipient] = attempt, before + 1
    return tuple(last.values())


def write_attempts(
    connection: sqlite3.Connection, numbers: Sequence[int], attempts: Sequence[Attempt]
) -> None:
    """Write the last attempts to send the pages of one message."""
    count = max(_MIN_ATTEMPTS, min(MAX_ATTEMPTS, _MAX_ROWS // max(len(numbers), 1)))
    last = attempts[-count:]
    if not last:
        return
    connection.executemany(
        "INSERT INTO attempts VALUES (?, ?, ?, ?, ?, ?)",
        [(number, *attempt) for number in numbers for attempt in last],
    )
    connection.executemany(
        "DELETE FROM attempts WHERE page = ? AND rowid <= "
        "(SELECT rowid FROM attempts WHERE page = ? ORDER BY rowid DESC LIMIT 1 OFFSET ?)",
        [(number, number, MAX_ATTEMPTS) for number in numbers],
    )


def read_newest(connection: sqlite3.Connection, count: int) -> tuple[JournalEntry, ...]:
    """Return the newest pages with their attempts, newest first.

    They are without attempts if the file has no table of attempts yet.
    """
    rows = connection.execute(SELECT + "ORDER BY number DESC LIMIT ?", (count,)).fetchall()
    if not rows:
        return ()
    entries = [read_entry(row) for row in rows]
    numbers = [entry.number for entry in entries]
    tried = _read(connection, min(numbers), max(numbers))
    return tuple(entry._replace(tried=tuple(tried.get(entry.number, ()))) for entry in entries)


def read_attempts_of(connection: sqlite3.Connection, number: int) -> tuple[Attempt, ...]:
    """Return the attempts to send one page, in the order they were made."""
    return tuple(_read(connection, number, number).get(number, ()))


def _read(connection: sqlite3.Connection, first: int, last: int) -> dict[object, list[Attempt]]:
    """Return the attempts of each page from the first number to the last."""
    try:
        rows = connection.execute(
            "SELECT page, at, way, recipient, code, why FROM attempts "
            "WHERE page BETWEEN ? AND ? ORDER BY rowid",
            (first, last),
        ).fetchall()
    except sqlite3.OperationalError as error:
        if "no such table" in str(error):
            return {}
        raise
    tried: dict[object, list[Attempt]] = {}
    for page, *row in rows:
        if _is_sound(*row):
            tried.setdefault(page, []).append(Attempt(*row))
    return tried


def _is_sound(at: object, *words: object) -> bool:
    """Return whether a row is undamaged."""
    return isinstance(at, float) and all(isinstance(word, str) for word in words)
