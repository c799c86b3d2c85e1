"""Logs changes once each: failing and recovered polls, dropped samples, verdicts and clashes of families."""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from waexporter.log import get_logger
from waexporter.model import Failure, State, Success

if TYPE_CHECKING:
    from collections.abc import Callable

    from waexporter.model import Drop, Endpoint, Reading, Verdict
    from waexporter.polling.state import TargetState

_FORGET_AFTER = 3600.0  # seconds
# Further failures of a target are logged after a pause, which grows: seconds, and the factor.
_FIRST_PAUSE, _GROWTH = 60.0, 10.0

_PHASES = {"body": "read"}  # phase: its name in the log, if that differs

_log = get_logger("changes")


def outcome_changed(before: TargetState, reading: Reading) -> bool:
    """Return whether the outcome differs from the previous reading's."""
    last = before.readings.get(reading.endpoint)
    return last is None or _kind(last.outcome) != _kind(reading.outcome)


def _kind(outcome: Success | Failure) -> tuple[object, ...]:
    if isinstance(outcome, Success):
        return ()
    return outcome.reason, outcome.code, outcome.status, outcome.is_for_admins


def log_poll(reading: Reading) -> None:
    """Log a poll with its phases, at level debug."""
    outcome = reading.outcome
    more: dict[str, object] = (
        {"outcome": outcome.reason.value, "why": outcome.message}
        if isinstance(outcome, Failure)
        else {"outcome": "ok", "samples": outcome.samples}
    )
    _log.debug(
        "poll" if reading.asked else "not polled: what came of it before is taken again",
        target=reading.target,
        collector=reading.endpoint.value,
        **more,
        took_ms=_milliseconds(reading.duration),
        **{f"{_PHASES.get(name, name)}_ms": _milliseconds(seconds) for name, seconds in reading.phases},
    )


def _milliseconds(seconds: float) -> float:
    return round(seconds * 1000, 1)


def log_transition(before: TargetState, reading: Reading) -> None:
    """Log the changes in a reading, except for failures, which OutageLog logs."""
    last = before.readings.get(reading.endpoint)
    old, new = last.outcome if last else None, reading.outcome
    about = {"target": reading.target, "collector": reading.endpoint.value}
    if isinstance(new, Failure):
        if new.is_for_admins and outcome_changed(before, reading):
            _log.info("not for this account", **about, why=new.message)
        return
    was = old if old is not None and not isinstance(old, Failure) else None
    known = {flaw.reason for flaw in was.flaws} if was else set()
    for flaw in new.flaws:
        if flaw.reason not in known:
            _log.warning("poll succeeded in part", **about, reason=flaw.reason.value, why=flaw.message)
    settings = before.tables.settings
    changed_keys = settings.changed_keys(new.document) if settings else ()
    if changed_keys:
        # Only the keys: the values, such as a webhook's url or a group, are private.
        _log.warning("settings changed", **about, keys=list(changed_keys))


@dataclass(slots=True)
class _Outage:
    """The polls of one target that fail for the same reason."""

    logged_at: float  # steady clock
    pause: float = _FIRST_PAUSE  # seconds until further collectors are logged
    failing: list[str] = field(default_factory=list)  # collectors
    unlogged: list[str] = field(default_factory=list)  # those of them that were not logged yet
    is_ending: bool = False  # it was logged that some succeed again


