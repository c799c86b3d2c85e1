"""The alerts that people were told of, in memory: an index of what the journal has of them on disk."""

from __future__ import annotations

from typing import TYPE_CHECKING

from waexporter.paging.journal.rows import ALERTS, read_alert

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping
    from collections.abc import Set as AbstractSet

    from waexporter.paging.alert_record import AlertRecord
    from waexporter.paging.journal.damaged_rows import DamagedRows
    from waexporter.paging.journal.entry import JournalEntry


class AlertMemory:
    """The records of alerts, by fingerprint; the journal's lock makes it safe to share by threads."""

    def __init__(self, damaged: DamagedRows) -> None:
        self._damaged = damaged
        self._records: dict[str, AlertRecord] = {}
        self._open: dict[str, set[str]] = {}  # by thread, the alerts of which no end is known

    @property
    def records(self) -> Mapping[str, AlertRecord]:
        """Every record, by fingerprint."""
        return self._records

    def open_alerts(self, thread: str) -> frozenset[str]:
        """Return the fingerprints of a thread's alerts of which no end is known."""
        return frozenset(self._open.get(thread, ()))

    def load(self, connection: sqlite3.Connection) -> None:
        """Read all records again; report the damaged ones."""
        self._records, self._open = {}, {}
        damaged: dict[str, JournalEntry | None] = {}
        for row in connection.execute(ALERTS):
            record, is_whole = read_alert(row)
            if not is_whole:
                damaged[f"alert {row[0]!r:.80}"] = None
            if record is not None:
                self.put(record)
        self._damaged.report(damaged)

    def put(self, record: AlertRecord) -> None:
        """Remember an alert in memory only."""
        self.remove(record.fingerprint)
        self._records[record.fingerprint] = record
        if record.ends_at is None:
            self._open.setdefault(record.thread, set()).add(record.fingerprint)

    def remove(self, fingerprint: str) -> None:
        """Forget an alert in memory only."""
        old = self._records.pop(fingerprint, None)
        if old is not None and (others := self._open.get(old.thread)) is not None:
            others.discard(fingerprint)
            if not others:
                del self._open[old.thread]

    def retain(self, fingerprints: AbstractSet[str]) -> None:
        """Forget in memory all other alerts."""
        for fingerprint in self._records.keys() - fingerprints:
            self.remove(fingerprint)
