"""The verdict on an On-Premises client, from the facts and the previous verdict."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from waexporter.health.on_premises.conclusion import conclude
from waexporter.health.on_premises.failures import judge_without_health
from waexporter.health.on_premises.forecast import expiry_times, upcoming_problems
from waexporter.health.on_premises.rules import (
    CONNECTING_TOO_LONG,
    MASTERS,
    RULES,
    list_connected,
    list_connecting,
    list_unclear,
    may_be_multiconnect,
)
from waexporter.health.verdict_times import with_start_times
from waexporter.model import Distrust, OnPremisesDetails, Problem, Reason, State, Status, Topology, Verdict

if TYPE_CHECKING:
    from waexporter.health.judging import Conclusion
    from waexporter.health.on_premises.facts import Facts
    from waexporter.model import Gateway, Health, Instant, Support, SupportNode

_DISTRUST = {
    Distrust.CONTRADICTORY: (
        "some webapp refuses tokens that others accept: do all webapps share one database?"
    ),
    Distrust.SHORT_LIVED: (
        "tokens are refused soon after the client gave them: do all webapps share one database, and does "
        "nothing else log this account out?"
    ),
}
_LIMITED = "the client answers /health with 429: more than 10 requests a minute, all callers together"


def judge(facts: Facts, before: Verdict | None, now: Instant) -> Verdict:
    """Return the verdict on a client; start times, and a topology not known now, come from `before`."""
    return judge_and_conclude(facts, before, now)[0]


def judge_and_conclude(facts: Facts, before: Verdict | None, now: Instant) -> tuple[Verdict, Conclusion]:
    """Return the verdict as `judge` does, and how its state follows from its problems."""
    failure = facts.failure
    limited = failure is not None and failure.reason is Reason.RATE_LIMITED
    if facts.health is not None and (failure is None or limited):
        verdict = _of_health(facts.health, facts, before, now)
    else:
        verdict = judge_without_health(facts, before)
    if failure is not None and limited:
        # The 429 may be the answer to the login, and not to /health.
        is_login = failure.message.startswith("the login")
        words = failure.message if is_login else _LIMITED
        verdict = replace(verdict, problems=(*verdict.problems, Problem("rate_limited", words)))
    if facts.distrust is not None:
        problem = Problem("token_refused", _DISTRUST[facts.distrust])
        verdict = replace(verdict, problems=(*verdict.problems, problem))
    verdict = _with_connecting_times(verdict, before, now.steady)
    state, conclusion = conclude(verdict)
    return with_start_times(replace(verdict, state=state), before, now), conclusion


def changes_at(verdict: Verdict, facts: Facts, now: Instant) -> float | None:
    """Return when (steady clock) the verdict changes without a new reading; None if it does not."""
    limits = [since + CONNECTING_TOO_LONG for _, since in OnPremisesDetails.of(verdict).connecting]
    ends = [now.steady + (end - now.wall) for end in expiry_times(facts)]
    return min((end for end in (*limits, *ends) if end > now.steady), default=None)


def _with_connecting_times(verdict: Verdict, before: Verdict | None, now: float) -> Verdict:
    """Return the verdict with the times since when nodes connect, and those that connect for too long."""
    details, known = OnPremisesDetails.of(verdict), OnPremisesDetails.of(before).connecting
    if not verdict.up:
        # A failed poll does not show which nodes are connecting, and must not restart their times.
        return replace(verdict, details=replace(details, connecting=known))
    nodes = [problem.node for problem in verdict.problems if problem.slug == "connecting"]
    connecting = tuple((node, dict(known).get(node, now)) for node in nodes)
    problems = list(verdict.problems)
    for node, since in connecting:
        if now - since >= CONNECTING_TOO_LONG:
            words = f"{node or 'the client'} has been connecting for {CONNECTING_TOO_LONG:.0f} s or more"
            problems.append(Problem("connecting_too_long", words, node))
    return replace(verdict, problems=tuple(problems), details=replace(details, connecting=connecting))


# --- with a health answer ----------------------------------------------------------------------


def _of_health(health: Health, facts: Facts, previous: Verdict | None, now: Instant) -> Verdict:
    before = OnPremisesDetails.of(previous)
    shards = _shards(facts, before)
    topology = _topology(health, facts, before, shards)
    shards = 1 if topology is Topology.HA else shards if topology is Topology.MULTICONNECT else None
    connected, unclear = list_connected(health.gateways), list_unclear(health)
    expected = 1 if topology in {Topology.HA, Topology.SINGLE} else shards
    is_same = previous is not None and before.gateways == health.gateways
    since = before.gateways_since if is_same else now.steady
    problems = [
        *RULES[topology](health, expected),
        *list_connecting(health),
        *upcoming_problems(facts, now.wall),
    ]
    covered = None if shards is None else _covered(facts, connected, shards, since)
    if topology is Topology.MULTICONNECT and _is_uncovered(covered, shards, unclear) and connected:
        words = f"{covered} of {shards} shards have a connected coreapp: messages of the others fail"
        problems.append(Problem("shard_uncovered", words))
    is_connecting = topology is Topology.SINGLE and health.gateways[0].status is Status.CONNECTING
    return Verdict(
        State.DEGRADED if is_connecting else State.OK,
        tuple(problems),
        up=True,
        details=OnPremisesDetails(
            topology=topology,
            connected=None if unclear else len(connected),
            expected=expected,
            shards=shards,
            covered=None if unclear else covered,
            gateways=health.gateways,
            gateways_since=since,
        ),
    )


def _is_uncovered(covered: int | None, shards: int | None, unclear: list[Gateway]) -> bool:
    """Return whether a shard has no coreapp, even if every unclear node serves one."""
    return covered is not None and shards is not None and covered + len(unclear) < shards


def _shards(facts: Facts, before: OnPremisesDetails) -> int | None:
    """Return the number of shards: as configured, or else from the account, or else from the nodes' lists."""
    if facts.shards is not None:
        return facts.shards
    if facts.settings is not None and facts.settings.shards is not None:
        return facts.settings.shards
    known = before.shards if before.topology is Topology.MULTICONNECT else None
    owned = _owned(facts.support)
    if not owned:
        return known
    # There are 1, 2, 4, 8, 16 or 32 shards; the last ones may have lost their owner since the last verdict.
    return max(1 << max(owned).bit_length(), known or 1)


