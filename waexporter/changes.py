"""What the log is told: everything that changes, once."""

from __future__ import annotations

import math
import threading
from typing import TYPE_CHECKING

from waexporter.log import get_logger
from waexporter.model import Failure, Settings, State

if TYPE_CHECKING:
    from collections.abc import Callable

    from waexporter.model import Drop, Endpoint, Reading, Success, Verdict
    from waexporter.polling.store import TargetState

_FORGOTTEN = 3600.0  # seconds

_log = get_logger("changes")


def is_news(before: TargetState, reading: Reading) -> bool:
    """Tell whether a reading's outcome is another than that of the one before."""
    last = before.readings.get(reading.endpoint)
    return last is None or _kind(last.outcome) != _kind(reading.outcome)


def _kind(outcome: Success | Failure) -> tuple[object, ...]:
    return (outcome.reason, outcome.code, outcome.status) if isinstance(outcome, Failure) else ()


def say_change(before: TargetState, reading: Reading) -> None:
    """Log a failing poll once per change of its reason, and once that it is over."""
    last = before.readings.get(reading.endpoint)
    old, new = last.outcome if last else None, reading.outcome
    about = {"target": reading.target, "collector": reading.endpoint.value}
    if isinstance(new, Failure):
        if is_news(before, reading):
            _log.warning("poll failed", **about, reason=new.reason.value, why=new.message)
        return
    if isinstance(old, Failure):
        _log.info("poll succeeds again", **about, after=old.reason.value)
    was = old if old is not None and not isinstance(old, Failure) else None
    known = {flaw.reason for flaw in was.flaws} if was else set()
    for flaw in new.flaws:
        if flaw.reason not in known:
            _log.warning("poll succeeded in part", **about, reason=flaw.reason.value, why=flaw.message)
    if isinstance(new.document, Settings) and new.document.changed_keys:
        # The keys only: a webhook's url, or a group, is nobody's business.
        _log.warning("settings changed", **about, keys=list(new.document.changed_keys))


class LeftOut:
    """Says what is left out of answers: once per reason until an hour has passed without it.

    Behind one address several clients may answer in turn, of which one alone is malformed.
    """

    def __init__(self) -> None:
        self._seen: dict[tuple[str, Endpoint], dict[Drop, float]] = {}  # steady clock
        self._lock = threading.Lock()

    def say(self, reading: Reading) -> None:
        """Say what a reading has left out, if that is not known."""
        outcome = reading.outcome
        if isinstance(outcome, Failure) or not outcome.dropped:
            return
        now = reading.at.steady
        with self._lock:
            seen = self._seen.setdefault((reading.target, reading.endpoint), {})
            is_news = any(now - seen.get(drop, -math.inf) > _FORGOTTEN for drop, _ in outcome.dropped)
            seen.update((drop, now) for drop, _ in outcome.dropped)
        if is_news:
            counts = {str(drop): count for drop, count in outcome.dropped}
            what = "; ".join(outcome.losses)
            about = {"target": reading.target, "collector": reading.endpoint.value}
            _log.warning("samples were left out", **about, **counts, what=what)

    def forget(self, target: str) -> None:
        """Forget what was said of a target that is gone, or is another one now."""
        with self._lock:
            self._seen = {key: seen for key, seen in self._seen.items() if key[0] != target}


class Verdicts:
    """Says what has become of each target's verdict, once per change.

    It keeps what it said by itself: time changes a verdict too, and then whoever reads a page sees it first.
    It asks for the newest verdict by itself, too: of two polls that end at once, the slower thread would
    still say what the other one's poll has overtaken.
    """

    def __init__(self, newest: Callable[[str], Verdict | None]) -> None:
        self._newest = newest
        self._said: dict[str, State] = {}
        self._lock = threading.Lock()

    def say(self, target: str) -> None:
        """Say a target's verdict, if it is another than was said before."""
        # Held while the line is written: lines in another order would tell another story.
        with self._lock:
            verdict = self._newest(target)
            if verdict is None or verdict.state is self._said.get(target, State.UNKNOWN):
                return
            self._said[target] = verdict.state
            write = _log.info if verdict.state is State.OK else _log.warning
            why = [problem.words for problem in verdict.problems]
            write("verdict", target=target, verdict=verdict.state.value, why=why)

    def forget(self, target: str) -> None:
        """Forget what was said of a target that is gone, or is another one now."""
        with self._lock:
            self._said.pop(target, None)


class Clashes:
    """Says which families are left out of the page, once per change."""

    def __init__(self) -> None:
        self._said: tuple[str, ...] = ()

    def say(self, clashes: tuple[str, ...]) -> None:
        """Say which families are left out, if they are others than before."""
        if clashes != self._said:
            self._said = clashes
            _log.warning(
                "families left out of the page: targets disagree on them", families=list(clashes[:20])
            )
