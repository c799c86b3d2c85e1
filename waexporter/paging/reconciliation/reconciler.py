"""Finding out, before pages are told, what became of the alerts that deliveries left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from waexporter.errors import JournalError
from waexporter.paging.reconciliation import missing_alerts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from waexporter.model import Instant
    from waexporter.paging.dedup import AlertRecord
    from waexporter.paging.journal.writer import Journal
    from waexporter.paging.model import AlertGroup, Page
    from waexporter.paging.pager_clock import PagerClock
    from waexporter.paging.reconciliation.alertmanager_query import Alertmanager
    from waexporter.paging.reconciliation.missing_alerts import GroupReply

    Answers = Mapping[str, GroupReply | None]  # by the group's key

_PATIENCE = 6.0  # seconds for all questions of one message; whoever is to read it waits for them


class Reconciler:
    """Settles pages by what was heard since, and by what Alertmanager says; safe to share by threads."""

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

    def hold(self, page: Page) -> float:
        """Give for how many seconds a page waits before anybody looks at it."""
        return missing_alerts.grace_left(page, self._pager_clock.now()) if self.alertmanager is None else 0.0

    def wait(self, page: Page, answers: Answers) -> float:
        """Give for how many seconds a page still waits, if Alertmanager did not answer."""
        is_answered = page.group is not None and answers.get(page.group.key) is not None
        return 0.0 if is_answered else missing_alerts.grace_left(page, self._pager_clock.now())

    def settle(self, pages: Sequence[Page], answers: Answers) -> list[Page]:
        """Give pages as they are told now, and remember what they say."""
        known = self._known(pages)
        settled = [
            missing_alerts.reconcile(
                page,
                answers.get(page.group.key) if page.group and missing_alerts.needs_query(page) else None,
                lambda doubt: missing_alerts.seen_firing_since(doubt, known.get(doubt.alert.fingerprint)),
            )
            for page in pages
        ]
        self._new_record(list(zip(pages, settled, strict=True)))
        return settled

    def can_ask(self, group: AlertGroup | None) -> bool:
        """Return whether there is an Alertmanager that may have a group."""
        return self.alertmanager is not None and missing_alerts.may_be_known(group)

    def look(self, pages: Sequence[Page]) -> None:
        """See whether Alertmanager has what was just told to fire: later it may be asked of its end."""
        alertmanager = self.alertmanager
        if alertmanager is None:
            return
        for page in pages:
            fires = any(item.kind.fires for item in page.items)
            if (
                fires
                and page.group
                and missing_alerts.may_be_known(page.group)
                and not alertmanager.has_had(page.group)
            ):
                alertmanager.ask(page.group)

    def ask(self, pages: Sequence[Page]) -> Answers:
        """Ask once about each group there is a question about."""
        alertmanager = self.alertmanager
        if alertmanager is None:
            return {}
        groups = {
            page.group.key: page.group for page in pages if page.group and missing_alerts.needs_query(page)
        }
        ends = self._clock().steady + _PATIENCE
        answers: dict[str, GroupReply | None] = {}
        for key, group in groups.items():
            answer = alertmanager.ask(group) if self._clock().steady < ends else None
            answers[key] = answer and answer._replace(at=self._pager_clock.now())
        return answers

    def _known(self, pages: Sequence[Page]) -> Mapping[str, AlertRecord]:
        """Give what is remembered of the alerts in doubt."""
        doubtful = {doubt.alert.fingerprint for page in pages for doubt in page.doubts}
        if not doubtful:
            return {}
        try:
            with self._journal.session() as session:
                return {name: session.records[name] for name in doubtful if name in session.records}
        except JournalError:
            return {}

    def _new_record(self, pages: Sequence[tuple[Page, Page]]) -> None:
        if not any(before.doubts for before, _ in pages):
            return
        try:
            with self._journal.session() as session:
                changed, gone = missing_alerts.record_changes(pages, session.records)
                session.save(changed, gone)
        except JournalError:
            return  # whoever writes next says so; what is said twice at worst is what was said now
