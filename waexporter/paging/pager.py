"""The pager: receive webhooks, send pages, report the status."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec

from waexporter.errors import JournalError
from waexporter.log import get_logger
from waexporter.paging.context import PagerClock
from waexporter.paging.delivery import Delivery
from waexporter.paging.intake import watchdogs
from waexporter.paging.intake.alertmanager_webhook import read_webhook
from waexporter.paging.intake.refusals import Refusals
from waexporter.paging.journal.writer import Journal
from waexporter.paging.journal_health import JournalHealth
from waexporter.paging.pager_facts import PagerFacts
from waexporter.paging.reconciliation.alertmanager_query import Alertmanager
from waexporter.paging.reconciliation.reconciler import Reconciler
from waexporter.paging.recorder import PageRecorder
from waexporter.paging.upkeep import Upkeep

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from waexporter.model import PagerSettings, Verdict
    from waexporter.paging.attempt import Outlets
    from waexporter.paging.context import PagerContext
    from waexporter.paging.heartbeat import HeartbeatReceiver
    from waexporter.paging.intake.refused_senders import RefusedSender
    from waexporter.paging.intake.watchdog_times import Silence
    from waexporter.paging.journal.entry import JournalEntry
    from waexporter.paging.journal.page_history import KnownNumbers, PageHistory
    from waexporter.paging.model import Webhook
    from waexporter.paging.reconciliation.alertmanager_query import AlertmanagerAddress
    from waexporter.paging.telemetry import PagerTelemetry

_MAX_LOGGED_ROWS = 10  # damaged rows in one log line
_MAX_UNEXPECTED = 10  # kinds of unexpected Watchdog alerts that are reported
_STOP_TIMEOUT = 1.0  # seconds for messages being sent, when the daemon stops

_log = get_logger("pager")


class PagerStatus(NamedTuple):
    """The status of the pager, for the status page and the list of pages."""

    pending: int  # pages that are not sent yet
    oldest: float  # for how many seconds the oldest of them has waited; 0 if there is none
    problem: str | None  # why the journal can't be used; None: it can
    silences: tuple[Silence, ...]
    latest: tuple[JournalEntry, ...]  # the newest first
    refused: tuple[RefusedSender, ...] = ()  # senders of refused webhooks, the latest first
    unexpected_watchdogs: tuple[str, ...] = ()  # labels of received Watchdog alerts that are not expected


class Pager:
    """Everything between a webhook and a person; thread-safe."""

    def __init__(
        self,
        settings: PagerSettings,
        outlets: Outlets,
        context: PagerContext,
        verdicts: Callable[[], Iterable[tuple[str, Verdict]]],
        heartbeat: HeartbeatReceiver | None = None,
    ) -> None:
        self.settings = settings
        self._telemetry: PagerTelemetry = context.telemetry
        self._clock = context.clock
        pager_clock = PagerClock(context.clock)
        self._journal = Journal(settings.state_dir, self._report_damage)
        self._reconciler = Reconciler(self._journal, context.clock, pager_clock)
        self._delivery = Delivery(settings, self._journal, outlets, context, self._reconciler)
        self._facts = PagerFacts(self._journal, settings.watchdogs, pager_clock)
        self._health = JournalHealth(self._journal, self._delivery, self._facts, context, pager_clock)
        self._recorder = PageRecorder(self._journal, self._delivery, context, pager_clock)
        self._unexpected: tuple[
            str, ...
        ] = ()  # labels of Watchdog alerts that no configured watchdog matches
        self.refusals = Refusals(context.clock)
        self.upkeep = Upkeep(
            settings=settings,
            heartbeat=heartbeat,
            journal=self._journal,
            health=self._health,
            facts=self._facts,
            recorder=self._recorder,
            delivery=self._delivery,
            refusals=self.refusals,
            verdicts=verdicts,
            clock=context.clock,
            pager_clock=pager_clock,
        )
        self._query_alertmanager_at(outlets.alertmanager)

    def start(self) -> None:
        """Queue the pages in the journal, and start the workers.

        If the journal can't be used, it is tried again at every tick.
        """
        self._register_metrics()
        self._health.is_usable()
        self._delivery.start()

    def stop(self) -> None:
        """Start no more attempts; pages that are not sent yet stay in the journal."""
        self._delivery.stop(_STOP_TIMEOUT)
        self._delivery.save_results()
        self._journal.close()

    def reconfigure(
        self, settings: PagerSettings, outlets: Outlets, heartbeat: HeartbeatReceiver | None
    ) -> None:
        """Apply new settings, with the same `state_dir`; no page is lost or sent twice."""
        before = {watchdog.name for watchdog in self.settings.watchdogs}
        self._facts.watchdogs.reconfigure(settings.watchdogs)
        self.settings = settings
        self.upkeep.settings, self.upkeep.heartbeat = settings, heartbeat
        self._unexpected = ()
        self._telemetry.unwatch(before - {watchdog.name for watchdog in settings.watchdogs})
        self._register_metrics()
        self._query_alertmanager_at(outlets.alertmanager)
        self._delivery.reconfigure(settings, outlets)

    def _query_alertmanager_at(self, address: AlertmanagerAddress | None) -> None:
        """Query this Alertmanager from now on, or none if it is None; ignore watchdogs in its replies."""

        def is_watchdog(labels: Mapping[str, str]) -> bool:
            return watchdogs.is_watchdog(labels, self.settings.watchdogs)

        self._reconciler.alertmanager = Alertmanager(address, self._clock, is_watchdog) if address else None

    def _register_metrics(self) -> None:
        """Register the functions that the metrics of pages and watchdogs read at a scrape."""
        times = self._facts.watchdogs
        silences = [(each.name, lambda name=each.name: times.silence(name)) for each in times.expected]
        self._telemetry.watch(self._delivery.pending, self._delivery.oldest, silences)

    # --- webhooks and settings -----------------------------------------------------------------

    def receive(self, body: bytes) -> None:
        """Accept a webhook: it is on disk when this returns. Raise WebhookError or JournalError."""
        webhook = read_webhook(body, self._clock().wall)
        if not self._health.is_usable():
            raise JournalError(self._health.problem or "the journal can't be used")
        try:
            self._accept(webhook)
        except JournalError as error:
            self._health.report_failure(error)
            raise
        self._telemetry.journal_writable.set(1)

    def count_webhook(self, result: str) -> None:
        """Count a webhook by its result."""
        self._telemetry.count_webhook(result)

    def remember_group(self, target: str, group: str) -> None:
        """Save the on-call group that a target's settings name, to use it while they can't be read."""
        if self._facts.groups.get(target) == group or not self._health.is_usable():
            return
        try:
            self._facts.save_group(target, group)
        except JournalError as error:
            self._health.report_failure(error)

    def remembered_group(self, target: str) -> str | None:
        """Return the on-call group that was last saved for a target; None if there is none."""
        return self._facts.groups.get(target)

    def _accept(self, webhook: Webhook) -> None:
        """Count the watchdogs of a webhook as seen, and record a page about its other alerts."""
        expected = self.settings.watchdogs
        for watchdog in expected:
            if any(alert.fires and watchdogs.matches(alert.labels, watchdog) for alert in webhook.alerts):
                self._facts.save_watchdog_seen(watchdog.name)
        alerts = tuple(each for each in webhook.alerts if not watchdogs.is_watchdog(each.labels, expected))
        self._log_unexpected(watchdogs.list_unmatched(webhook.alerts, expected))
        if alerts or webhook.unread:
            can_query = self._reconciler.can_query(webhook.group)
            self._recorder.record(msgspec.structs.replace(webhook, alerts=alerts, can_query=can_query))

    def _log_unexpected(self, labels: Sequence[str]) -> None:
        """Log once each Watchdog alert that no configured watchdog matches, with those that are expected."""
        room = _MAX_UNEXPECTED - len(self._unexpected)
        new = tuple(dict.fromkeys(each for each in labels if each not in self._unexpected))[:room]
        if not new:
            return
        self._unexpected += new
        _log.warning(
            "a Watchdog alert comes that no entry of pager.watchdogs matches: nobody is paged about it",
            came=new,
            expected=watchdogs.describe_expected(self.settings.watchdogs),
        )

    # --- the status ----------------------------------------------------------------------------

    def status(self, count: int) -> PagerStatus:
        """Return the status of the pager, with the newest `count` pages."""
        latest: Sequence[JournalEntry] = ()
        if self._health.is_usable():
            try:
                latest = self._journal.latest(count)
            except JournalError as error:
                self._health.report_failure(error)
        return PagerStatus(
            self._delivery.pending(),
            self._delivery.oldest(),
            self._health.problem,
            self._facts.watchdogs.silences(),
            tuple(latest),
            self.refusals.recent(),
            self._unexpected,
        )

    def history(self, number: int) -> PageHistory | KnownNumbers:
        """Return a page with its history, or the numbers that there are; raise JournalError."""
        if not self._health.is_usable():
            raise JournalError(self._health.problem or "the journal can't be used")
        return self._journal.history(number)

    def _report_damage(self, rows: Sequence[str]) -> None:
        """Count and log the rows of the journal that can't be read."""
        self._telemetry.journal_damaged.inc(len(rows))
        _log.error(
            "rows of the journal are damaged and set aside; what they told is lost, all else goes on",
            rows=list(rows[:_MAX_LOGGED_ROWS]),
            count=len(rows),
            journal=str(self._journal.path),
        )
