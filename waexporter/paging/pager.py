"""The pager as a whole: takes alerts in, keeps them, and sees that people hear of them."""

from __future__ import annotations

import math
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from waexporter.errors import JournalError
from waexporter.log import get_logger
from waexporter.paging.channels.channel_types import CHANNELS
from waexporter.paging.channels.whatsapp import WHATSAPP
from waexporter.paging.clock import Clock
from waexporter.paging.dedup import deduplicate
from waexporter.paging.delivery import Delivery
from waexporter.paging.heartbeat import ping
from waexporter.paging.intake import verdict_watch as watch
from waexporter.paging.intake import watchdogs
from waexporter.paging.intake.alertmanager_webhook import read_webhook, thread_of
from waexporter.paging.intake.refusals import Refusals, describe
from waexporter.paging.intake.verdict_durations import VerdictDurations
from waexporter.paging.journal.writer import Journal
from waexporter.paging.messages.log_names import name_pages
from waexporter.paging.model import Alert, Webhook
from waexporter.paging.reconciliation.alertmanager_query import Alertmanager
from waexporter.paging.reconciliation.reconciler import Reconciler
from waexporter.paging.telemetry import SUPPRESSED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from waexporter.model import PagerSettings, Verdict
    from waexporter.paging.attempt import Outlets
    from waexporter.paging.delivery import PagerContext
    from waexporter.paging.heartbeat import Receiver
    from waexporter.paging.intake.refusals import RefusedSender
    from waexporter.paging.journal.entry import Entry
    from waexporter.paging.reconciliation.alertmanager_query import AlertmanagerAddress
    from waexporter.paging.telemetry import PagerTelemetry

TICK = 1.0  # seconds
_PRUNE_EVERY = 3600.0  # seconds
_HEARING = 90.0  # seconds after a start in which a watchdog that comes every minute is heard again
_GRACE = 60.0  # seconds beyond `fallback_after` from which a page counts as overdue
_VERDICT = "verdict"  # the kind of fact that says for how long a verdict has held
_SHOWN_ROWS = 10  # that are damaged, in the log
_STRANGERS = 10  # kinds of unexpected Watchdog alerts that are told of
_PATIENCE = 1.0  # seconds for messages under way, when the daemon stops

_log = get_logger("pager")


class Silence(NamedTuple):
    """How long a watchdog has been silent, in seconds."""

    source: str
    seconds: float
    limit: float
    is_heard: bool = True  # at some time; else it has been expected for so long


class PagerStatus(NamedTuple):
    """What there is to say of the pager now."""

    pending: int
    oldest: float  # seconds; 0 without one
    problem: str | None  # why the journal can't be used
    silences: tuple[Silence, ...]
    latest: tuple[Entry, ...]  # the newest first
    refused: tuple[RefusedSender, ...] = ()  # webhooks, by sender, the newest first
    strangers: tuple[str, ...] = ()  # labels of Watchdog alerts that come and are not expected


