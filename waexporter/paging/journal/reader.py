"""Read the journal from another process than the daemon's."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from waexporter.errors import JournalError, JournalFileError
from waexporter.paging.journal import schema
from waexporter.paging.journal.attempt_history import read_newest
from waexporter.paging.journal.page_history import read_history
from waexporter.paging.journal.rows import FACTS, GROUP_FACT, readable_facts
from waexporter.paging.journal.schema import FILE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from waexporter.paging.journal.entry import JournalEntry
    from waexporter.paging.journal.page_history import KnownNumbers, PageHistory

_MIN_FREE_BYTES = 10 * 1024 * 1024  # room for some hundred large pages


class PageCounts(NamedTuple):
    """The number of pages of a journal, by their state."""

    pending: int = 0
    accepted: int = 0
    failed: int = 0
    damaged: int = 0  # set aside


def check_integrity(folder: str) -> PageCounts | None:
    """Check that the journal is undamaged, and count its pages; return None if there is no journal.

    Raise JournalError if it is damaged or can't be read.
    """
    path = Path(folder) / FILE
    try:
        if not _exists(path):
            return None
        with _reading(path) as connection:
            result = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
            counts = dict(connection.execute("SELECT state, count(*) FROM pages GROUP BY state"))
    except OSError as error:
        raise JournalError(f"{path}: {error.strerror}") from error
    if result != "ok":
        raise JournalError(f"{path}: is damaged: {result}")
    return PageCounts(*(counts.get(state, 0) for state in PageCounts._fields))


def read_pages(folder: str, count: int) -> tuple[JournalEntry, ...]:
    """Return the newest pages, newest first, while a daemon may write others; raise JournalError."""
    path = Path(folder) / FILE
    if not _exists(path):
        raise JournalError(f"{path}: there is no journal; has the daemon been started with a pager?")
    with _reading(path) as connection:
        return read_newest(connection, count)


def read_page(folder: str, number: int) -> PageHistory | KnownNumbers:
    """Return a page with its history, or the numbers that there are; raise JournalError."""
    path = Path(folder) / FILE
    if not _exists(path):
        raise JournalError(f"{path}: there is no journal; has the daemon been started with a pager?")
    with _reading(path) as connection:
        return read_history(connection, number)


def read_groups(folder: str) -> dict[str, str]:
    """Return the on-call groups that a daemon read from settings, by target; empty if none is known."""
    try:
        with _reading(Path(folder) / FILE) as connection:
            rows = connection.execute(FACTS, (GROUP_FACT,)).fetchall()
    except JournalError:
        return {}
    return readable_facts(rows)


def is_unreadable(folder: str) -> bool:
    """Return whether there is a journal that this user may not read."""
    file = Path(folder) / FILE
    try:
        return _exists(file) and not os.access(file, os.R_OK, effective_ids=True)
    except PermissionError:
        return True


def why_unwritable(folder: str) -> str | None:
    """Return why this process could not write a journal there; None if it could."""
    place = Path(folder).absolute()
    while not _exists(place) and place != place.parent:
        place = place.parent  # the daemon creates missing folders
    if not place.is_dir():
        return f"{place} is no folder"
    if not os.access(place, os.W_OK | os.X_OK, effective_ids=True):
        return f"{place} can't be written by this user"
    disk = os.statvfs(place)
    if disk.f_bavail * disk.f_frsize < _MIN_FREE_BYTES:
        return f"the disk of {place} is full"
    return None


@contextmanager
def _reading(path: Path) -> Iterator[sqlite3.Connection]:
    """Open the file, and close it; raise JournalError, also for an error of SQLite within."""
    try:
        with closing(schema.connect_to_read(path)) as connection:
            yield connection
    except sqlite3.Error as error:
        raise JournalFileError(f"{path}: {error}") from error


def _exists(path: Path) -> bool:
    """Return whether a file or folder exists; raise PermissionError if this user can't know it.

    Path.exists() does not do: since Python 3.14 it returns False in that case.
    """
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True
