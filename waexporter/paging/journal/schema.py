"""The tables of the journal's file, and its migration from earlier versions."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from waexporter.errors import JournalError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

FILE = "pages.sqlite"
# SQLite's application_id, which marks the file as ours: the letters "WAEX" as a number.
APPLICATION = 0x57414558
_BUSY_TIMEOUT = 5.0  # seconds to wait for another process that has locked the file

# Each script migrates from one version to the next; the version of a file is SQLite's user_version.
SCRIPTS = (
    """
    CREATE TABLE pages (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        thread TEXT NOT NULL,
        received_at REAL NOT NULL,
        content BLOB NOT NULL,
        state TEXT NOT NULL DEFAULT 'pending',
        attempts INTEGER NOT NULL DEFAULT 0,
        uncertain INTEGER NOT NULL DEFAULT 0,
        repeats INTEGER NOT NULL DEFAULT 0,
        channel TEXT NOT NULL DEFAULT '',
        destination TEXT NOT NULL DEFAULT '',
        why TEXT NOT NULL DEFAULT '',
        done_at REAL
    );
    CREATE INDEX pending_pages ON pages (number) WHERE state = 'pending';
    CREATE TABLE alerts (
        fingerprint TEXT PRIMARY KEY,
        thread TEXT NOT NULL,
        starts_at REAL NOT NULL,
        ends_at REAL,
        told_at REAL NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE facts (
        kind TEXT NOT NULL,
        name TEXT NOT NULL,
        value TEXT NOT NULL,
        PRIMARY KEY (kind, name)
    ) WITHOUT ROWID;
    """,
    """
    ALTER TABLE alerts ADD COLUMN latest_at REAL NOT NULL DEFAULT 0;
    ALTER TABLE alerts ADD COLUMN heard_at REAL NOT NULL DEFAULT 0;
    ALTER TABLE alerts ADD COLUMN heard_in TEXT NOT NULL DEFAULT '';
    ALTER TABLE alerts ADD COLUMN standing TEXT NOT NULL DEFAULT 'heard';
    ALTER TABLE alerts ADD COLUMN labels BLOB NOT NULL DEFAULT x'7b7d';
    UPDATE alerts SET latest_at = starts_at, heard_at = told_at;
    CREATE INDEX odd_pages ON pages (number)
        WHERE state IS NULL OR state NOT IN ('pending', 'accepted', 'failed', 'damaged');
    """,
    """
    CREATE TABLE attempts (
        page INTEGER NOT NULL,
        at REAL NOT NULL,
        way TEXT NOT NULL,
        recipient TEXT NOT NULL,
        code TEXT NOT NULL,
        why TEXT NOT NULL
    );
    CREATE INDEX attempts_of_page ON attempts (page);
    CREATE TRIGGER forget_attempts AFTER DELETE ON pages BEGIN
        DELETE FROM attempts WHERE page = old.number;
    END;
    """,
    """
    CREATE TABLE decisions (
        page INTEGER NOT NULL,
        at REAL NOT NULL,
        words TEXT NOT NULL
    );
    CREATE INDEX decisions_of_page ON decisions (page);
    CREATE TRIGGER forget_decisions AFTER DELETE ON pages BEGIN
        DELETE FROM decisions WHERE page = old.number;
    END;
    """,
)


def connect(path: Path, scripts: Sequence[str] = SCRIPTS) -> sqlite3.Connection:
    """Open the file for writing; create or migrate it if necessary.

    Raise sqlite3.Error, and JournalError for a file that is not ours.
    """
    # Created here, because SQLite would create a file that everybody can read.
    try:
        path.touch(mode=0o600)
    except OSError as error:
        raise JournalError(f"{path}: {error.strerror}") from error
    connection = sqlite3.connect(path, timeout=_BUSY_TIMEOUT, isolation_level=None, check_same_thread=False)
    connection.text_factory = _read_text
    try:
        _check(connection, path, scripts)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        _migrate(connection, scripts)
    except BaseException:
        connection.close()
        raise
    return connection


def connect_to_read(path: Path) -> sqlite3.Connection:
    """Open the file for reading, while a daemon may write; raise the errors of `connect`."""
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", timeout=_BUSY_TIMEOUT, uri=True)
    connection.text_factory = _read_text
    try:
        _check(connection, path, SCRIPTS)
    except BaseException:
        connection.close()
        raise
    return connection


def continue_numbers(connection: sqlite3.Connection, highest: int) -> int:
    """Make the next page's number higher than those of this and earlier files; return the highest so far.

    Pages of an earlier file may still be in delivery, which identifies pages by their numbers.
    """
    found = connection.execute(
        "SELECT max(seq) FROM sqlite_sequence WHERE name = 'pages' AND typeof(seq) = 'integer'"
    ).fetchone()
    here: int = found[0] or 0
    if here < highest:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("DELETE FROM sqlite_sequence WHERE name = 'pages'")
        connection.execute("INSERT INTO sqlite_sequence VALUES ('pages', ?)", (highest,))
        connection.execute("COMMIT")
    return max(here, highest)


def _read_text(value: bytes) -> str:
    """Decode a text, with replacements for damaged bytes: an error would hide the other rows."""
    return value.decode("utf-8", "replace")


def _check(connection: sqlite3.Connection, path: Path, scripts: Sequence[str]) -> None:
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    is_new = not connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if application != APPLICATION and not is_new:
        raise JournalError(
            f"{path}: is no journal of waexporter; move it away, or choose another pager.state_dir"
        )
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > len(scripts):
        raise JournalError(f"{path}: was written by a later version of waexporter; use that one")


def _migrate(connection: sqlite3.Connection, scripts: Sequence[str]) -> None:
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    for number, script in enumerate(scripts[version:], start=version + 1):
        connection.executescript(
            f"BEGIN; {script} PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {number}; COMMIT;"
        )
