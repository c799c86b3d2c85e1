"""What the pager remembers besides pages and alerts; it is saved in the journal as facts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from waexporter.paging.intake.verdict_durations import VerdictDurations
from waexporter.paging.intake.watchdog_times import WatchdogTimes
from waexporter.paging.journal.rows import GROUP_FACT

if TYPE_CHECKING:
    from waexporter.model import Watchdog
    from waexporter.paging.context import PagerClock
    from waexporter.paging.journal.writer import Journal

# The other kinds of facts in the journal:
_WATCHDOG = "watchdog"  # when each watchdog was last seen, on the pager's clock
_EVER_SEEN = "heard"  # the watchdogs that were ever seen
_VERDICT = "verdict"  # for how long the verdict of each target has lasted


class PagerFacts:
    """On-call groups, times of watchdogs, durations of verdicts; its methods may raise JournalError."""

    def __init__(self, journal: Journal, watchdogs: tuple[Watchdog, ...], clock: PagerClock) -> None:
        self._journal = journal
        self._clock = clock
        self.groups: dict[str, str] = {}
        self.watchdogs = WatchdogTimes(watchdogs, clock)
        self.durations = VerdictDurations()

    def restore(self) -> None:
        """Read what an earlier process saved."""
        self.groups.update(self._journal.facts(GROUP_FACT))
        self.watchdogs.mark_ever_seen(self._journal.facts(_EVER_SEEN))
        self.watchdogs.restore(self._journal.facts(_WATCHDOG))
        self.durations.restore(self._journal.facts(_VERDICT), self._clock.now())

    def save_group(self, target: str, group: str) -> None:
        """Save the on-call group of a target."""
        self._journal.save_fact(GROUP_FACT, target, group)
        self.groups[target] = group

    def save_watchdog_seen(self, name: str) -> None:
        """Count a watchdog as seen now, and save it."""
        now = self.watchdogs.mark_seen(name)
        self._journal.save_fact(_WATCHDOG, name, repr(now))
        if not self.watchdogs.was_ever_seen(name):
            self._journal.save_fact(_EVER_SEEN, name, "yes")
            self.watchdogs.mark_ever_seen([name])

    def save_watchdogs(self) -> None:
        """Save when each expected watchdog was last seen."""
        seen_at = {name: repr(at) for name, at in self.watchdogs.times().items()}
        self._journal.save_facts(_WATCHDOG, seen_at)

    def save_durations(self) -> None:
        """Save for how long verdicts have lasted, if the saved durations are too old."""
        if changed := self.durations.changed_facts(self._clock.now()):
            self._journal.save_facts(_VERDICT, changed)
