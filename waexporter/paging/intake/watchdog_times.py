"""When each watchdog was last seen, and for how long it has been silent."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from waexporter.paging.intake.watchdogs import LastSeen

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from waexporter.model import Watchdog
    from waexporter.paging.context import PagerClock

# In this time after a start, a watchdog that is repeated every minute is seen again.
_STARTUP_GRACE = 90.0  # seconds


class Silence(NamedTuple):
    """How long a watchdog has been silent, in seconds."""

    source: str
    seconds: float
    limit: float
    was_seen: bool = True  # False: it was never seen, and `seconds` counts from when it was expected


class WatchdogTimes:
    """The expected watchdogs, and when each was last seen on the pager's clock."""

    def __init__(self, watchdogs: tuple[Watchdog, ...], clock: PagerClock) -> None:
        """Count each watchdog as seen now, so that none is missing at once."""
        self._clock = clock
        self._started_at = clock.now()
        self.expected = watchdogs
        self._seen_at = {watchdog.name: self._started_at for watchdog in watchdogs}
        self._ever_seen: set[str] = set()

    def reconfigure(self, watchdogs: tuple[Watchdog, ...]) -> None:
        """Expect these watchdogs from now on; new ones count as seen now."""
        known = {watchdog.name for watchdog in self.expected}
        now = self._clock.now()
        for watchdog in watchdogs:
            if watchdog.name not in known:
                self._seen_at[watchdog.name] = now
        self.expected = watchdogs

    def mark_seen(self, name: str) -> float:
        """Count a watchdog as seen now; return the time."""
        self._seen_at[name] = now = self._clock.now()
        return now

    def was_ever_seen(self, name: str) -> bool:
        """Return whether a watchdog was ever seen, by this process or an earlier one."""
        return name in self._ever_seen

    def mark_ever_seen(self, names: Iterable[str]) -> None:
        """Remember that watchdogs were seen at some time."""
        self._ever_seen.update(names)

    def restore(self, seen_at: Mapping[str, str]) -> None:
        """Restore the times that an earlier process saved; ignore damaged ones."""
        now = self._clock.now()
        for name, text in seen_at.items():
            if name in self._seen_at and (at := _parse(text)) is not None:
                self._seen_at[name] = min(at, now)

    def times(self) -> dict[str, float]:
        """Return when each expected watchdog was last seen."""
        return {watchdog.name: self._seen_at[watchdog.name] for watchdog in self.expected}

    def sightings(self) -> dict[str, LastSeen]:
        """Return when each expected watchdog was last seen, and when its silence begins.

        The time before this process started does not count fully: without a daemon nothing could be seen.
        """
        found = {}
        for watchdog in self.expected:
            at = self._seen_at[watchdog.name]
            earliest = self._started_at + min(_STARTUP_GRACE, watchdog.max_silence) - watchdog.max_silence
            found[watchdog.name] = LastSeen(at, max(at, earliest))
        return found

    def silence(self, name: str) -> float:
        """Return for how many seconds a watchdog has been silent."""
        return max(self._clock.now() - self._seen_at[name], 0.0)

    def silences(self) -> tuple[Silence, ...]:
        """Return how long each expected watchdog has been silent."""
        return tuple(
            Silence(
                watchdog.name,
                self.silence(watchdog.name),
                watchdog.max_silence,
                was_seen=self.was_ever_seen(watchdog.name),
            )
            for watchdog in self.expected
        )


def _parse(text: str) -> float | None:
    try:
        at = float(text)
    except ValueError:
        return None
    return at if math.isfinite(at) else None
