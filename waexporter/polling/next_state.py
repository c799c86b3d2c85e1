"""The next state of a target, from its state and a new reading; pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from waexporter.metrics.election import family_key
from waexporter.model import Drop, Failure, Part, Reason, Success
from waexporter.polling.history import record_changes, record_poll, record_queues
from waexporter.polling.state import ServedPart, lifetime, with_tally, with_verdict
from waexporter.transport.lenient_json import MAX_DESCRIBED

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from collections.abc import Set as AbstractSet

    from waexporter.metrics.election import FamilyKey
    from waexporter.model import Endpoint, Head, Reading
    from waexporter.polling.history import History
    from waexporter.polling.state import TargetState


def advance(
    state: TargetState, reading: Reading, losers: AbstractSet[FamilyKey] = frozenset()
) -> TargetState:
    """Return the state after a new reading, without `losers`: families with another type at most targets."""
    endpoint = reading.endpoint
    if isinstance(reading.outcome, Success):
        state, reading = _checked(state, reading, reading.outcome, losers)
    successes, served = state.successes, state.served
    if isinstance(reading.outcome, Success):
        successes = {**successes, endpoint: reading}
    if isinstance(reading.outcome, Success) or reading.outcome.parts:
        served = _serve(state, reading)
    history = _next_history(state, reading)
    state = replace(
        state,
        readings={**state.readings, endpoint: reading},
        successes=successes,
        served=served,
        history=history,
    )
    state = with_tally(state, endpoint, state.tallies[endpoint].after(reading))
    if not state.row(endpoint).affects_verdict and reading.account == state.account:
        return state
    return with_verdict(replace(state, account=reading.account), reading.at)


def _next_history(state: TargetState, reading: Reading) -> History:
    history = record_poll(state.history, reading)
    history = record_queues(history, reading, state.tables.families.queues)
    before = state.successes.get(reading.endpoint)
    return record_changes(history, reading, before, state.tables.settings)


def _serve(state: TargetState, reading: Reading) -> Mapping[tuple[Endpoint, str], ServedPart]:
    """Return the parts to serve after a reading; those of other replicas of the endpoint are kept."""
    endpoint, steady = reading.endpoint, reading.at.steady
    expires = steady + lifetime(state.target, endpoint)
    has_replicas = state.row(endpoint).has_replicas
    served = {
        key: old
        for key, old in state.served.items()
        if key[0] is not endpoint or (has_replicas and steady < old.expires)
    }
    served.update({(endpoint, part.source): ServedPart(part, expires) for part in reading.outcome.parts})
    return served


def _checked(
    state: TargetState, reading: Reading, outcome: Success, losers: AbstractSet[FamilyKey]
) -> tuple[TargetState, Reading]:
    """Check a reading against others: drop clashing families, and report silent nodes."""
    state, checked = _without_clashes(state, reading, outcome, losers)
    silent = _silent_nodes(state, reading.endpoint, outcome)
    if silent:
        words = f"left out of the answer, though /health reaches them: {', '.join(silent)}"
        checked = replace(checked, flaws=(*checked.flaws, Failure(Reason.STALE_NODE, words)))
    return state, reading if checked is outcome else replace(reading, outcome=checked)


def _without_clashes(
    state: TargetState, reading: Reading, outcome: Success, losers: AbstractSet[FamilyKey]
) -> tuple[TargetState, Success]:
    """Drop families that lose against other targets, and those that two endpoints of the target have.

    A page must not have a series twice, so a family is kept at the endpoint that is documented to have it, or
    else at the first one that had it.
    """
    if not losers and _has_same_families(state, reading, outcome):
        return state, outcome
    checked = _drop_families(outcome, lambda head: family_key(head) in losers) if losers else outcome
    taken = {
        fragment.head.name
        for (owner, _), served in state.served.items()
        if owner is not reading.endpoint and reading.at.steady < served.expires
        for fragment in served.part.fragments
    }
    twice = {
        fragment.head.name
        for part in checked.parts
        for fragment in part.fragments
        if fragment.head.name in taken
    }
    if twice:
        documented = state.tables.families.documented
        ours = {name for name in twice & documented.keys() if documented[name].endpoint is reading.endpoint}
        state = _without_families_of_others(state, reading.endpoint, ours) if ours else state
        checked = _drop_families(checked, lambda head: head.name in twice - ours)
    lost = outcome.samples - checked.samples
    if not lost:
        return state, checked
    words = (
        f"{name}: another client or endpoint has the name"
        for name in sorted(_names(outcome) - _names(checked))
    )
    losses = (*outcome.losses, *words)[:MAX_DESCRIBED]
    return state, replace(checked, dropped=(*outcome.dropped, (Drop.CLASH, lost)), losses=losses)


def _has_same_families(state: TargetState, reading: Reading, outcome: Success) -> bool:
    """Return whether each part has the same families as the served one, which were checked for clashes."""
    for part in outcome.parts:
        served = state.served.get((reading.endpoint, part.source))
        if served is None or not part.heads or served.part.heads is not part.heads:
            return False
        if reading.at.steady >= served.expires:
            return False  # another endpoint may have had its names meanwhile
    return True


def _names(outcome: Success) -> set[str]:
    return {fragment.head.name for part in outcome.parts for fragment in part.fragments}


def _without_families_of_others(
    state: TargetState, endpoint: Endpoint, names: AbstractSet[str]
) -> TargetState:
    """Return the state without these families at other endpoints, whose next polls count them as dropped."""

    def without(reading: Reading) -> Reading:
        outcome = reading.outcome
        if reading.endpoint is endpoint or not isinstance(outcome, Success):
            return reading
        return replace(reading, outcome=_drop_families(outcome, lambda head: head.name in names))

    return replace(
        state,
        readings={key: without(reading) for key, reading in state.readings.items()},
        successes={key: without(reading) for key, reading in state.successes.items()},
        served={
            key: served
            if key[0] is endpoint
            else replace(served, part=_without(served.part, lambda head: head.name in names))
            for key, served in state.served.items()
        },
    )


def _drop_families(outcome: Success, is_lost: Callable[[Head], bool]) -> Success:
    parts = tuple(_without(part, is_lost) for part in outcome.parts)
    return outcome if parts == outcome.parts else replace(outcome, parts=parts)


def _without(part: Part, is_lost: Callable[[Head], bool]) -> Part:
    fragments = tuple(fragment for fragment in part.fragments if not is_lost(fragment.head))
    if len(fragments) == len(part.fragments):
        return part
    return Part.from_fragments(part.source, fragments)


def _silent_nodes(state: TargetState, endpoint: Endpoint, outcome: Success) -> tuple[str, ...]:
    """Return the nodes that /health reaches, but that are missing in an answer, as after a node's failure."""
    expected_nodes = state.row(endpoint).expected_nodes
    is_flat = bool(outcome.samples) and not outcome.nodes
    if expected_nodes is None or is_flat:
        return ()
    return tuple(sorted(expected_nodes(state.verdict) - outcome.nodes))
