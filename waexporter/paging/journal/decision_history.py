"""What the pager decided about each page: rows of the table `decisions`."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from waexporter.paging.journal.entry import PagerDecision

if TYPE_CHECKING:
    from collections.abc import Sequence

_MAX_DECISIONS = 20  # of one page: the first ones are kept
_MAX_LENGTH = 500  # characters: a message may be about thousands of targets
_MAX_ROWS = 1000  # written in one transaction for the pages of one message: webhooks wait for it


def write_decisions(
    connection: sqlite3.Connection, numbers: Sequence[int], decisions: Sequence[PagerDecision]
) -> None:
    """Write what was decided about the pages of one message; what is written already is left out."""
    count = max(1, min(_MAX_DECISIONS, _MAX_ROWS // max(len(numbers), 1)))
    first = [(at, words[:_MAX_LENGTH]) for at, words in decisions[:count]]
    connection.executemany(
        "INSERT INTO decisions SELECT ?, ?, ? WHERE NOT EXISTS "
        "(SELECT 1 FROM decisions WHERE page = ? AND words = ?) "
        "AND (SELECT count(*) FROM decisions WHERE page = ?) < ?",
        [
            (number, at, words, number, words, number, _MAX_DECISIONS)
            for number in numbers
            for at, words in first
        ],
    )


def read_decisions(connection: sqlite3.Connection, number: int) -> tuple[PagerDecision, ...]:
    """Return what was decided about a page; nothing if the file has no table of decisions yet."""
    try:
        rows = connection.execute(
            "SELECT at, words FROM decisions WHERE page = ? ORDER BY rowid", (number,)
        ).fetchall()
    except sqlite3.OperationalError as error:
        if "no such table" in str(error):
            return ()
        raise
    return tuple(
        PagerDecision(at, words) for at, words in rows if isinstance(at, float) and isinstance(words, str)
    )
