"""Record a delivery: deduplicate it, write its page to disk, queue the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from waexporter.log import get_logger
from waexporter.paging.channels.whatsapp import WHATSAPP
from waexporter.paging.dedup import deduplicate
from waexporter.paging.messages.log_names import name_pages
from waexporter.paging.telemetry import SUPPRESSED

if TYPE_CHECKING:
    from waexporter.paging.context import PagerClock, PagerContext
    from waexporter.paging.delivery import Delivery
    from waexporter.paging.journal.writer import Journal
    from waexporter.paging.model import Webhook

_log = get_logger("pager")


class PageRecorder:
    """Records what is new in a delivery, and queues it; thread-safe."""

    def __init__(
        self, journal: Journal, delivery: Delivery, context: PagerContext, pager_clock: PagerClock
    ) -> None:
        self._journal = journal
        self._delivery = delivery
        self._telemetry = context.telemetry
        self._clock = context.clock
        self._pager_clock = pager_clock

    def record(self, webhook: Webhook) -> None:
        """Write what is new to disk and queue it; raise JournalError."""
        now, wall = self._pager_clock.now(), self._clock().wall
        with self._journal.session() as session:
            decision = deduplicate(webhook, session.records, session.open_alerts(webhook.thread), now, wall)
            session.touch(decision.touched)
            page = decision.page
            if page is None:
                session.save(decision.records)
                self._telemetry.count_page(WHATSAPP, SUPPRESSED)
                return
            entry = session.record_page(page, decision.records, now, decision.forgotten)
            # Queued before the lock is released, so that pages are sent in the order of their deliveries.
            self._delivery.enqueue(entry)
        _log.info(
            "page",
            number=entry.number,
            alerts=len(entry.page.items),
            firing=sum(1 for item in entry.page.items if item.alert.fires),
            about=name_pages([entry.page]),
        )
