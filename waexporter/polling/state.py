"""The state of one target: its readings, its verdict and its rendered metrics; pure."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from waexporter.health.judging import Evidence
from waexporter.metrics import families
from waexporter.metrics.exposition import render_family
from waexporter.metrics.tally import Tally, tally_families
from waexporter.model import Account, Endpoint, Failure, Reading, Reason, State, Success, Verdict
from waexporter.polling.history import History

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from waexporter.model import Fragment, Instant, Part, Target
    from waexporter.polling.tables import CollectorRow, KindTables

# A client allows ten requests for its health per minute, of all callers together. Within this time the
# schedule polls it at most once, and all probes together at most once.
MIN_POLL_AGE = 12.0  # seconds

_NO_ACCOUNT = Account()
_NO_VERDICT = Verdict(State.UNKNOWN)
_NO_HISTORY = History()


@dataclass(frozen=True, slots=True)
class ServedPart:
    """A part of an answer, and until when it may be served."""

    part: Part
    expires: float  # steady clock


@dataclass(frozen=True, slots=True)
class TargetState:
    """Everything that is known about one target."""

    target: Target
    tables: KindTables = field(repr=False)  # of the target's kind
    readings: Mapping[Endpoint, Reading] = field(default_factory=dict)  # the newest of each endpoint
    successes: Mapping[Endpoint, Reading] = field(default_factory=dict)  # the newest success of each
    served: Mapping[tuple[Endpoint, str], ServedPart] = field(default_factory=dict)
    tallies: Mapping[Endpoint, Tally] = field(default_factory=dict)
    account: Account = _NO_ACCOUNT
    verdict: Verdict = _NO_VERDICT
    expires: float = math.inf  # steady clock: when the verdict changes without a new reading
    verdict_fragments: tuple[Fragment, ...] = ()  # of the verdict and the account
    tally_fragments: Mapping[Endpoint, Mapping[str, Fragment]] = field(default_factory=dict)  # by family
    history: History = _NO_HISTORY

    def fragments(self, steady: float) -> Iterator[Fragment]:
        """Yield the fragments of this target that may be served at the time `steady`."""
        yield from self.verdict_fragments
        for served in self.served.values():
            if steady < served.expires:
                yield from served.part.fragments
        for fragments in self.tally_fragments.values():
            yield from fragments.values()

    def fresh_until(self, steady: float) -> float:
        """Return until when (steady clock) the same fragments may be served if there is no new reading."""
        ends = [served.expires for served in self.served.values() if served.expires > steady]
        return min([self.expires, *ends])

    def row(self, endpoint: Endpoint) -> CollectorRow:
        """Return the row of the collectors' table for an endpoint of this target."""
        return self.tables.collectors[endpoint]


def initial_state(target: Target, tables: KindTables, now: Instant) -> TargetState:
    """Return the state of a target before its first poll."""
    state = TargetState(target, tables, verdict=Verdict(State.UNKNOWN, since=now.wall, began=now.steady))
    for endpoint in target.plans:
        state = with_tally(state, endpoint, Tally())
    return with_verdict(state, now)


def lifetime(target: Target, endpoint: Endpoint) -> float:
    """Return for how many seconds a reading may be served."""
    return target.plans[endpoint].interval * target.stale_after


def with_target(state: TargetState, target: Target, now: Instant) -> TargetState:
    """Return the state with the same target after its secrets were rotated: the old token is logged out."""
    account = replace(state.account, token_expires=None)
    return with_verdict(replace(state, target=target, account=account), now)


def with_missed(state: TargetState, endpoint: Endpoint, polls: int) -> TargetState:
    """Return the state after polls were missed."""
    tally = state.tallies[endpoint]
    return with_tally(state, endpoint, replace(tally, missed=tally.missed + polls))


def with_tally(state: TargetState, endpoint: Endpoint, tally: Tally) -> TargetState:
    """Return the state with a new tally of an endpoint."""
    own = (("target", state.target.name),)
    before = state.tallies.get(endpoint)
    fragments = {**state.tally_fragments.get(endpoint, {})}
    for family in tally_families(endpoint, state.row(endpoint).answer, tally, before):
        if family.samples:
            fragments[family.head.name] = render_family(family, own)
        else:
            fragments.pop(family.head.name, None)  # a value that is not known any more is absent
    return replace(
        state,
        tallies={**state.tallies, endpoint: tally},
        tally_fragments={**state.tally_fragments, endpoint: fragments},
    )


