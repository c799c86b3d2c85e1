"""The journal of pages: SQLite, on disk before Alertmanager hears a 200.

Every step that must survive is one transaction with `synchronous=FULL`. Whatever goes wrong with the file is
a JournalError that names it; the file is never removed, and the next step tries again, so that a disk that
has room again, or a folder that may be written again, needs no restart. A row that is damaged is another
matter: it is set aside and said, and everything else goes on.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import threading
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from waexporter.errors import JournalError, JournalFileError
from waexporter.paging.dedup import Standing
from waexporter.paging.journal import schema
from waexporter.paging.journal.entry import (
    MEMORIES,
    SELECT,
    Entry,
    PageState,
    good_facts,
    memory_row,
    pack,
    read_entry,
    read_memory,
)
from waexporter.paging.journal.trail import with_trails, write_trail

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from waexporter.paging.dedup import Memory
    from waexporter.paging.journal.entry import Attempt, End
    from waexporter.paging.model import Page

_LOCK = "pages.lock"
_BUSY = 5.0  # seconds to wait for a reader that holds the file
_KEEP_PAGES = 30 * 86_400.0  # seconds that a page is kept after its end
_MOST_PAGES = 20_000  # that have come to their end
_PENDING = SELECT + "WHERE state = 'pending' ORDER BY number"
# Nothing says that these have been told; the words are those of the index, which is usually empty.
_ODD = SELECT + "WHERE state IS NULL OR state NOT IN ('pending', 'accepted', 'failed', 'damaged')"
_REMEMBER = (
    "INSERT OR REPLACE INTO alerts (fingerprint, thread, starts_at, ends_at, told_at, latest_at, heard_at, "
    "heard_in, standing, labels) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_UNTELL = (
    "UPDATE alerts SET standing = ? WHERE ends_at IS NULL "
    "AND thread = (SELECT thread FROM pages WHERE number = ?)"
)
_KEEP_RESOLVED = 7 * 86_400.0  # seconds that an alert that ended is remembered
_KEEP_FIRING = 30 * 86_400.0  # seconds after which one that still fires would have been repeated long since


class Journal:
    """The one writer of the journal; safe to share by threads."""

    def __init__(self, folder: str, on_damage: Callable[[Sequence[str]], None] = lambda _: None) -> None:
        """Tell `on_damage`, once for each, of rows that can't be read."""
        self.path = Path(folder) / schema.FILE
        self._folder = Path(folder)
        # Held while a transaction runs: SQLite has one writer, and the memory beside it must agree with it.
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._place: tuple[int, int] | None = None  # of the file that is open
        self._highest = 0  # number of a page in any file so far: those of the next file go on from there
        self._guard: int | None = None
        self._memories: dict[str, Memory] = {}
        self._open: dict[str, set[str]] = {}  # by thread, the alerts of which no end is known
        self._on_damage = on_damage
        self._damaged: dict[str, Entry | None] = {}  # rows by what they are called; pages to be set aside

    def open(self) -> None:
        """Open or make the file; raises JournalError."""
        with self._lock:
            self._opened()

    def close(self) -> None:
        """Close the file; what is in it stays."""
        with self._lock:
            self._drop()
            self._let_go()

    @contextmanager
    def memory(self) -> Iterator[Recall]:
        """Hold the memory of alerts still while a delivery is decided and recorded; raises JournalError."""
        with self._lock:
            yield Recall(self, self._opened())

    def latest(self, count: int) -> tuple[Entry, ...]:
        """Give the newest pages, the newest first."""
        with self._reading() as connection:
            rows = connection.execute(SELECT + "ORDER BY number DESC LIMIT ?", (count,)).fetchall()
            return with_trails(connection, map(read_entry, rows))

    def begin(self, numbers: Sequence[int], *, again: bool) -> None:
        """Note that an attempt begins: from here on it may arrive, whatever we hear of it."""
        rows = [(int(again), number) for number in numbers]
        with self._writing() as connection:
            connection.executemany(
                "UPDATE pages SET attempts = attempts + 1, uncertain = 1, repeats = repeats + ? "
                "WHERE number = ?",
                rows,
            )

    def postpone(
        self, numbers: Sequence[int], why: str, *, is_uncertain: bool, tried: Sequence[Attempt] = ()
    ) -> None:
        """Note that a round of attempts failed and why; the pages stay pending."""
        rows = [(why, int(is_uncertain), number) for number in numbers]
        with self._writing() as connection:
            connection.executemany("UPDATE pages SET why = ?, uncertain = ? WHERE number = ?", rows)
            write_trail(connection, numbers, tried)

    def finish(self, numbers: Sequence[int], end: End) -> None:
        """Note that pages came to their end."""
        rows = [
            (end.state.value, end.channel, end.destination, end.why, end.at, number) for number in numbers
        ]
        with self._writing() as connection:
            connection.executemany(
                "UPDATE pages SET state = ?, channel = ?, destination = ?, why = ?, done_at = ?, "
                "uncertain = 0 WHERE number = ?",
                rows,
            )
            write_trail(connection, numbers, end.tried)

    def discard(self, numbers: Sequence[int]) -> None:
        """Forget pages that turned out to say nothing."""
        with self._writing() as connection:
            connection.executemany("DELETE FROM pages WHERE number = ?", [(number,) for number in numbers])

    def accepted_since(self, at: float) -> tuple[tuple[str, float], ...]:
        """Give where messages went since a time of the wall clock, and when."""
        with self._reading() as connection:
            rows = connection.execute(
                "SELECT DISTINCT destination, done_at FROM pages WHERE state = 'accepted' AND done_at > ? "
                "AND typeof(done_at) = 'real' AND typeof(destination) = 'text' ORDER BY done_at",
                (at,),
            ).fetchall()
        return tuple(rows)

    def last_acceptances(self) -> tuple[tuple[str, float], ...]:
        """Give the channels that ever accepted a page, and when last (wall clock)."""
        with self._reading() as connection:
            rows = connection.execute(
                "SELECT channel, max(done_at) FROM pages WHERE state = 'accepted' "
                "AND typeof(done_at) = 'real' AND typeof(channel) = 'text' GROUP BY channel"
            ).fetchall()
        return tuple(rows)

    def check(self) -> None:
        """Raise JournalError unless the file can be written."""
        with self._writing() as connection:
            connection.execute("INSERT OR REPLACE INTO facts VALUES ('journal', 'checked', '')")

    # --- small facts that outlive a restart ----------------------------------------------------

    def keep(self, kind: str, name: str, value: str) -> None:
        """Keep a fact by its kind and name."""
        with self._writing() as connection:
            connection.execute("INSERT OR REPLACE INTO facts VALUES (?, ?, ?)", (kind, name, value))

    def keep_all(self, kind: str, values: Mapping[str, str]) -> None:
        """Keep facts of a kind by their names, all or none."""
        with self._writing() as connection:
            rows = [(kind, name, value) for name, value in values.items()]
            connection.executemany("INSERT OR REPLACE INTO facts VALUES (?, ?, ?)", rows)

    def facts(self, kind: str) -> dict[str, str]:
        """Give the facts of a kind by their names."""
        with self._reading() as connection:
            rows = connection.execute("SELECT name, value FROM facts WHERE kind = ?", (kind,)).fetchall()
        good = good_facts(rows)
        self._report({f"fact {kind} {name!r:.80}": None for name, _ in rows if name not in good})
        return good

    def set_aside(self, wall: float) -> None:
        """Take the damaged pages out of the way of the others; they stay in the file. `wall` is now.

        What they told of is as good as never told: it is told when it comes again.
        """
        with self._lock:
            rows = [
                (PageState.DAMAGED.value, entry.why, wall, entry.number)
                for entry in self._damaged.values()
                if entry is not None
            ]
        if not rows:
            return
        with self._writing() as connection:
            connection.executemany("UPDATE pages SET state = ?, why = ?, done_at = ? WHERE number = ?", rows)
            connection.executemany(_UNTELL, [(Standing.LOST.value, number) for *_, number in rows])
            self._recall(connection)
        with self._lock:
            self._damaged = dict.fromkeys(self._damaged)

    def prune(self, now: float, wall: float) -> None:
        """Forget what nobody asks for any more; `now` is on the pager's clock."""
        with self._writing() as connection:
            connection.execute(
                "DELETE FROM pages WHERE state != 'pending' AND (done_at < ? OR number <= "
                "(SELECT max(number) FROM pages) - ?)",
                (wall - _KEEP_PAGES, _MOST_PAGES),
            )
            connection.execute(
                "DELETE FROM alerts WHERE told_at < ? OR (ends_at IS NOT NULL AND told_at < ?)",
                (now - _KEEP_FIRING, now - _KEEP_RESOLVED),
            )
            kept = {row[0] for row in connection.execute("SELECT fingerprint FROM alerts")}
            for fingerprint in self._memories.keys() - kept:
                self._forget(fingerprint)

    # --- inside --------------------------------------------------------------------------------

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with self._lock, self._translated():
            yield self._opened()

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            connection = self._opened()
            with self._translated(), connection:
                connection.execute("BEGIN IMMEDIATE")
                yield connection

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            # Nothing is known of the connection any more; the next step opens the file anew.
            self._drop()
            raise JournalFileError(f"{self.path}: {error}") from error

    def _opened(self) -> sqlite3.Connection:
        if self._connection is not None and self._place != _place(self.path):
            # Somebody moved the file away, or restored another: what is written to ours nobody finds again.
            self._drop()
        if self._connection is None:
            self._take_hold()
            with self._translated():
                connection = schema.connect(self.path, _BUSY)
                self._connection = connection
                self._place = _place(self.path)
                self._highest = schema.number_on(connection, self._highest)
                self._recall(connection)
        assert self._connection is not None  # noqa: S101 - for the type checker: set above
        return self._connection

    def _take_hold(self) -> None:
        """Keep every other daemon from writing here; a second one would send every page again."""
        lock = self._folder / _LOCK
        if self._guard is not None:
            held = os.fstat(self._guard)
            if _place(lock) == (held.st_dev, held.st_ino):
                return
            self._let_go()  # of a folder that was moved away
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
        self._guard = descriptor

    def _let_go(self) -> None:
        if self._guard is not None:
            os.close(self._guard)
            self._guard = None

    def _recall(self, connection: sqlite3.Connection) -> None:
        self._memories, self._open = {}, {}
        damaged: dict[str, Entry | None] = {}
        for row in connection.execute(MEMORIES):
            memory, is_whole = read_memory(row)
            if not is_whole:
                damaged[f"alert {row[0]!r:.80}"] = None
            if memory is not None:
                self._remember(memory)
        self._report(damaged)

    def _report(self, damaged: Mapping[str, Entry | None]) -> None:
        """Tell of rows that are damaged, if they were not known to be."""
        new = {name: entry for name, entry in damaged.items() if name not in self._damaged}
        self._damaged |= new
        if new:
            self._on_damage(tuple(new))

    def _remember(self, memory: Memory) -> None:
        self._forget(memory.fingerprint)
        self._memories[memory.fingerprint] = memory
        if memory.ends_at is None:
            self._open.setdefault(memory.thread, set()).add(memory.fingerprint)

    def _forget(self, fingerprint: str) -> None:
        old = self._memories.pop(fingerprint, None)
        if old is not None and (others := self._open.get(old.thread)) is not None:
            others.discard(fingerprint)
            if not others:
                del self._open[old.thread]

    def _drop(self) -> None:
        if self._connection is not None:
            with suppress(sqlite3.Error):
                self._connection.close()
            self._connection = None