class Pager:
    """Everything between a webhook and a person; safe to share by threads."""

    def __init__(
        self,
        settings: PagerSettings,
        outlets: Outlets,
        context: PagerContext,
        verdicts: Callable[[], Iterable[tuple[str, Verdict]]],
        heartbeat: Receiver | None = None,
    ) -> None:
        self.settings = settings
        self._telemetry: PagerTelemetry = context.telemetry
        self._clock = context.clock
        self._even = Clock(context.clock)
        self._journal = Journal(settings.state_dir, self._note_damage)
        self._reconciler = Reconciler(self._journal, context.clock, self._even)
        self._delivery = Delivery(settings, self._journal, outlets, context, self._reconciler)
        self._follow_alertmanager(outlets.alertmanager)
        self._verdicts = verdicts
        self._heartbeat = heartbeat
        self._starting = threading.Lock()
        self._is_resumed = False
        self._problem: str | None = None
        self._pruned_at = -math.inf
        self._started_at = self._even.now()
        self._seen_at = {watchdog.name: self._even.now() for watchdog in settings.watchdogs}
        self._heard: set[str] = set()  # watchdogs that came at some time
        self._groups: dict[str, str] = {}
        self._holds = VerdictDurations()
        self._strangers: tuple[str, ...] = ()
        self.refusals = Refusals(context.clock)
        self._ping_problem = ""

    def start(self) -> None:
        """Take up what was left; with a journal that can't be used, the daemon runs, and says so."""
        self._watch()
        self._is_usable()
        self._delivery.start()

    def stop(self) -> None:
        """Begin nothing new; what is not out yet is in the journal."""
        self._delivery.stop(_PATIENCE)
        self._delivery.record_ends()
        self._journal.close()

    def reconfigure(self, settings: PagerSettings, outlets: Outlets, heartbeat: Receiver | None) -> None:
        """Go on with other settings, whose `state_dir` is the same; no page is lost or told twice by it."""
        expected = {watchdog.name for watchdog in self.settings.watchdogs}
        now = self._even.now()
        for watchdog in settings.watchdogs:
            if watchdog.name not in expected:
                self._seen_at[watchdog.name] = now
        self.settings = settings
        self._heartbeat = heartbeat
        self._strangers = ()
        self._telemetry.unwatch(expected - {watchdog.name for watchdog in settings.watchdogs})
        self._watch()
        self._follow_alertmanager(outlets.alertmanager)
        self._delivery.reconfigure(settings, outlets)

    def _follow_alertmanager(self, source: AlertmanagerAddress | None) -> None:
        """Ask another Alertmanager from now on, or none; watchdogs page nobody, so they are no answer."""

        def is_watchdog(labels: Mapping[str, str]) -> bool:
            return watchdogs.is_watchdog(Alert("", 0.0, None, labels), self.settings.watchdogs)

        asked = Alertmanager(source, self._clock, is_watchdog) if source else None
        self._reconciler.alertmanager = asked

    def _watch(self) -> None:
        names = [watchdog.name for watchdog in self.settings.watchdogs]
        silences = [(name, lambda name=name: self._silence(name)) for name in names]
        self._telemetry.watch(self._delivery.pending, self._delivery.oldest, silences)

    # --- what comes in -------------------------------------------------------------------------

    def receive(self, body: bytes) -> None:
        """Take in a webhook; when this returns, it is on disk. Raises WebhookError and JournalError."""
        webhook = read_webhook(body, self._clock().wall)
        if not self._is_usable():
            raise JournalError(self._problem or "the journal can't be used")
        try:
            self._take(webhook)
        except JournalError as error:
            self._complain(error)
            raise
        self._telemetry.journal_writable.set(1)

    def count_webhook(self, result: str) -> None:
        """Count a webhook by what became of it."""
        self._telemetry.count_webhook(result)

    def remember_group(self, target: str, group: str) -> None:
        """Remember the on-call group that a target's settings name, for times when they can't be read."""
        if self._groups.get(target) == group or not self._is_usable():
            return
        try:
            self._journal.save_fact("group", target, group)
        except JournalError as error:
            self._complain(error)
            return
        self._groups[target] = group

    def remembered_group(self, target: str) -> str | None:
        """Give the on-call group that a target's settings named last."""
        return self._groups.get(target)

    def _take(self, webhook: Webhook) -> None:
        expected = self.settings.watchdogs
        for watchdog in expected:
            if any(alert.fires and watchdogs.matches(alert, watchdog) for alert in webhook.alerts):
                self._hear(watchdog.name)
        alerts = tuple(each for each in webhook.alerts if not watchdogs.is_watchdog(each, expected))
        self._say_strangers(watchdogs.list_strangers(webhook.alerts, expected))
        if alerts or webhook.unread:
            can_ask = self._reconciler.can_ask(webhook.group)
            self._record(msgspec.structs.replace(webhook, alerts=alerts, can_ask=can_ask))

    def _say_strangers(self, came: tuple[str, ...]) -> None:
        """Say once which Watchdog alerts come that nobody waits for, and which are waited for."""
        room = _STRANGERS - len(self._strangers)
        new = tuple(dict.fromkeys(each for each in came if each not in self._strangers))[:room]
        if not new:
            return
        self._strangers += new
        _log.warning(
            "a Watchdog alert comes that no entry of pager.watchdogs matches: nobody is paged about it",
            came=new,
            expected=watchdogs.list_expected(self.settings.watchdogs),
        )

    def _record(self, webhook: Webhook) -> None:
        """Decide what a delivery says, put it on disk, and hand it on."""
        now, wall = self._even.now(), self._clock().wall
        with self._journal.session() as session:
            decision = deduplicate(webhook, session.records, session.open_alerts(webhook.thread), now, wall)
            session.touch(decision.touched)
            page = decision.page
            if page is None:
                session.save(decision.records)
                self._telemetry.count_page(WHATSAPP, SUPPRESSED)
                return
            entry = session.record_page(page, decision.records, now, decision.forgotten)
            # Handed on before the next delivery is decided: their order is the order people hear them in.
            self._delivery.take(entry)
        _log.info(
            "page",
            number=entry.number,
            alerts=len(entry.page.items),
            firing=sum(1 for item in entry.page.items if item.alert.fires),
            about=name_pages([entry.page]),
        )

    def _hear(self, name: str) -> None:
        self._seen_at[name] = now = self._even.now()
        self._journal.save_fact("watchdog", name, repr(now))
        if name not in self._heard:
            self._journal.save_fact("heard", name, "yes")
            self._heard.add(name)

    # --- what goes on by itself ----------------------------------------------------------------

    def tick(self) -> None:
        """Look after everything that time changes; called every TICK seconds."""
        if not self._is_usable():
            return
        try:
            self._delivery.record_ends()
            self._look_at_watchdogs()
            if self.settings.watch:
                self._look_at_verdicts()
            wall = self._clock().wall
            if abs(wall - self._pruned_at) >= _PRUNE_EVERY:
                self._journal.prune(self._even.now(), wall)
                self._pruned_at = wall
        except JournalError as error:
            self._complain(error)

    def _look_at_watchdogs(self) -> None:
        if not self.settings.watchdogs:
            return
        now, wall = self._even.now(), self._clock().wall
        with self._journal.session() as session:
            news = watchdogs.list_news(self.settings.watchdogs, self._hearings(), session.records, now, wall)
        for silent in news:
            refused = self.refusals.recent(self._silence(silent.labels["source"]))
            alert = watchdogs.explain(silent, describe(refused))
            self._record(Webhook(thread_of({"source": alert.labels["source"]}), (alert,)))

    def _hearings(self) -> dict[str, watchdogs.Heard]:
        """Tell when watchdogs were heard last; while this daemon was gone, none could be."""
        heard = {}
        for watchdog in self.settings.watchdogs:
            at = self._seen_at[watchdog.name]
            earliest = self._started_at + min(_HEARING, watchdog.max_silence) - watchdog.max_silence
            heard[watchdog.name] = watchdogs.Heard(at, max(at, earliest))
        return heard

    def _look_at_verdicts(self) -> None:
        now, even = self._clock(), self._even.now()
        verdicts = [
            (target, self._holds.carry_on(target, verdict, now.steady, even))
            for target, verdict in self._verdicts()
        ]
        self._holds.retain({target for target, _ in verdicts})
        if kept := self._holds.worth_keeping(even):
            self._journal.save_facts(_VERDICT, kept)
        with self._journal.session() as session:
            news = watch.list_news(verdicts, session.records, self.settings.watch_for, now)
        for target, alerts in news.items():
            self._record(Webhook(thread_of({"waexporter_watch": target}), alerts))

    def send_heartbeat(self) -> None:
        """Tell the heartbeat's receiver that people can be paged, or why not."""
        if self._heartbeat is None:
            return
        self._try_journal()
        problem = ping(self._heartbeat, self.problems())
        if problem and problem != self._ping_problem:
            _log.warning("the heartbeat was not taken", why=problem)
        self._ping_problem = problem

    def problems(self) -> tuple[str, ...]:
        """Say what keeps people from being paged now, if anything does."""
        found = [
            f"watchdog {silence.source}: silent for {silence.seconds:.0f} s"
            for silence in self._silences()
            if silence.seconds > silence.limit
        ]
        if self._problem is not None:
            found.append("the journal can't be written")
        if self._delivery.oldest() > self.settings.fallback_after + _GRACE:
            found.append(f"a page has been waiting for {self._delivery.oldest():.0f} s")
        return tuple(found)

    # --- what is asked -------------------------------------------------------------------------

    def status(self, count: int) -> PagerStatus:
        """Give what there is to say, with the newest `count` pages."""
        latest: Sequence[Entry] = ()
        if self._is_usable():
            try:
                latest = self._journal.latest(count)
            except JournalError as error:
                self._complain(error)
        return PagerStatus(
            self._delivery.pending(),
            self._delivery.oldest(),
            self._problem,
            self._silences(),
            tuple(latest),
            self.refusals.recent(),
            self._strangers,
        )

    def _silences(self) -> tuple[Silence, ...]:
        return tuple(
            Silence(
                watchdog.name,
                self._silence(watchdog.name),
                watchdog.max_silence,
                is_heard=watchdog.name in self._heard,
            )
            for watchdog in self.settings.watchdogs
        )

    def _silence(self, name: str) -> float:
        return max(self._even.now() - self._seen_at[name], 0.0)

    # --- the journal ---------------------------------------------------------------------------

    def _is_usable(self) -> bool:
        """Tell whether the journal can be used, trying again if it could not."""
        if self._is_resumed and self._problem is None:
            return True
        with self._starting:
            try:
                if not self._is_resumed:
                    self._resume()
                self._journal.check_writable()
                self._journal.set_aside_damaged(self._clock().wall)
                for watchdog in self.settings.watchdogs:
                    self._journal.save_fact("watchdog", watchdog.name, repr(self._seen_at[watchdog.name]))
                # What could not be kept may be in the file all the same: a disk may fail after writing.
                self._take_up()
            except JournalError as error:
                self._complain(error)
                return False
            if self._problem is not None:
                _log.info("the journal can be used again", journal=str(self._journal.path))
            self._problem = None
            self._telemetry.journal_writable.set(1)
        return True

    def _resume(self) -> None:
        """Read what was left: pages, groups, watchdogs, and what was sent of late; writes nothing.

        So people hear of the pages left even where the disk is full.
        """
        self._journal.open()
        wall, now = self._clock().wall, self._even.now()
        self._groups = self._journal.facts("group")
        self._heard |= self._journal.facts("heard").keys()
        for name, seen in self._journal.facts("watchdog").items():
            if name in self._seen_at:
                with suppress(ValueError):  # a damaged one is as good as none
                    at = float(seen)
                    self._seen_at[name] = min(at, now) if math.isfinite(at) else self._seen_at[name]
        self._holds.recall(self._journal.facts(_VERDICT), now)
        for channel, at in self._journal.last_acceptances():
            if channel in CHANNELS:
                self._telemetry.remember_acceptance(channel, at)
        for destination, at in self._journal.accepted_since(wall - self.settings.rate.per):
            self._delivery.note_sent(destination, max(wall - at, 0.0))
        left = self._take_up()
        self._is_resumed = True
        if left:
            _log.info("pages are left from before", pages=left)

    def _take_up(self) -> int:
        """Hand on every page that is not out yet; gives their number."""
        now = self._even.now()
        with self._journal.session() as session:
            left = session.pending_pages()
            for entry in left:
                self._delivery.take(entry, max(now - entry.received_at, 0.0))
        return len(left)

    def _try_journal(self) -> None:
        """Find out whether the journal can be written, where nothing has been written for long."""
        if self._is_usable():
            try:
                self._journal.check_writable()
            except JournalError as error:
                self._complain(error)

    def _note_damage(self, rows: Sequence[str]) -> None:
        """Say and count what can't be read of the journal; everything else goes on."""
        self._telemetry.journal_damaged.inc(len(rows))
        _log.error(
            "rows of the journal are damaged and set aside; what they told is lost, all else goes on",
            rows=list(rows[:_SHOWN_ROWS]),
            count=len(rows),
            journal=str(self._journal.path),
        )

    def _complain(self, error: JournalError) -> None:
        """Say once what is wrong with the journal."""
        self._telemetry.journal_writable.set(0)
        if self._problem != str(error):
            self._problem = str(error)
            _log.error("PAGES CAN'T BE KEPT: webhooks are answered 503 until this is mended", why=str(error))
