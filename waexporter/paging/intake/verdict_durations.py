"""How long verdicts have lasted, across restarts of the daemon; the verdict watch waits for it."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec

from waexporter.model import State

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from waexporter.model import Verdict

# If the daemon was down for longer, a verdict counts as a new one.
_LONGEST_GAP = 120.0  # seconds
_SAVE_EVERY = 15.0  # seconds


class _LastingVerdict(msgspec.Struct, frozen=True):
    """A verdict other than ok; times on the pager's clock."""

    state: State
    since: float
    seen: float


_DECODER = msgspec.json.Decoder(_LastingVerdict)
_NONE = ""  # saved for a verdict that is ok


class VerdictDurations:
    """Verdicts other than ok, by target; the saved ones are used until the first poll after a restart."""

    def __init__(self) -> None:
        self._before: dict[str, _LastingVerdict] = {}
        self._now: dict[str, _LastingVerdict] = {}
        self._saved: dict[str, _LastingVerdict] = {}

    def restore(self, facts: Mapping[str, str], now: float) -> None:
        """Read the saved facts; ignore those that are too old. `now` is on the pager's clock."""
        for target, fact in facts.items():
            try:
                lasting = _DECODER.decode(fact)
            except msgspec.DecodeError:
                continue  # the verdict was ok, or the fact is damaged
            self._saved[target] = lasting
            is_sound = math.isfinite(lasting.since) and lasting.since <= lasting.seen
            if is_sound and abs(now - lasting.seen) <= _LONGEST_GAP:
                self._before[target] = lasting

    def extend(self, target: str, verdict: Verdict, steady: float, now: float) -> Verdict:
        """Return a verdict; if it is the same as before the restart, with the beginning of that one.

        `steady` and `now` are the present time, on the steady clock and on the pager's clock.
        """
        lasting = self._before.get(target)
        if lasting is not None:
            if _is_unpolled(verdict):
                return verdict
            if lasting.state is verdict.state:
                began = min(verdict.began, steady - max(now - lasting.since, 0.0))
                verdict = replace(verdict, began=began)
            else:
                del self._before[target]
        if verdict.state is State.OK:
            self._now.pop(target, None)
        else:
            self._now[target] = _LastingVerdict(verdict.state, now - (steady - verdict.began), now)
        return verdict

    def retain(self, targets: Collection[str]) -> None:
        """Forget all targets but these."""
        for lasting in (self._before, self._now):
            for target in lasting.keys() - targets:
                del lasting[target]

    def changed_facts(self, now: float) -> dict[str, str]:
        """Return the facts to save, by target; only those that differ enough from the saved ones."""
        facts = {}
        for target, lasting in self._now.items():
            saved = self._saved.get(target)
            if saved is None or saved.state is not lasting.state or abs(now - saved.seen) >= _SAVE_EVERY:
                facts[target] = msgspec.json.encode(lasting).decode()
                self._saved[target] = lasting
        for target in self._saved.keys() - self._now.keys() - self._before.keys():
            facts[target] = _NONE
            del self._saved[target]
        return facts


def _is_unpolled(verdict: Verdict) -> bool:
    return any(problem.slug == "not_polled" for problem in verdict.problems)
