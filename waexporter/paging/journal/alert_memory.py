"""The records of alerts in memory: an index of those that the journal has on disk."""

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
    """The records of alerts, by fingerprint; use it under the journal's lock."""

    def __init__(self, damaged: DamagedRows) -> None:
        self._damaged = damaged
        self._records: dict[str, AlertRecord] = {}
        self._open: dict[str, set[str]] = {}  # by thread, the fingerprints of alerts without a known end

    @property
    def records(self) -> Mapping[str, AlertRecord]:
        """Every record, by fingerprint."""
        return self._records

    def open_alerts(self, thread: str) -> frozenset[str]:
        """Return the fingerprints of a thread's alerts without a known end."""
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
        """Remember an alert, in memory only."""
        self.remove(record.fingerprint)
        self._records[record.fingerprint] = record
        if record.ends_at is None:
            self._open.setdefault(record.thread, set()).add(record.fingerprint)

    def remove(self, fingerprint: str) -> None:
        """Forget an alert, in memory only."""
        old = self._records.pop(fingerprint, None)
        if old is not None and (others := self._open.get(old.thread)) is not None:
            others.discard(fingerprint)
            if not others:
                del self._open[old.thread]

    def retain(self, fingerprints: AbstractSet[str]) -> None:
        """Forget all alerts but these, in memory only."""
        for fingerprint in self._records.keys() - fingerprints:
            self.remove(fingerprint)
