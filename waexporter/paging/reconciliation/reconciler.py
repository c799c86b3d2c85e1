"""Reconciliation: before a page is sent, find out what became of the alerts missing from its delivery."""

from __future__ import annotations

from typing import TYPE_CHECKING

from waexporter.errors import JournalError
from waexporter.paging.reconciliation import missing_alerts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from waexporter.model import Instant
    from waexporter.paging.alert_record import AlertRecord
    from waexporter.paging.context import PagerClock
    from waexporter.paging.journal.writer import Journal
    from waexporter.paging.model import AlertGroup, Page
    from waexporter.paging.reconciliation.alertmanager_query import Alertmanager
    from waexporter.paging.reconciliation.missing_alerts import GroupReply

    Replies = Mapping[str, GroupReply | None]  # by the group's key

_QUERY_TIMEOUT = 6.0  # seconds for all queries of one message, which waits for them


class Reconciler:
    """Reconciles pages with later deliveries and with Alertmanager; thread-safe."""

    def __init__(
        self,
        journal: Journal,
        clock: Callable[[], Instant],
        pager_clock: PagerClock,
        alertmanager: Alertmanager | None = None,
    ) -> None:
        self._journal = journal
        self._clock = clock
        self._pager_clock = pager_clock
        self.alertmanager = alertmanager

    def initial_wait(self, page: Page) -> float:
        """Return for how many seconds a new page waits: 0 if Alertmanager can be queried."""
        return missing_alerts.grace_left(page, self._pager_clock.now()) if self.alertmanager is None else 0.0

    def wait(self, page: Page, replies: Replies) -> float:
        """Return for how many more seconds a page waits: 0 if Alertmanager replied."""
        has_reply = page.group is not None and replies.get(page.group.key) is not None
        return 0.0 if has_reply else missing_alerts.grace_left(page, self._pager_clock.now())

    def reconcile(self, pages: Sequence[Page], replies: Replies) -> list[Page]:
        """Return pages as they are sent now, and save what became of their missing alerts."""
        known = self._find_records(pages)
        reconciled = [
            missing_alerts.reconcile(
                page,
                replies.get(page.group.key) if page.group and missing_alerts.needs_query(page) else None,
                lambda doubt: missing_alerts.seen_firing_since(doubt, known.get(doubt.alert.fingerprint)),
            )
            for page in pages
        ]
        self._save_changes(list(zip(pages, reconciled, strict=True)))
        return reconciled

    def can_query(self, group: AlertGroup | None) -> bool:
        """Return whether there is an Alertmanager that may know a group."""
        return self.alertmanager is not None and missing_alerts.may_be_known(group)

    def check_known(self, pages: Sequence[Page]) -> None:
        """Query Alertmanager once about the groups of firing alerts, to learn whether it has them.

        Only then can a later reply without an alert mean that the alert is over.
        """
        alertmanager = self.alertmanager
        if alertmanager is None:
            return
        for page in pages:
            fires = any(item.kind.fires for item in page.items)
            if (
                fires
                and page.group
                and missing_alerts.may_be_known(page.group)
                and not alertmanager.has_seen(page.group)
            ):
                alertmanager.query(page.group)

    def query(self, pages: Sequence[Page]) -> Replies:
        """Query Alertmanager once about each group whose pages need it; return the replies by group key."""
        alertmanager = self.alertmanager
        if alertmanager is None:
            return {}
        groups = {
            page.group.key: page.group for page in pages if page.group and missing_alerts.needs_query(page)
        }
        ends = self._clock().steady + _QUERY_TIMEOUT
        replies: dict[str, GroupReply | None] = {}
        for key, group in groups.items():
            reply = alertmanager.query(group) if self._clock().steady < ends else None
            replies[key] = reply and reply._replace(at=self._pager_clock.now())
        return replies

    def _find_records(self, pages: Sequence[Page]) -> Mapping[str, AlertRecord]:
        """Return the records of the alerts in doubt, by fingerprint."""
        doubtful = {doubt.alert.fingerprint for page in pages for doubt in page.doubts}
        if not doubtful:
            return {}
        try:
            with self._journal.session() as session:
                return {name: session.records[name] for name in doubtful if name in session.records}
        except JournalError:
            return {}

    def _save_changes(self, pages: Sequence[tuple[Page, Page]]) -> None:
        if not any(before.doubts for before, _ in pages):
            return
        try:
            with self._journal.session() as session:
                changed, gone = missing_alerts.record_changes(pages, session.records)
                session.save(changed, gone)
        except JournalError:
            return  # the next write reports it; at worst people are told the same twice