class Recall:
    """The memory of alerts, held still: look, decide, record."""

    def __init__(self, journal: Journal, connection: sqlite3.Connection) -> None:
        self._journal = journal
        self._connection = connection
        self.known = journal._memories  # noqa: SLF001 - one thing in two halves

    def open(self, thread: str) -> frozenset[str]:
        """Give the fingerprints of a thread's alerts of which no end is known."""
        return frozenset(self._journal._open.get(thread, ()))  # noqa: SLF001

    def pending(self) -> tuple[Entry, ...]:
        """Give every page that is not out yet, the oldest first; raises JournalError.

        What is damaged is not among them, and has been told to `on_damage`.
        """
        with self._journal._translated():  # noqa: SLF001
            rows = self._connection.execute(_PENDING).fetchall()
            rows += self._connection.execute(_ODD).fetchall()
        entries = sorted(map(read_entry, rows), key=lambda entry: entry.number)
        damaged = {f"page {each.number}": each for each in entries if each.state is not PageState.PENDING}
        self._journal._report(damaged)  # noqa: SLF001
        return tuple(each for each in entries if each.state is PageState.PENDING)

    def record(
        self, page: Page, memories: Iterable[Memory], received_at: float, gone: Iterable[str] = ()
    ) -> Entry:
        """Put a page and what is to be remembered on disk, both or neither; raises JournalError.

        `gone` has the fingerprints of alerts to forget.
        """
        number = self._write(memories, gone, (page.thread, received_at, pack(page)))
        self._journal._highest = number  # noqa: SLF001
        return Entry(number, page, PageState.PENDING, received_at)

    def remember(self, memories: Iterable[Memory], gone: Iterable[str] = ()) -> None:
        """Put what is to be remembered on disk, without a page; raises JournalError."""
        self._write(memories, gone, None)

    def touch(self, memories: Iterable[Memory]) -> None:
        """Remember what need not outlive this process."""
        for memory in memories:
            self._journal._remember(memory)  # noqa: SLF001

    def _write(
        self, memories: Iterable[Memory], gone: Iterable[str], page: tuple[str, float, bytes] | None
    ) -> int:
        """Write a page, if there is one, and memories; gives the page's number."""
        memories, gone = tuple(memories), tuple(gone)
        number = 0
        if not (memories or gone or page):
            return number
        with self._journal._translated(), self._connection as connection:  # noqa: SLF001
            connection.execute("BEGIN IMMEDIATE")
            if page is not None:
                cursor = connection.execute(
                    "INSERT INTO pages (thread, received_at, content) VALUES (?, ?, ?)", page
                )
                number = cursor.lastrowid or 0
            connection.executemany("DELETE FROM alerts WHERE fingerprint = ?", [(each,) for each in gone])
            connection.executemany(_REMEMBER, map(memory_row, memories))
        for fingerprint in gone:
            self._journal._forget(fingerprint)  # noqa: SLF001
        self.touch(memories)
        return number


def _place(path: Path) -> tuple[int, int] | None:
    """Say which file is at a path now: its device and its number there."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