class OutageLog:
    """Logs which polls fail: the first one of a target and a reason at once, further ones together.

    All collectors of a dead client fail within seconds, or within an hour if they are polled seldom, but
    people want to read it once. The end of an outage is logged in the same way.
    """

    def __init__(self) -> None:
        self._outages: dict[str, dict[tuple[object, ...], _Outage]] = {}
        self._lock = threading.Lock()

    def log(self, reading: Reading) -> None:
        """Log the outages that a reading begins or ends."""
        # Held while lines are written, so that their order is that of the readings.
        with self._lock:
            outages = self._outages.setdefault(reading.target, {})
            outcome = reading.outcome
            is_failing = isinstance(outcome, Failure) and not outcome.is_for_admins
            for kind, outage in [*outages.items()]:
                if not is_failing or kind != _kind(outcome):
                    self._record_recovery(reading, kind, outage)
                if not outage.failing:
                    del outages[kind]
            if isinstance(outcome, Failure) and is_failing:
                self._record_failure(reading, outcome, outages)
            if not outages:
                del self._outages[reading.target]

    def forget(self, target: str) -> None:
        """Forget what was logged about a target that was removed or replaced."""
        with self._lock:
            self._outages.pop(target, None)

    def _record_failure(
        self, reading: Reading, failure: Failure, outages: dict[tuple[object, ...], _Outage]
    ) -> None:
        collector, now = reading.endpoint.value, reading.at.steady
        outage = outages.get(_kind(failure))
        about = {"target": reading.target, "reason": failure.reason.value}
        if outage is None:
            outages[_kind(failure)] = _Outage(now, failing=[collector])
            _log.warning("poll failed", **about, collectors=[collector], why=failure.message)
            return
        if collector not in outage.failing:
            outage.failing.append(collector)
            outage.unlogged.append(collector)
        if outage.unlogged and now - outage.logged_at >= outage.pause:
            _log.warning("more polls fail alike", **about, collectors=outage.unlogged)
            outage.unlogged, outage.logged_at, outage.pause = [], now, outage.pause * _GROWTH

    def _record_recovery(self, reading: Reading, kind: tuple[object, ...], outage: _Outage) -> None:
        collector = reading.endpoint.value
        if collector not in outage.failing:
            return
        outage.failing.remove(collector)
        outage.unlogged = [each for each in outage.unlogged if each != collector]
        if isinstance(reading.outcome, Failure) and not reading.outcome.is_for_admins:
            return  # it fails for another reason now, which is logged
        about = {"target": reading.target, "after": str(kind[0])}
        if outage.is_ending:
            if not outage.failing:
                _log.info("all polls succeed again", **about)
            return
        left = {"still_failing": [*outage.failing]} if outage.failing else {}
        _log.info("poll succeeds again", **about, collectors=[collector], **left)
        outage.is_ending = True


class DroppedSamplesLog:
    """Logs dropped samples once per reason, and again if none were dropped for an hour.

    Of several clients that answer in turn behind one address, only one may send malformed samples.
    """

    def __init__(self) -> None:
        self._seen: dict[tuple[str, Endpoint], dict[Drop, float]] = {}  # steady clock
        self._lock = threading.Lock()

    def log(self, reading: Reading) -> None:
        """Log the dropped samples of a reading, unless their reasons were logged before."""
        outcome = reading.outcome
        if isinstance(outcome, Failure) or not outcome.dropped:
            return
        now = reading.at.steady
        with self._lock:
            seen = self._seen.setdefault((reading.target, reading.endpoint), {})
            is_new = any(now - seen.get(drop, -math.inf) > _FORGET_AFTER for drop, _ in outcome.dropped)
            seen.update((drop, now) for drop, _ in outcome.dropped)
        if is_new:
            counts = {str(drop): count for drop, count in outcome.dropped}
            what = "; ".join(outcome.losses)
            about = {"target": reading.target, "collector": reading.endpoint.value}
            _log.warning("samples were left out", **about, **counts, what=what)

    def forget(self, target: str) -> None:
        """Forget what was logged about a target that was removed or replaced."""
        with self._lock:
            self._seen = {key: seen for key, seen in self._seen.items() if key[0] != target}


class VerdictLog:
    """Logs each change of a target's verdict once.

    It remembers the verdict that it logged, since a verdict may change with time between two polls. It looks
    up the newest verdict itself: if two polls end together, the slower thread would log an older one.
    """

    def __init__(self, newest: Callable[[str], Verdict | None]) -> None:
        self._newest = newest
        self._logged: dict[str, State] = {}
        self._lock = threading.Lock()

    def log(self, target: str) -> None:
        """Log a target's verdict, if it has changed."""
        # Held while the line is written, so that the order of the lines is that of the verdicts.
        with self._lock:
            verdict = self._newest(target)
            if verdict is None or verdict.state is self._logged.get(target, State.UNKNOWN):
                return
            self._logged[target] = verdict.state
            write = _log.info if verdict.state is State.OK else _log.warning
            why = [problem.words for problem in verdict.problems]
            write("verdict", target=target, verdict=verdict.state.value, **({"why": why} if why else {}))

    def forget(self, target: str) -> None:
        """Forget what was logged about a target that was removed or replaced."""
        with self._lock:
            self._logged.pop(target, None)


class ClashLog:
    """Logs which families are left out of the page, once per change."""

    def __init__(self) -> None:
        self._logged: tuple[str, ...] = ()

    def log(self, clashes: tuple[str, ...]) -> None:
        """Log which families are left out, if that has changed."""
        if clashes != self._logged:
            self._logged = clashes
            _log.warning(
                "families left out of the page: targets disagree on them", families=list(clashes[:20])
            )