def with_verdict(state: TargetState, now: Instant) -> TargetState:
    """Return the state with a new verdict on everything else in it."""
    evidence, evidence_ends = gather_evidence(state, now)
    verdict, changes_at, _ = state.tables.rules.judge(evidence, state.verdict, now)
    expires = min(evidence_ends, math.inf if changes_at is None else changes_at)
    fragments = tuple(_verdict_fragments(state, verdict, evidence))
    return replace(state, verdict=verdict, expires=expires, verdict_fragments=fragments)


def gather_evidence(state: TargetState, now: Instant) -> tuple[Evidence, float]:
    """Return the fresh evidence, and when (steady clock) the first part of it becomes stale."""
    target = state.target
    fresh: dict[Endpoint, Reading] = {}
    ends: list[float] = []
    for endpoint in target.plans:
        reading = state.successes.get(endpoint) if state.row(endpoint).affects_verdict else None
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
    evidence = Evidence(target, fresh, failure, newest is not None, state.account.distrust)
    return evidence, min(ends, default=math.inf)


def _verdict_fragments(state: TargetState, verdict: Verdict, evidence: Evidence) -> Iterator[Fragment]:
    target = state.target
    own = (("target", target.name),)
    common = (*own, *target.labels)
    for family in families.verdict_families(verdict):
        yield render_family(family, common)
    for family in state.tables.families.of_verdict(verdict, evidence.documents()):
        yield render_family(family, common)
    for family in families.account_families(state.account):
        yield render_family(family, common)
    if target.auth.password is not None:
        for family in families.login_families(state.account):
            yield render_family(family, own)


# --- what a probe shows ------------------------------------------------------------------------


def state_for_probe(state: TargetState, began: Instant, now: Instant) -> TargetState:
    """Return a target's state as a probe shows it: only with readings that were polled for the probe.

    An endpoint that failed has no samples. One that has not answered yet has failed for this probe; only the
    gauges show this, since its poll is counted when it ends. The verdict uses the other readings, too.
    """
    seen = {
        endpoint: reading
        for endpoint, reading in state.readings.items()
        if is_recent_enough(state, endpoint, began)
    }
    waited = now.steady - began.steady
    for endpoint in state.target.plans.keys() - seen.keys():
        tally = replace(state.tallies[endpoint], succeeded=False, duration=waited)
        state = with_tally(state, endpoint, tally)
        words = f"no answer in the {waited:.1f} s that a probe had"
        seen[endpoint] = Reading(
            state.target.name, endpoint, now, waited, Failure(Reason.TIMEOUT, words), state.account
        )
    served = {
        (endpoint, part.source): ServedPart(part, math.inf)
        for endpoint, reading in seen.items()
        for part in reading.outcome.parts
    }
    return with_verdict(replace(state, readings=seen, served=served), now)


def probe_succeeded(shown: TargetState) -> bool:
    """Return whether the poll of health succeeded, or any poll if health is not polled."""
    plans = shown.target.plans
    asked = (Endpoint.HEALTH,) if Endpoint.HEALTH in plans else tuple(plans)
    return any(isinstance(shown.readings[endpoint].outcome, Success) for endpoint in asked)


def is_recent_enough(state: TargetState, endpoint: Endpoint, began: Instant) -> bool:
    """Return whether the newest reading is recent enough for a probe that began at `began`."""
    reading = state.readings.get(endpoint)
    return reading is not None and began.steady - reading.at.steady < _poll_pause(state, endpoint)


def _poll_pause(state: TargetState, endpoint: Endpoint) -> float:
    """Return for how many seconds after a poll a probe starts no other."""
    if state.row(endpoint).is_costly:
        return lifetime(state.target, endpoint)
    return min(state.target.plans[endpoint].interval, MIN_POLL_AGE)
