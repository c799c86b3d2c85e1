"""Several steps under the journal's lock: read records, decide, write the decision."""

from __future__ import annotations

from typing import TYPE_CHECKING

from waexporter.paging.journal.entry import SELECT, JournalEntry, PageState, pack, read_entry
from waexporter.paging.journal.rows import alert_row

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Mapping

    from waexporter.paging.alert_record import AlertRecord
    from waexporter.paging.journal.alert_memory import AlertMemory
    from waexporter.paging.journal.damaged_rows import DamagedRows
    from waexporter.paging.journal.journal_file import JournalFile
    from waexporter.paging.model import Page

_PENDING = SELECT + "WHERE state = 'pending' ORDER BY number"
# Pages with a damaged state, which may not have been sent. The condition is that of the index `odd_pages`.
_ODD = SELECT + "WHERE state IS NULL OR state NOT IN ('pending', 'accepted', 'failed', 'damaged')"
_SAVE_ALERT = (
    "INSERT OR REPLACE INTO alerts (fingerprint, thread, starts_at, ends_at, told_at, latest_at, heard_at, "
    "heard_in, standing, labels) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)


class JournalSession:
    """The journal while it is locked: nobody else can change it."""

    def __init__(
        self, file: JournalFile, connection: sqlite3.Connection, memory: AlertMemory, damaged: DamagedRows
    ) -> None:
        self._file = file
        self._connection = connection
        self._memory = memory
        self._damaged = damaged

    @property
    def records(self) -> Mapping[str, AlertRecord]:
        """The records of alerts, by fingerprint."""
        return self._memory.records

    def open_alerts(self, thread: str) -> frozenset[str]:
        """Return the fingerprints of a thread's alerts without a known end."""
        return self._memory.open_alerts(thread)

    def pending_pages(self) -> tuple[JournalEntry, ...]:
        """Return every page that is not sent yet, the oldest first; raise JournalError.

        Damaged pages are left out, and reported.
        """
        with self._file.translated_errors():
            rows = self._connection.execute(_PENDING).fetchall()
            rows += self._connection.execute(_ODD).fetchall()
        entries = sorted(map(read_entry, rows), key=lambda entry: entry.number)
        self._damaged.report(
            {f"page {each.number}": each for each in entries if each.state is not PageState.PENDING}
        )
        return tuple(each for each in entries if each.state is PageState.PENDING)

    def record_page(
        self, page: Page, records: Iterable[AlertRecord], received_at: float, gone: Iterable[str] = ()
    ) -> JournalEntry:
        """Write a page and the records of its alerts to disk in one transaction; raise JournalError.

        `gone` are the fingerprints of the alerts to forget.
        """
        number = self._write(records, gone, (page.thread, received_at, pack(page)))
        self._file.highest_number = number
        return JournalEntry(number, page, PageState.PENDING, received_at)

    def save(self, records: Iterable[AlertRecord], gone: Iterable[str] = ()) -> None:
        """Write records to disk without a page, and forget the alerts `gone`; raise JournalError."""
        self._write(records, gone, None)

    def touch(self, records: Iterable[AlertRecord]) -> None:
        """Remember records in memory only: they are not needed after a restart."""
        for record in records:
            self._memory.put(record)

    def _write(
        self, records: Iterable[AlertRecord], gone: Iterable[str], page: tuple[str, float, bytes] | None
    ) -> int:
        """Write a page, if there is one, and records; return the page's number."""
        records, gone = tuple(records), tuple(gone)
        number = 0
        if not (records or gone or page):
            return number
        connection = self._connection
        with self._file.transaction(connection):
            if page is not None:
                cursor = connection.execute(
                    "INSERT INTO pages (thread, received_at, content) VALUES (?, ?, ?)", page
                )
                number = cursor.lastrowid or 0
            connection.executemany("DELETE FROM alerts WHERE fingerprint = ?", [(each,) for each in gone])
            connection.executemany(_SAVE_ALERT, map(alert_row, records))
        for fingerprint in gone:
            self._memory.remove(fingerprint)
        self.touch(records)
        return number
