"""The store of every target's current state, with one mutable cell for each target.

The state in a cell is a frozen value. `put` and `snapshot` compute the next value and assign it; the lock of
the cell guards only this, so that two endpoints of one target don't overwrite each other's change.
"""

from __future__ import annotations

import itertools
import threading
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from waexporter.metrics.tally import AnswerKind
from waexporter.model import Success
from waexporter.polling.claims import Claims, EndpointFamilies
from waexporter.polling.kinds import TABLES
from waexporter.polling.next_state import advance
from waexporter.polling.state import initial_state, lifetime, with_missed, with_target, with_verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from waexporter.metrics.election import FamilyKey
    from waexporter.model import ClientKind, Endpoint, Instant, Reading, Target, Verdict
    from waexporter.polling.state import TargetState
    from waexporter.polling.tables import KindTables


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All targets at one moment, in configured order; `version` changes when any state changes."""

    version: int
    at: Instant
    states: tuple[TargetState, ...]
    losers: frozenset[FamilyKey] = frozenset()  # families that are left out: most targets have another type


class _Cell:
    __slots__ = ("lock", "state")

    def __init__(self, state: TargetState) -> None:
        self.state = state
        self.lock = threading.Lock()


class Store:
    """The current state of every target; safe to share by threads."""

    def __init__(
        self,
        targets: Iterable[Target],
        clock: Callable[[], Instant],
        tables: Mapping[ClientKind, KindTables] = TABLES,
    ) -> None:
        self._clock = clock
        self._tables = tables
        self._claims = Claims()
        self._cells: dict[str, _Cell] = {}  # replaced as a whole: a reader that iterates sees one fleet
        self._versions = itertools.count(1)
        self._version = 0
        self.replace_targets(targets)

    def replace_targets(self, targets: Iterable[Target], rotated: Collection[str] = ()) -> None:
        """Replace the targets, in this order; unchanged ones keep their state, and so do the rotated ones."""
        now = self._clock()
        before = self._cells
        for target in (targets := tuple(targets)):
            if target.name in rotated:
                self._step(before[target.name], partial(with_target, target=target, now=now))
        self._cells = {
            target.name: self._cell_for(target, before.get(target.name), now) for target in targets
        }
        kept = {id(cell) for cell in self._cells.values()}
        self._claims.forget(cell for cell in before.values() if id(cell) not in kept)
        self._version = next(self._versions)

    @property
    def names(self) -> frozenset[str]:
        """The names of all targets."""
        return frozenset(self._cells)

    def put(self, reading: Reading, of: Target | None = None) -> tuple[TargetState, TargetState] | None:
        """Store a reading; return the target's state before and after it.

        Return None and store nothing if there is no target of that name, or if it is not `of`: a poll may end
        after its target was removed or replaced.
        """
        cell = self._cell(reading.target, of)
        if cell is None:
            return None
        losers = self._claim(cell, reading)
        step = self._step(cell, lambda state: advance(state, reading, losers))
        if self._cells.get(reading.target) is not cell:
            self._claims.forget([cell])  # removed while its poll ended
        return step

    def _claim(self, cell: _Cell, reading: Reading) -> frozenset[FamilyKey]:
        endpoint, outcome = reading.endpoint, reading.outcome
        row = cell.state.row(endpoint)
        if row.answer is not AnswerKind.STATISTICS or not isinstance(outcome, Success):
            return frozenset()
        steady = reading.at.steady
        current = EndpointFamilies(endpoint, outcome.parts, row.has_replicas)
        return self._claims.update(cell, current, steady, steady + lifetime(cell.state.target, endpoint))

    def state(self, target: str) -> TargetState:
        """Return the state of a target; raise KeyError if there is no target of that name."""
        return self._cells[target].state

    def find(self, target: str) -> TargetState | None:
        """Return the state of a target; None if there is no target of that name."""
        cell = self._cells.get(target)
        return cell.state if cell else None

    def states(self) -> tuple[TargetState, ...]:
        """Return the states of all targets, in configured order."""
        return tuple(cell.state for cell in self._cells.values())

    def verdict(self, target: str) -> Verdict | None:
        """Return the verdict on a target; None if there is no target of that name."""
        state = self.find(target)
        return state.verdict if state else None

    def on_call_group(self, target: str) -> str | None:
        """Return the configured on-call group, or else the one in the client's last settings, however old."""
        state = self.find(target)
        if state is None:
            return None
        if state.target.on_call_group is not None:
            return state.target.on_call_group
        source = state.tables.settings
        success = state.successes.get(source.endpoint) if source is not None else None
        if source is None or success is None or not isinstance(success.outcome, Success):
            return None
        return source.on_call_group(success.outcome.document)

    def count_missed(self, target: Target, endpoint: Endpoint, polls: int) -> None:
        """Count polls that were missed."""
        cell = self._cell(target.name, target)
        if cell is not None:
            self._step(cell, lambda state: with_missed(state, endpoint, polls))

    def snapshot(self) -> Snapshot:
        """Return all targets as they are now; update verdicts that change with time."""
        now = self._clock()
        for cell in self._cells.values():
            if now.steady >= cell.state.expires:
                self._step(cell, lambda state: with_verdict(state, now))
        version = self._version
        return Snapshot(version, now, self.states(), self._claims.losers(now.steady))

    def _cell_for(self, target: Target, before: _Cell | None, now: Instant) -> _Cell:
        if before is not None and before.state.target == target:
            return before
        return _Cell(initial_state(target, self._tables[target.kind], now))

    def _cell(self, name: str, of: Target | None) -> _Cell | None:
        cell = self._cells.get(name)
        return None if cell is None or (of is not None and of is not cell.state.target) else cell

    def _step(
        self, cell: _Cell, change: Callable[[TargetState], TargetState]
    ) -> tuple[TargetState, TargetState]:
        with cell.lock:
            before = cell.state
            cell.state = after = change(before)
        self._version = next(self._versions)
        return before, after
