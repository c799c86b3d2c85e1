"""The periodic work of the pager: watchdogs, verdicts, the journal, the heartbeat."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from waexporter.errors import JournalError
from waexporter.log import get_logger
from waexporter.paging.heartbeat import send_heartbeat
from waexporter.paging.intake import verdict_watch, watchdogs
from waexporter.paging.intake.alertmanager_webhook import thread_of
from waexporter.paging.intake.refused_senders import describe_refused
from waexporter.paging.model import Webhook

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from waexporter.model import Instant, PagerSettings, Verdict
    from waexporter.paging.context import PagerClock
    from waexporter.paging.delivery import Delivery
    from waexporter.paging.heartbeat import HeartbeatReceiver
    from waexporter.paging.intake.refusals import Refusals
    from waexporter.paging.journal.writer import Journal
    from waexporter.paging.journal_health import JournalHealth
    from waexporter.paging.pager_facts import PagerFacts
    from waexporter.paging.recorder import PageRecorder

TICK = 1.0  # seconds
_PRUNE_EVERY = 3600.0  # seconds
_OVERDUE_AFTER = 60.0  # seconds beyond `fallback_after` from which a page counts as overdue

_log = get_logger("pager")


@dataclass(slots=True, kw_only=True)
class Upkeep:
    """The periodic work of a pager; `settings` and `heartbeat` may be replaced at any time."""

    settings: PagerSettings
    heartbeat: HeartbeatReceiver | None
    journal: Journal
    health: JournalHealth
    facts: PagerFacts
    recorder: PageRecorder
    delivery: Delivery
    refusals: Refusals
    verdicts: Callable[[], Iterable[tuple[str, Verdict]]]
    clock: Callable[[], Instant]
    pager_clock: PagerClock
    _pruned_at: float = field(default=-math.inf, init=False)
    _heartbeat_problem: str = field(default="", init=False)

    def tick(self) -> None:
        """Do the work that is due; called every TICK seconds."""
        if not self.health.is_usable():
            return
        try:
            self.delivery.save_results()
            self._page_watchdogs()
            if self.settings.watch:
                self._page_verdicts()
            wall = self.clock().wall
            if abs(wall - self._pruned_at) >= _PRUNE_EVERY:
                self.journal.prune(self.pager_clock.now(), wall)
                self._pruned_at = wall
        except JournalError as error:
            self.health.report_failure(error)

    def send_heartbeat(self) -> None:
        """Report to the heartbeat's receiver that people can be paged, or why not."""
        if self.heartbeat is None:
            return
        self.health.check_writable()
        problem = send_heartbeat(self.heartbeat, self.problems())
        if problem and problem != self._heartbeat_problem:
            _log.warning("the heartbeat was not taken", why=problem)
        self._heartbeat_problem = problem

    def problems(self) -> tuple[str, ...]:
        """Return why people can't be paged now; empty if they can."""
        found = [
            f"watchdog {silence.source}: silent for {silence.seconds:.0f} s"
            for silence in self.facts.watchdogs.silences()
            if silence.seconds > silence.limit
        ]
        if self.health.problem is not None:
            found.append("the journal can't be written")
        oldest = self.delivery.oldest()
        if oldest > self.settings.fallback_after + _OVERDUE_AFTER:
            found.append(f"a page has been waiting for {oldest:.0f} s")
        return tuple(found)

    def _page_watchdogs(self) -> None:
        """Record a page for each watchdog that is newly missing, or was seen again."""
        times = self.facts.watchdogs
        if not times.expected:
            return
        now, wall = self.pager_clock.now(), self.clock().wall
        with self.journal.session() as session:
            alerts = watchdogs.find_watchdog_alerts(
                times.expected, times.sightings(), session.records, now, wall
            )
        for alert in alerts:
            source = alert.labels["source"]
            refused = self.refusals.recent(times.silence(source))
            explained = watchdogs.add_reason(alert, describe_refused(refused))
            self.recorder.record(Webhook(thread_of({"source": source}), (explained,)))

    def _page_verdicts(self) -> None:
        """Record a page for each target whose verdict changed and has lasted for `watch_for`."""
        now, pager_now = self.clock(), self.pager_clock.now()
        durations = self.facts.durations
        verdicts = [
            (target, durations.extend(target, verdict, now.steady, pager_now))
            for target, verdict in self.verdicts()
        ]
        durations.retain({target for target, _ in verdicts})
        self.facts.save_durations()
        with self.journal.session() as session:
            changed = verdict_watch.find_verdict_alerts(
                verdicts, session.records, self.settings.watch_for, now
            )
        for target, alerts in changed.items():
            self.recorder.record(Webhook(thread_of({"waexporter_watch": target}), alerts))
