"""Whether the journal can be used: open it, restore its content, report each problem once."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from waexporter.errors import JournalError
from waexporter.log import get_logger
from waexporter.paging.channels.channel_types import CHANNELS

if TYPE_CHECKING:
    from waexporter.paging.context import PagerClock, PagerContext
    from waexporter.paging.delivery import Delivery
    from waexporter.paging.journal.writer import Journal
    from waexporter.paging.pager_facts import PagerFacts

_log = get_logger("pager")


class JournalHealth:
    """Opens the journal at the start, and tries it again after each failure; thread-safe."""

    def __init__(
        self,
        journal: Journal,
        delivery: Delivery,
        facts: PagerFacts,
        context: PagerContext,
        pager_clock: PagerClock,
    ) -> None:
        self._journal = journal
        self._delivery = delivery
        self._facts = facts
        self._telemetry = context.telemetry
        self._clock = context.clock
        self._pager_clock = pager_clock
        self._lock = threading.Lock()
        self._is_restored = False
        self.problem: str | None = None  # why the journal can't be used; None: it can

    def is_usable(self) -> bool:
        """Return whether the journal can be used; if it could not be before, try again."""
        if self._is_restored and self.problem is None:
            return True
        with self._lock:
            try:
                if not self._is_restored:
                    self._restore()
                self._journal.check_writable()
                self._journal.set_aside_damaged(self._clock().wall)
                self._facts.save_watchdogs()
                if self.problem is not None:
                    # A page whose write failed may still be in the file: a disk may fail after writing.
                    self._queue_pending()
            except JournalError as error:
                self.report_failure(error)
                return False
            if self.problem is not None:
                _log.info("the journal can be used again", journal=str(self._journal.path))
            self.problem = None
            self._telemetry.journal_writable.set(1)
        return True

    def check_writable(self) -> None:
        """Check whether the journal can be written, because the last write may be long ago."""
        if self.is_usable():
            try:
                self._journal.check_writable()
            except JournalError as error:
                self.report_failure(error)

    def report_failure(self, error: JournalError) -> None:
        """Log a problem of the journal, unless it is the one that was logged last."""
        self._telemetry.journal_writable.set(0)
        if self.problem != str(error):
            self.problem = str(error)
            _log.error("PAGES CAN'T BE KEPT: webhooks are answered 503 until this is mended", why=str(error))

    def _restore(self) -> None:
        """Read what an earlier process left: pages, facts, and what was sent lately.

        Nothing is written, so the pending pages are sent even if the disk is full.
        """
        self._journal.open()
        self._facts.restore()
        for channel, at in self._journal.last_acceptances():
            if channel in CHANNELS:
                self._telemetry.remember_acceptance(channel, at)
        self._delivery.restore_rate()
        left = self._queue_pending()
        self._is_restored = True
        if left:
            _log.info("pages are left from before", pages=left)

    def _queue_pending(self) -> int:
        """Queue every page that is not sent yet; return their number."""
        now = self._pager_clock.now()
        with self._journal.session() as session:
            left = session.pending_pages()
            for entry in left:
                self._delivery.enqueue(entry, max(now - entry.received_at, 0.0))
        return len(left)