def _owned(support: Support | None) -> list[int]:
    """Return the shards that nodes own; none if those of one node can't be read, since it may own more."""
    # A master owns none, and may not list any.
    nodes = [node for node in support.nodes if node.role not in MASTERS] if support is not None else []
    known = [node for node in nodes if _are_shards_known(node)]
    return [shard for node in known for shard in node.shards or ()] if len(known) == len(nodes) else []


def _covered(facts: Facts, connected: list[Gateway], shards: int, since: float) -> int:
    """Return the number of shards with a connected coreapp, by their owners if these are known."""
    by_number = min(len(connected), shards)
    if facts.support is None or facts.support_at < since:
        return by_number
    owners = {node.node: node.shards or () for node in facts.support.nodes if _are_shards_known(node)}
    if any(gateway.node not in owners for gateway in connected):
        return by_number
    return len({shard for gateway in connected for shard in owners[gateway.node] if shard < shards})


def _are_shards_known(node: SupportNode) -> bool:
    return node.shards is not None and node.are_shards_all


def _topology(health: Health, facts: Facts, before: OnPremisesDetails, shards: int | None) -> Topology | None:
    """Return the topology by the best evidence, since HA and multiconnect look alike; None if not known."""
    if not health.clustered:
        return Topology.SINGLE
    if facts.topology in {Topology.HA, Topology.MULTICONNECT}:
        return Topology(facts.topology)
    if shards is not None:
        return Topology.HA if shards == 1 else Topology.MULTICONNECT
    masters = [gateway for gateway in health.gateways if gateway.role == "primary_master"]
    if any(master.status is Status.CONNECTED for master in masters):
        return Topology.MULTICONNECT
    # Otherwise a multiconnect cluster whose master loses its connection would seem to be an HA cluster with
    # duplicate clients.
    if before.topology is Topology.MULTICONNECT:
        return Topology.MULTICONNECT
    return None if may_be_multiconnect(health) else Topology.HA
