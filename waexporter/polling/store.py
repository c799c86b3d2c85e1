"""The one mutable cell: the newest readings of every target, and what follows from them.

Everything in a cell is a frozen value. `put` and `snapshot` compute the next value and assign it; the lock
of a cell guards just that, so that two endpoints of one target don't overwrite each other's step.
"""

from __future__ import annotations

import itertools
import math
import threading
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeVar

from waexporter import health
from waexporter.metrics import families
from waexporter.metrics.election import family_key
from waexporter.metrics.exposition import render_family
from waexporter.metrics.families import Tally
from waexporter.metrics.naming import CATALOGUE, DOCUMENTED
from waexporter.model import (
    Account,
    Certificates,
    ClientSettings,
    Drop,
    Endpoint,
    Failure,
    Health,
    Instant,
    OnCallGroup,
    Part,
    Reason,
    State,
    Status,
    Success,
    Support,
    Verdict,
)
from waexporter.polling.claims import Claims
from waexporter.transport.lenient_json import MAX_DESCRIBED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from collections.abc import Set as AbstractSet

    from waexporter.metrics.election import FamilyKey
    from waexporter.model import Fragment, Head, Reading, Target


_NO_ACCOUNT = Account()
_NO_VERDICT = Verdict(State.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Kept:
    """A part of an answer, and the steady clock's time from which it must not be served."""

    part: Part
    expires: float


@dataclass(frozen=True, slots=True)
class TargetState:
    """Everything that is known of one target."""

    target: Target
    readings: Mapping[Endpoint, Reading] = field(default_factory=dict)  # the newest of each endpoint
    successes: Mapping[Endpoint, Reading] = field(default_factory=dict)  # the newest success of each
    kept: Mapping[tuple[Endpoint, str], Kept] = field(default_factory=dict)
    tallies: Mapping[Endpoint, Tally] = field(default_factory=dict)
    account: Account = _NO_ACCOUNT
    verdict: Verdict = _NO_VERDICT
    expires: float = math.inf  # steady clock: when time alone changes the verdict
    about: tuple[Fragment, ...] = ()  # verdict and account
    counted: Mapping[Endpoint, Mapping[str, Fragment]] = field(default_factory=dict)  # by family

    def fragments(self, steady: float) -> Iterator[Fragment]:
        """Give everything of this target that may be served at this time of the steady clock."""
        yield from self.about
        for kept in self.kept.values():
            if steady < kept.expires:
                yield from kept.part.fragments
        for fragments in self.counted.values():
            yield from fragments.values()

    def fresh_until(self, steady: float) -> float:
        """Tell until when (steady clock) what is served at this time may be served, if nothing new comes."""
        ends = [kept.expires for kept in self.kept.values() if kept.expires > steady]
        return min([self.expires, *ends])


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All targets at one moment, in configured order; `version` changes whenever anything in it does."""

    version: int
    at: Instant
    states: tuple[TargetState, ...]
    losers: frozenset[FamilyKey] = frozenset()  # families left out, since most targets say otherwise


class _Cell:
    __slots__ = ("lock", "state")

    def __init__(self, state: TargetState) -> None:
        self.state = state
        self.lock = threading.Lock()


class Store:
    """The newest of everything, for all targets."""

    def __init__(self, targets: Iterable[Target], clock: Callable[[], Instant]) -> None:
        self._clock = clock
        self._claims = Claims()
        self._cells: dict[str, _Cell] = {}  # replaced as a whole: whoever goes through it sees one fleet
        self._versions = itertools.count(1)
        self._version = 0
        self.follow(targets)

    def follow(self, targets: Iterable[Target]) -> None:
        """Hold these targets from now on, in this order; of one that is as it was all that is known stays."""
        now = self._clock()
        before = self._cells
        self._cells = {target.name: _carry_on(before.get(target.name), target, now) for target in targets}
        kept = {id(cell) for cell in self._cells.values()}
        self._claims.forget(cell for cell in before.values() if id(cell) not in kept)
        self._version = next(self._versions)

    @property
    def names(self) -> frozenset[str]:
        """The names of all targets."""
        return frozenset(self._cells)

    def put(self, reading: Reading, of: Target | None = None) -> tuple[TargetState, TargetState] | None:
        """Take in a reading; gives the target's state before it and after it.

        None, and nothing is taken in, where the name belongs to no target any more, or to another than `of`:
        a poll may end after its target was removed, and another one has the name.
        """
        cell = self._cell(reading.target, of)
        if cell is None:
            return None
        losers = self._claim(cell, reading)
        step = self._step(cell, lambda state: advance(state, reading, losers))
        if self._cells.get(reading.target) is not cell:
            self._claims.forget([cell])  # taken out while its poll ended
        return step

    def _claim(self, cell: _Cell, reading: Reading) -> frozenset[FamilyKey]:
        endpoint, outcome = reading.endpoint, reading.outcome
        if endpoint not in CATALOGUE or not isinstance(outcome, Success):
            return frozenset()
        expires = reading.at.steady + lifetime(cell.state.target, endpoint)
        return self._claims.take(cell, endpoint, outcome.parts, reading.at.steady, expires)

    def state(self, target: str) -> TargetState:
        """Give what is known of one target."""
        return self._cells[target].state

    def find(self, target: str) -> TargetState | None:
        """Give the same; None where there is no target of that name."""
        cell = self._cells.get(target)
        return cell.state if cell else None

    def states(self) -> tuple[TargetState, ...]:
        """Give what is known of all targets, in configured order."""
        return tuple(cell.state for cell in self._cells.values())

    def verdict(self, target: str) -> Verdict | None:
        """Give the verdict on a target; None where there is none of that name."""
        state = self.find(target)
        return state.verdict if state else None

    def on_call_group(self, target: str) -> str | None:
        """Give the group that is paged: as configured, else as the settings last said, however long ago."""
        state = self.find(target)
        if state is None:
            return None
        if state.target.on_call_group is not None:
            return state.target.on_call_group
        settings = _document(state.successes.get(Endpoint.SETTINGS), ClientSettings)
        return settings.on_call_pager if settings else None

    def count_missed(self, target: Target, endpoint: Endpoint, polls: int) -> None:
        """Take in that polls were left out."""
        cell = self._cell(target.name, target)
        if cell is not None:
            self._step(cell, lambda state: _missed(state, endpoint, polls))

    def snapshot(self) -> Snapshot:
        """Give all targets as they are now, judged anew where time has changed the verdict."""
        now = self._clock()
        for cell in self._cells.values():
            if now.steady >= cell.state.expires:
                self._step(cell, lambda state: judged(state, now))
        version = self._version
        return Snapshot(version, now, self.states(), self._claims.losers(now.steady))

    def _cell(self, name: str, of: Target | None) -> _Cell | None:
        cell = self._cells.get(name)
        return None if cell is None or (of is not None and of is not cell.state.target) else cell

    def _step(
        self, cell: _Cell, following: Callable[[TargetState], TargetState]
    ) -> tuple[TargetState, TargetState]:
        with cell.lock:
            before = cell.state
            cell.state = after = following(before)
        self._version = next(self._versions)
        return before, after


def _carry_on(cell: _Cell | None, target: Target, now: Instant) -> _Cell:
    return cell if cell is not None and cell.state.target == target else _Cell(_begin(target, now))


# --- the next state, purely --------------------------------------------------------------------


def _begin(target: Target, now: Instant) -> TargetState:
    state = TargetState(target, verdict=Verdict(State.UNKNOWN, since=now.wall, began=now.steady))
    for endpoint in target.plans:
        state = counted(state, endpoint, Tally())
    return judged(state, now)


def advance(
    state: TargetState, reading: Reading, losers: AbstractSet[FamilyKey] = frozenset()
) -> TargetState:
    """Give the state after one more reading, without the families that lose against other targets'."""
    endpoint = reading.endpoint
    if isinstance(reading.outcome, Success):
        state, reading = _checked(state, reading, reading.outcome, losers)
    successes, kept = state.successes, state.kept
    if isinstance(reading.outcome, Success):
        successes = {**successes, endpoint: reading}
    if isinstance(reading.outcome, Success) or reading.outcome.parts:
        kept = _keep(state, reading)
    state = replace(state, readings={**state.readings, endpoint: reading}, successes=successes, kept=kept)
    state = counted(state, endpoint, state.tallies[endpoint].after(reading))
    if endpoint not in _JUDGED and reading.account == state.account:
        return state
    return judged(replace(state, account=reading.account), reading.at)


def _keep(state: TargetState, reading: Reading) -> Mapping[tuple[Endpoint, str], Kept]:
    """Give the parts to serve after a success; webapps take turns in answering, all else is replaced."""
    endpoint, steady = reading.endpoint, reading.at.steady
    expires = steady + lifetime(state.target, endpoint)
    stays = endpoint is Endpoint.WEB
    kept = {
        key: old
        for key, old in state.kept.items()
        if key[0] is not endpoint or (stays and steady < old.expires)
    }
    kept.update({(endpoint, part.source): Kept(part, expires) for part in reading.outcome.parts})
    return kept


def _checked(
    state: TargetState, reading: Reading, outcome: Success, losers: AbstractSet[FamilyKey]
) -> tuple[TargetState, Reading]:
    """Note what only shows beside other readings: clashing families, and silent nodes."""
    state, checked = _without_clashes(state, reading, outcome, losers)
    silent = _silent_nodes(state, reading.endpoint, outcome)
    if silent:
        words = f"left out of the answer, though /health reaches them: {', '.join(silent)}"
        checked = replace(checked, flaws=(*checked.flaws, Failure(Reason.STALE_NODE, words)))
    return state, reading if checked is outcome else replace(reading, outcome=checked)


def _without_clashes(
    state: TargetState, reading: Reading, outcome: Success, losers: AbstractSet[FamilyKey]
) -> tuple[TargetState, Success]:
    """Leave out families that lose against other targets', and what two endpoints of the target give.

    A page must not have a series twice: the endpoint keeps a family that is documented to give it, else the
    first one does.
    """
    if not losers and _says_the_same(state, reading, outcome):
        return state, outcome
    checked = _cut(outcome, lambda head: family_key(head) in losers) if losers else outcome
    taken = {
        fragment.head.name
        for (owner, _), kept in state.kept.items()
        if owner is not reading.endpoint and reading.at.steady < kept.expires
        for fragment in kept.part.fragments
    }
    twice = {
        fragment.head.name
        for part in checked.parts
        for fragment in part.fragments
        if fragment.head.name in taken
    }
    if twice:
        ours = {name for name in twice if _gives(reading.endpoint, name)}
        state = _taken_over(state, reading.endpoint, ours) if ours else state
        checked = _cut(checked, lambda head: head.name in twice - ours)
    lost = outcome.samples - checked.samples
    if not lost:
        return state, checked
    words = (
        f"{name}: another client or endpoint has the name"
        for name in sorted(_names(outcome) - _names(checked))
    )
    losses = (*outcome.losses, *words)[:MAX_DESCRIBED]
    return state, replace(checked, dropped=(*outcome.dropped, (Drop.CLASH, lost)), losses=losses)


def _says_the_same(state: TargetState, reading: Reading, outcome: Success) -> bool:
    """Return whether each part has the families of the one that is served, which clash with nothing."""
    for part in outcome.parts:
        kept = state.kept.get((reading.endpoint, part.source))
        if kept is None or not part.heads or kept.part.heads is not part.heads:
            return False
        if reading.at.steady >= kept.expires:
            return False  # its names were free meanwhile
    return True


def _names(outcome: Success) -> set[str]:
    return {fragment.head.name for part in outcome.parts for fragment in part.fragments}


def _gives(endpoint: Endpoint, family: str) -> bool:
    documented = DOCUMENTED.get(family)
    return documented is not None and documented.endpoint is endpoint


def _taken_over(state: TargetState, endpoint: Endpoint, names: AbstractSet[str]) -> TargetState:
    """Return the state without these families of other endpoints; their next polls are counted as losing."""

    def without(reading: Reading) -> Reading:
        outcome = reading.outcome
        if reading.endpoint is endpoint or not isinstance(outcome, Success):
            return reading
        return replace(reading, outcome=_cut(outcome, lambda head: head.name in names))

    return replace(
        state,
        readings={key: without(reading) for key, reading in state.readings.items()},
        successes={key: without(reading) for key, reading in state.successes.items()},
        kept={
            key: kept
            if key[0] is endpoint
            else replace(kept, part=_without(kept.part, lambda head: head.name in names))
            for key, kept in state.kept.items()
        },
    )


def _cut(outcome: Success, is_lost: Callable[[Head], bool]) -> Success:
    parts = tuple(_without(part, is_lost) for part in outcome.parts)
    return outcome if parts == outcome.parts else replace(outcome, parts=parts)


def _without(part: Part, is_lost: Callable[[Head], bool]) -> Part:
    fragments = tuple(fragment for fragment in part.fragments if not is_lost(fragment.head))
    if len(fragments) == len(part.fragments):
        return part
    return Part.from_fragments(part.source, fragments)


def _silent_nodes(state: TargetState, endpoint: Endpoint, outcome: Success) -> tuple[str, ...]:
    """List coreapps that health reaches and /stats/app leaves out: with a failing node it does, silently."""
    is_flat = bool(outcome.samples) and not outcome.nodes
    if endpoint is not Endpoint.APP or is_flat:
        return ()
    coreapps = {
        gateway.node
        for gateway in state.verdict.gateways
        if gateway.role == "coreapp" and gateway.status is not Status.UNREACHABLE
    }
    return tuple(sorted(coreapps - outcome.nodes))


def lifetime(target: Target, endpoint: Endpoint) -> float:
    """Tell how long a reading may be served, in seconds."""
    return target.plans[endpoint].interval * target.stale_after


def _missed(state: TargetState, endpoint: Endpoint, polls: int) -> TargetState:
    tally = state.tallies[endpoint]
    return counted(state, endpoint, replace(tally, missed=tally.missed + polls))


def counted(state: TargetState, endpoint: Endpoint, tally: Tally) -> TargetState:
    """Give the state with another tally of an endpoint."""
    own = (("target", state.target.name),)
    changed = families.of_tally(endpoint, tally, state.tallies.get(endpoint))
    fragments = {**state.counted.get(endpoint, {})}
    for family in changed:
        if family.samples:
            fragments[family.head.name] = render_family(family, own)
        else:
            fragments.pop(family.head.name, None)  # what is not known any more is absent
    counted = {**state.counted, endpoint: fragments}
    return replace(state, tallies={**state.tallies, endpoint: tally}, counted=counted)


def judged(state: TargetState, now: Instant) -> TargetState:
    """Give the state with the verdict that follows from everything else in it."""
    facts, health_ends = _facts(state, now)
    verdict = health.judge(facts, state.verdict, now)
    changes = health.changes_at(verdict, facts, now)
    expires = min(health_ends, math.inf if changes is None else changes)
    return replace(state, verdict=verdict, expires=expires, about=tuple(_about(state, verdict, facts)))


# What a verdict rests on.
_JUDGED = frozenset(
    {Endpoint.HEALTH, Endpoint.SUPPORT, Endpoint.SETTINGS, Endpoint.CERTIFICATES, Endpoint.GROUP}
)


def _facts(state: TargetState, now: Instant) -> tuple[health.Facts, float]:
    """Gather what is fresh; also tell when (steady clock) some of it will not be any more."""
    target = state.target
    fresh: dict[Endpoint, Reading] = {}
    ends: list[float] = []
    for endpoint in _JUDGED & target.plans.keys():
        reading = state.successes.get(endpoint)
        if reading is not None and now.steady < (end := reading.at.steady + lifetime(target, endpoint)):
            ends.append(end)
            fresh[endpoint] = reading
    newest = state.readings.get(Endpoint.HEALTH)
    failure = None
    if newest is not None and isinstance(newest.outcome, Failure):
        end = newest.at.steady + lifetime(target, Endpoint.HEALTH)
        if now.steady < end:
            ends.append(end)
            failure = newest.outcome
    support = fresh.get(Endpoint.SUPPORT)
    facts = health.Facts(
        health=_document(fresh.get(Endpoint.HEALTH), Health),
        failure=failure,
        polled=newest is not None,
        topology=target.topology,
        shards=target.shards,
        support=_document(support, Support),
        support_at=support.at.steady if support else 0.0,
        settings=_document(fresh.get(Endpoint.SETTINGS), ClientSettings),
        certificates=_document(fresh.get(Endpoint.CERTIFICATES), Certificates),
        group=_document(fresh.get(Endpoint.GROUP), OnCallGroup),
        distrust=state.account.distrust,
    )
    return facts, min(ends, default=math.inf)


_Kind = TypeVar("_Kind")


def _document(reading: Reading | None, kind: type[_Kind]) -> _Kind | None:
    document = reading.outcome.document if reading and isinstance(reading.outcome, Success) else None
    return document if isinstance(document, kind) else None


def _about(state: TargetState, verdict: Verdict, facts: health.Facts) -> Iterator[Fragment]:
    target = state.target
    own = (("target", target.name),)
    common = (*own, *target.labels)
    for family in families.of_verdict(verdict):
        yield render_family(family, common)
    for family in families.of_api(facts.health) if facts.health and verdict.up else ():
        yield render_family(family, common)
    for family in families.of_account(state.account):
        yield render_family(family, common)
    if target.auth.password is not None:
        for family in families.of_logins(state.account):
            yield render_family(family, own)
