"""The journal of pages: a page is on disk, in SQLite, before Alertmanager gets a 200.

Every change that must survive a crash is one transaction with `synchronous=FULL`. Every failure is a
JournalError that names the file. The file is never removed, and the next call tries again: after a disk was
full or a folder was not writable, no restart is needed. A damaged row is reported and set aside, and all
others are used.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from waexporter.paging.alert_record import Presence
from waexporter.paging.journal.alert_memory import AlertMemory
from waexporter.paging.journal.attempt_history import read_newest, write_attempts
from waexporter.paging.journal.damaged_rows import DamagedRows
from waexporter.paging.journal.decision_history import write_decisions
from waexporter.paging.journal.entry import PageState
from waexporter.paging.journal.journal_file import JournalFile
from waexporter.paging.journal.page_history import read_history
from waexporter.paging.journal.rows import FACTS, readable_facts
from waexporter.paging.journal.schema import SCRIPTS
from waexporter.paging.journal.session import JournalSession

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from waexporter.paging.journal.entry import Attempt, JournalEntry, PagerDecision, PageResult
    from waexporter.paging.journal.page_history import KnownNumbers, PageHistory

_KEEP_PAGES = 30 * 86_400.0  # seconds for which a finished page is kept
MAX_PAGES = 20_000  # finished pages that are kept
_MARK_LOST = (
    "UPDATE alerts SET standing = ? WHERE ends_at IS NULL "
    "AND thread = (SELECT thread FROM pages WHERE number = ?)"
)
_KEEP_RESOLVED = 7 * 86_400.0  # seconds for which an alert that ended is remembered
_KEEP_FIRING = 30 * 86_400.0  # the same without a known end: one that still fires is repeated much sooner


class Journal:
    """The only writer of the journal; thread-safe."""

    def __init__(
        self,
        folder: str,
        on_damage: Callable[[Sequence[str]], None] = lambda _: None,
        max_pages: int = MAX_PAGES,
        scripts: Sequence[str] = SCRIPTS,
    ) -> None:
        """Call `on_damage` once with the name of each row that can't be read."""
        # Locked for each transaction: SQLite has one writer, and the records in memory must agree with it.
        self._lock = threading.Lock()
        self._max_pages = max_pages
        self._damaged = DamagedRows(on_damage)
        self._memory = AlertMemory(self._damaged)
        self._file = JournalFile(folder, self._memory.load, scripts)

    @property
    def path(self) -> Path:
        """The path of the file."""
        return self._file.path

    def open(self) -> None:
        """Open or create the file; raise JournalError."""
        with self._lock:
            self._file.connect()

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._file.close()

    @contextmanager
    def session(self) -> Iterator[JournalSession]:
        """Lock the journal for several steps; raise JournalError."""
        with self._lock:
            yield JournalSession(self._file, self._file.connect(), self._memory, self._damaged)

    def latest(self, count: int) -> tuple[JournalEntry, ...]:
        """Return the newest pages, newest first."""
        with self._reading() as connection:
            return read_newest(connection, count)

    def history(self, number: int) -> PageHistory | KnownNumbers:
        """Return a page with its history; if there is none of this number, return those that there are."""
        with self._reading() as connection:
            return read_history(connection, number)

    def begin_attempt(self, numbers: Sequence[int], *, is_repeat: bool) -> None:
        """Record that an attempt begins: from now on the pages may have arrived."""
        rows = [(int(is_repeat), number) for number in numbers]
        with self._writing() as connection:
            connection.executemany(
                "UPDATE pages SET attempts = attempts + 1, uncertain = 1, repeats = repeats + ? "
                "WHERE number = ?",
                rows,
            )

    def postpone(
        self,
        numbers: Sequence[int],
        why: str,
        *,
        is_uncertain: bool,
        tried: Sequence[Attempt] = (),
        decided: Sequence[PagerDecision] = (),
    ) -> None:
        """Record that a round of attempts failed and why; the pages stay pending."""
        rows = [(why, int(is_uncertain), number) for number in numbers]
        with self._writing() as connection:
            connection.executemany("UPDATE pages SET why = ?, uncertain = ? WHERE number = ?", rows)
            write_attempts(connection, numbers, tried)
            write_decisions(connection, numbers, decided)

    def finish(self, numbers: Sequence[int], result: PageResult) -> None:
        """Record the final result of pages."""
        rows = [
            (result.state.value, result.channel, result.destination, result.why, result.at, number)
            for number in numbers
        ]
        with self._writing() as connection:
            connection.executemany(
                "UPDATE pages SET state = ?, channel = ?, destination = ?, why = ?, done_at = ?, "
                "uncertain = 0 WHERE number = ?",
                rows,
            )
            write_attempts(connection, numbers, result.tried)
            write_decisions(connection, numbers, result.decided)

    def discard(self, numbers: Sequence[int]) -> None:
        """Delete pages that turned out to have no content."""
        with self._writing() as connection:
            connection.executemany("DELETE FROM pages WHERE number = ?", [(number,) for number in numbers])

    def accepted_since(self, at: float) -> tuple[tuple[str, float], ...]:
        """Return the destination and the time of each message that was accepted since a wall-clock time."""
        with self._reading() as connection:
            rows = connection.execute(
                "SELECT DISTINCT destination, done_at FROM pages WHERE state = 'accepted' AND done_at > ? "
                "AND typeof(done_at) = 'real' AND typeof(destination) = 'text' ORDER BY done_at",
                (at,),
            ).fetchall()
        return tuple(rows)

    def last_acceptances(self) -> tuple[tuple[str, float], ...]:
        """Return each channel that accepted a page, and the wall-clock time of the last one."""
        with self._reading() as connection:
            rows = connection.execute(
                "SELECT channel, max(done_at) FROM pages WHERE state = 'accepted' "
                "AND typeof(done_at) = 'real' AND typeof(channel) = 'text' GROUP BY channel"
            ).fetchall()
        return tuple(rows)

    def check_writable(self) -> None:
        """Raise JournalError unless the file can be written."""
        self.save_fact("journal", "checked", "")

    # --- facts that outlive a restart ----------------------------------------------------

    def save_fact(self, kind: str, name: str, value: str) -> None:
        """Save a fact under its kind and name."""
        self.save_facts(kind, {name: value})

    def save_facts(self, kind: str, values: Mapping[str, str]) -> None:
        """Save facts of a kind by their names, in one transaction."""
        with self._writing() as connection:
            rows = [(kind, name, value) for name, value in values.items()]
            connection.executemany("INSERT OR REPLACE INTO facts VALUES (?, ?, ?)", rows)

    def facts(self, kind: str) -> dict[str, str]:
        """Return the facts of a kind by their names."""
        with self._reading() as connection:
            rows = connection.execute(FACTS, (kind,)).fetchall()
        facts = readable_facts(rows)
        self._damaged.report({f"fact {kind} {name!r:.80}": None for name, _ in rows if name not in facts})
        return facts

    def set_aside_damaged(self, wall: float) -> None:
        """Change the state of the damaged pages to DAMAGED; they stay in the file. `wall` is the time now.

        Their alerts become LOST, so that people are notified when they are delivered again.
        """
        with self._lock:
            rows = [
                (PageState.DAMAGED.value, entry.why, wall, entry.number) for entry in self._damaged.pages()
            ]
        if not rows:
            return
        with self._writing() as connection:
            connection.executemany("UPDATE pages SET state = ?, why = ?, done_at = ? WHERE number = ?", rows)
            connection.executemany(_MARK_LOST, [(Presence.LOST.value, number) for *_, number in rows])
            self._memory.load(connection)
        with self._lock:
            self._damaged.forget_pages()

    def prune(self, now: float, wall: float) -> None:
        """Delete what is too old to matter; `now` is on the pager's clock, `wall` on the wall clock."""
        with self._writing() as connection:
            connection.execute(
                "DELETE FROM pages WHERE state != 'pending' AND (done_at < ? OR number <= "
                "(SELECT max(number) FROM pages) - ?)",
                (wall - _KEEP_PAGES, self._max_pages),
            )
            connection.execute(
                "DELETE FROM alerts WHERE told_at < ? OR (ends_at IS NOT NULL AND told_at < ?)",
                (now - _KEEP_FIRING, now - _KEEP_RESOLVED),
            )
            kept = {row[0] for row in connection.execute("SELECT fingerprint FROM alerts")}
            self._memory.retain(kept)

    # --- private ---------------------------------------------------------------------------------

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with self._lock, self._file.translated_errors():
            yield self._file.connect()

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            connection = self._file.connect()
            with self._file.transaction(connection):
                yield connection
