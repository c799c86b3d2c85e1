"""For how long verdicts have held, across a restart of the daemon: what the built-in watch waits for."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec

from waexporter.model import State

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from waexporter.model import Verdict

# How old what was seen before a restart may be: what a client was meanwhile, nobody knows.
_LONGEST_GAP = 120.0  # seconds
_KEEP_EVERY = 15.0  # seconds


class _Hold(msgspec.Struct, frozen=True):
    """A verdict that is no good one; times on the pager's clock."""

    state: State
    since: float
    seen: float


_HOLD = msgspec.json.Decoder(_Hold)
_NONE = ""  # kept of a verdict that is well


class VerdictDurations:
    """Verdicts that are not well, by target; those from before the restart until the first poll is over."""

    def __init__(self) -> None:
        self._before: dict[str, _Hold] = {}
        self._now: dict[str, _Hold] = {}
        self._kept: dict[str, _Hold] = {}

    def recall(self, facts: Mapping[str, str], even: float) -> None:
        """Take over what was kept, where it is young; `even` is on the pager's clock."""
        for target, fact in facts.items():
            try:
                hold = _HOLD.decode(fact)
            except msgspec.DecodeError:
                continue  # of one that is well, or damaged
            self._kept[target] = hold
            is_sound = math.isfinite(hold.since) and hold.since <= hold.seen
            if is_sound and abs(even - hold.seen) <= _LONGEST_GAP:
                self._before[target] = hold

    def carry_on(self, target: str, verdict: Verdict, steady: float, even: float) -> Verdict:
        """Return a verdict that began where the same one did before the restart; times are now."""
        hold = self._before.get(target)
        if hold is not None:
            if _is_unpolled(verdict):
                return verdict
            if hold.state is verdict.state:
                began = min(verdict.began, steady - max(even - hold.since, 0.0))
                verdict = replace(verdict, began=began)
            else:
                del self._before[target]
        if verdict.state is State.OK:
            self._now.pop(target, None)
        else:
            self._now[target] = _Hold(verdict.state, even - (steady - verdict.began), even)
        return verdict

    def retain(self, targets: Collection[str]) -> None:
        """Forget every target but these: what is not polled any more is not watched."""
        for held in (self._before, self._now):
            for target in held.keys() - targets:
                del held[target]

    def worth_keeping(self, even: float) -> dict[str, str]:
        """Return the facts to keep by target; none while what is kept will do."""
        facts = {}
        for target, hold in self._now.items():
            kept = self._kept.get(target)
            if kept is None or kept.state is not hold.state or abs(even - kept.seen) >= _KEEP_EVERY:
                facts[target] = msgspec.json.encode(hold).decode()
                self._kept[target] = hold
        for target in self._kept.keys() - self._now.keys() - self._before.keys():
            facts[target] = _NONE
            del self._kept[target]
        return facts


def _is_unpolled(verdict: Verdict) -> bool:
    return any(problem.slug == "not_polled" for problem in verdict.problems)
