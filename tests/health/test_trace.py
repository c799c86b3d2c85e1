"""The evidence that is named for a problem is the evidence that it follows from, whatever the answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from waexporter.health.judging import Evidence
from waexporter.health.on_premises import ON_PREMISES_RULES
from waexporter.health.on_premises.problems import PROBLEM_STATES
from waexporter.health.trace import Source, Trace, problem_key, unseen_problems
from waexporter.model import (
    Certificates,
    ClientSettings,
    Distrust,
    Document,
    Endpoint,
    Failure,
    Gateway,
    Health,
    Instant,
    OnCallGroup,
    Reading,
    Reason,
    State,
    Status,
    Success,
    Support,
    SupportNode,
    Target,
    Topology,
)

if TYPE_CHECKING:
    from waexporter.health.judging import Judgement
    from waexporter.model import Verdict

NOW = Instant(1_700_000_000.0, 1_000.0)
DAY = 86_400.0
NAMES = ("a", "b", "c", "d")


def node(name: str) -> st.SearchStrategy[Gateway]:
    roles = st.sampled_from(["coreapp", "primary_master", "secondary_master", ""])
    return st.builds(Gateway, st.just(name), roles, st.sampled_from(Status), st.just("words"))


SINGLE = st.builds(
    lambda status: Health((Gateway("", "", status, ""),), clustered=False), st.sampled_from(Status)
)
CLUSTER = st.tuples(*map(node, NAMES)).map(lambda nodes: Health(nodes, clustered=True))
ENDS = st.sampled_from([NOW.wall - DAY, NOW.wall + DAY, NOW.wall + 60 * DAY])
SUPPORT_NODE = st.builds(
    SupportNode,
    node=st.sampled_from(NAMES),
    role=st.sampled_from(["coreapp", "primary_master"]),
    expires=st.none() | ENDS,
    version=st.sampled_from(["1", "2"]),
    shards=st.none() | st.just((0,)) | st.just((1,)) | st.just((2, 3)),
    free_bytes=st.sampled_from([(), (("data", 1000),), (("data", 1 << 40),)]),
)
DOCUMENTS: dict[Endpoint, st.SearchStrategy[Document]] = {
    Endpoint.HEALTH: SINGLE | CLUSTER | CLUSTER,
    Endpoint.SUPPORT: st.builds(Support, st.lists(SUPPORT_NODE, min_size=1, max_size=4).map(tuple)),
    Endpoint.SETTINGS: st.builds(ClientSettings, shards=st.sampled_from([None, 1, 2, 4])),
    Endpoint.CERTIFICATES: st.builds(Certificates, st.lists(st.tuples(st.just("served"), ENDS)).map(tuple)),
    Endpoint.GROUP: st.builds(OnCallGroup, exists=st.booleans(), participants=st.sampled_from([None, 1, 3])),
}
FAILURES = st.builds(
    Failure, st.sampled_from(Reason), st.just("words"), st.sampled_from([None, 1005, 1011, 1014, 1016, 1023])
)


@st.composite
def an_evidence(draw: st.DrawFn) -> Evidence:
    """Return any answers of a client, some of them missing."""
    target = Target(
        "wa",
        "http://wa.example",
        topology=draw(st.sampled_from([None, *Topology])),
        shards=draw(st.sampled_from([None, None, 1, 2])),
    )
    successes = {
        endpoint: Reading("wa", endpoint, NOW, 0.1, Success(document=draw(document)))
        for endpoint, document in DOCUMENTS.items()
        if draw(st.booleans()) or draw(st.booleans())
    }
    failure = draw(st.none() | st.none() | FAILURES)
    return Evidence(
        target, successes, failure, draw(st.booleans()), draw(st.none() | st.sampled_from(Distrust))
    )


def judge(evidence: Evidence, before: Verdict | None, later: float = 0.0) -> Judgement:
    return ON_PREMISES_RULES.judge(evidence, before, Instant(NOW.wall + later, NOW.steady + later))


@st.composite
def a_trace(draw: st.DrawFn) -> Trace:
    """Return the trace of a moment, with a verdict of two and a half minutes before it."""
    evidence = draw(an_evidence())
    earlier = draw(st.none() | st.just(evidence) | an_evidence())
    before = judge(earlier, None, -150.0).verdict if earlier is not None else None
    return Trace(ON_PREMISES_RULES, evidence, before, NOW)


@given(a_trace())
def test_the_named_evidence_suffices_and_none_of_it_can_be_left_out(trace: Trace) -> None:
    for problem in trace.judge().verdict.problems:
        sources = frozenset(trace.sources(problem))

        assert problem_key(problem) in trace.problems_by(sources)
        assert [each for each in sources if problem_key(problem) in trace.problems_by(sources - {each})] == []


@given(a_trace())
def test_a_kind_of_problem_declares_every_answer_that_it_may_follow_from(trace: Trace) -> None:
    for problem in trace.judge().verdict.problems:
        answers = {each for each in trace.sources(problem) if not isinstance(each, Source)}

        assert answers <= {*ON_PREMISES_RULES.problems[problem.slug].reads, Endpoint.HEALTH}, problem


@given(an_evidence(), st.none() | an_evidence())
def test_the_same_evidence_gives_the_same_verdict_again(evidence: Evidence, earlier: Evidence | None) -> None:
    before = judge(earlier, None, -150.0).verdict if earlier is not None else None

    first = judge(evidence, before)
    again = judge(evidence, first.verdict)

    assert again == first


@given(a_trace())
def test_the_conclusion_names_the_problems_that_decide(trace: Trace) -> None:
    verdict, _, conclusion = trace.judge()

    states = {PROBLEM_STATES[slug] for slug in conclusion.deciding}

    assert conclusion.words
    assert states <= {verdict.state} or (states == {State.DOWN} and verdict.state is State.DEGRADED)
    assert all(slug in conclusion.words for slug in conclusion.deciding)
    assert {problem.slug for problem in verdict.problems} >= set(conclusion.deciding)


def test_every_kind_of_problem_has_its_rule_and_its_end() -> None:
    without = [kind.slug for kind in ON_PREMISES_RULES.problems.values() if not (kind.rule and kind.clears)]

    assert without == []
    assert [kind.slug for kind in ON_PREMISES_RULES.problems.values() if kind.rule.endswith(".")] == []


def test_the_problems_that_cannot_be_seen_without_an_answer_are_named() -> None:
    unseen = unseen_problems(ON_PREMISES_RULES, [Endpoint.GROUP, Endpoint.CERTIFICATES])

    assert unseen == {
        Endpoint.GROUP: ("on_call_group_unreachable",),
        Endpoint.CERTIFICATES: ("certificate_expired", "certificate_expiring"),
    }
