"""The journal's SQLite file: only one process has it open, and each of its failures is a JournalError."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from waexporter.errors import JournalError, JournalFileError
from waexporter.paging.journal import schema

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

_LOCK = "pages.lock"


class JournalFile:
    """A file that is opened when it is needed; use it under the journal's lock."""

    def __init__(
        self,
        folder: str,
        on_open: Callable[[sqlite3.Connection], None],
        scripts: Sequence[str] = schema.SCRIPTS,
    ) -> None:
        """Call `on_open` with each new connection."""
        self.path = Path(folder) / schema.FILE
        self.highest_number = 0  # of a page in any file so far: the next file continues from it
        self._folder = Path(folder)
        self._on_open = on_open
        self._scripts = scripts
        self._connection: sqlite3.Connection | None = None
        self._identity: tuple[int, int] | None = None  # of the file that is open
        self._lock_descriptor: int | None = None

    def connect(self) -> sqlite3.Connection:
        """Return the connection, after opening or creating the file if necessary; raise JournalError."""
        if self._connection is not None and self._identity != _identify(self.path):
            # Somebody moved the file away or restored another one: writes to the open file would be lost.
            self._disconnect()
        if self._connection is None:
            self._lock_folder()
            with self.translated_errors():
                connection = schema.connect(self.path, self._scripts)
                self._connection = connection
                self._identity = _identify(self.path)
                self.highest_number = schema.continue_numbers(connection, self.highest_number)
                self._on_open(connection)
        assert self._connection is not None  # noqa: S101 - for the type checker: set above
        return self._connection

    @contextmanager
    def transaction(self, connection: sqlite3.Connection) -> Iterator[None]:
        """Commit what is written within, all or nothing; raise JournalError."""
        with self.translated_errors(), connection:
            connection.execute("BEGIN IMMEDIATE")
            yield

    @contextmanager
    def translated_errors(self) -> Iterator[None]:
        """Raise a JournalError for an error of SQLite, and close the connection."""
        try:
            yield
        except sqlite3.Error as error:
            # After an error the state of the connection is not known; the next use opens the file again.
            self._disconnect()
            raise JournalFileError(f"{self.path}: {error}") from error

    def close(self) -> None:
        """Close the file, and unlock it for other processes."""
        self._disconnect()
        self._unlock_folder()

    def _disconnect(self) -> None:
        if self._connection is not None:
            with suppress(sqlite3.Error):
                self._connection.close()
            self._connection = None

    def _lock_folder(self) -> None:
        """Keep other daemons from writing here: a second one would send every page again."""
        lock = self._folder / _LOCK
        if self._lock_descriptor is not None:
            locked = os.fstat(self._lock_descriptor)
            if _identify(lock) == (locked.st_dev, locked.st_ino):
                return
            self._unlock_folder()  # the locked folder was moved away
        descriptor = -1
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if descriptor >= 0:
                os.close(descriptor)
            if isinstance(error, BlockingIOError):
                raise JournalError(f"{self.path}: another waexporter works with it") from error
            raise JournalError(f"{self._folder}: {error.strerror}") from error
        self._lock_descriptor = descriptor

    def _unlock_folder(self) -> None:
        if self._lock_descriptor is not None:
            os.close(self._lock_descriptor)
            self._lock_descriptor = None


def _identify(path: Path) -> tuple[int, int] | None:
    """Return the device and inode of the file that is at a path now; None if there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
