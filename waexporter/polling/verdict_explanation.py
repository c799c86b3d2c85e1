"""The explanation of a target's verdict, by the rules and tables that it was made with; pure."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from waexporter.health.trace import Source, Trace, unseen_problems
from waexporter.health.verdict_times import with_current_times
from waexporter.model import Endpoint, Failure, Instant, Success
from waexporter.model.explanation import ExpectedChange, ExplainedAnswer, ExplainedProblem, Explanation
from waexporter.polling.explanation_text import (
    describe_age,
    describe_change,
    describe_headline,
    describe_sections,
)
from waexporter.polling.state import gather_evidence, lifetime
from waexporter.timefmt import humanize_seconds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from waexporter.health.judging import Judgement
    from waexporter.health.trace import EvidencePart
    from waexporter.model import Reading, Verdict
    from waexporter.polling.state import TargetState

_ROUNDING = 0.001  # seconds that make sure that a time is over


class _Moment(NamedTuple):
    """A target's state at one moment."""

    state: TargetState
    now: Instant

    def is_fresh(self, endpoint: Endpoint) -> bool:
        """Return whether an endpoint has an answer that counts."""
        return self.remaining(self.state.successes.get(endpoint)) > 0

    def remaining(self, reading: Reading | None) -> float:
        """Return for how many seconds a reading counts."""
        if reading is None:
            return 0.0
        return reading.at.steady + lifetime(self.state.target, reading.endpoint) - self.now.steady

    def age(self, reading: Reading) -> float:
        """Return how old a reading is, in seconds."""
        return max(self.now.steady - (reading.asked_at or reading.at).steady, 0.0)

    def wall(self, steady: float) -> float:
        """Return what the wall clock of now shows at a time of the steady clock."""
        return self.now.wall + steady - self.now.steady

    def next_poll(self, reading: Reading) -> float:
        """Return when the poll after a reading is due, in wall-clock seconds."""
        return self.wall(reading.at.steady + self.state.target.plans[reading.endpoint].interval)

    def request(self, endpoint: Endpoint) -> str:
        """Return the request of an endpoint, such as `GET /v1/health`."""
        row = self.state.row(endpoint)
        return f"{row.method} {row.path}"

    def endpoints(self, *, affecting: bool) -> tuple[Endpoint, ...]:
        """Return the endpoints of this kind of client that affect the verdict, or the others."""
        rows = self.state.tables.collectors
        return tuple(endpoint for endpoint, row in rows.items() if row.affects_verdict is affecting)


def explain(state: TargetState, now: Instant) -> Explanation:
    """Return why the verdict on a target is as it is."""
    moment = _Moment(state, now)
    evidence, _ = gather_evidence(state, now)
    trace = Trace(state.tables.rules, evidence, state.verdict, now)
    judgement = trace.judge()
    verdict = with_current_times(judgement.verdict, now)
    conclusion = judgement.conclusion
    explanation = Explanation(
        target=state.target.name,
        state=verdict.state,
        at=now.wall,
        since=verdict.since,
        headline=describe_headline(state.target.name, verdict, now.wall),
        conclusion=conclusion.words,
        problems=tuple(_explain_problems(moment, trace, verdict, conclusion.deciding)),
        answers=tuple(_explain_answer(moment, each) for each in moment.endpoints(affecting=True)),
        changes=tuple(sorted(_foresee(moment, judgement))),
        unknown=tuple(_describe_unknown(moment, verdict)),
    )
    return replace(explanation, sections=describe_sections(explanation))


# --- problems ----------------------------------------------------------------------------------


def _explain_problems(
    moment: _Moment, trace: Trace, verdict: Verdict, deciding: tuple[str, ...]
) -> Iterator[ExplainedProblem]:
    kinds = moment.state.tables.rules.problems
    # Those that decide come first, and those of one kind together.
    slugs = [problem.slug for problem in verdict.problems]
    for problem in sorted(
        verdict.problems, key=lambda each: (each.slug not in deciding, slugs.index(each.slug))
    ):
        kind = kinds[problem.slug]
        yield ExplainedProblem(
            slug=problem.slug,
            words=problem.words,
            node=problem.node,
            since=problem.since,
            decides=problem.slug in deciding,
            sources=tuple(_describe_source(moment, part) for part in trace.sources(problem))
            or ("no answer that counts",),
            rule=kind.rule,
            clears=kind.clears,
            advice=kind.advice,
            runbook=kind.runbook,
        )


def _describe_source(moment: _Moment, part: EvidencePart) -> str:
    if part is Source.PAST:
        return "earlier answers"
    if part is Source.TOKENS:
        return "the tokens that the client gave and refused lately"
    endpoint = Endpoint.HEALTH if isinstance(part, Source) else part
    readings = moment.state.readings if part is Source.FAILURE else moment.state.successes
    failed = "the failed poll of " if part is Source.FAILURE else ""
    return f"{failed}{moment.request(endpoint)}, {describe_age(moment.age(readings[endpoint]))}"


# --- answers -----------------------------------------------------------------------------------


def _explain_answer(moment: _Moment, endpoint: Endpoint) -> ExplainedAnswer:
    state, request = moment.state, moment.request(endpoint)
    success, newest = state.successes.get(endpoint), state.readings.get(endpoint)
    counts = moment.is_fresh(endpoint)
    if endpoint not in state.target.plans:
        return ExplainedAnswer(endpoint, request, counts=False, words=_describe_off(endpoint))
    if newest is None:
        return ExplainedAnswer(endpoint, request, counts=False, words="not asked yet")
    remaining = moment.remaining(success)
    return ExplainedAnswer(
        endpoint,
        request,
        counts,
        "; ".join(_describe_answer(moment, newest, success if success is not newest else None)),
        at=moment.wall(success.at.steady) if counts and success else None,
        until=moment.now.wall + remaining if counts else None,
        # After a refusal the client is asked more rarely, so the time is not known.
        next_at=moment.next_poll(newest) if newest.asked else None,
    )


def _describe_answer(moment: _Moment, newest: Reading, older: Reading | None) -> Iterator[str]:
    """Yield what the newest poll of an endpoint said, and whether it or an older answer counts."""
    outcome, age = newest.outcome, describe_age(moment.age(newest))
    remaining = moment.remaining(newest)
    if isinstance(outcome, Success) and outcome.document is None:
        yield _summarize(moment, newest.endpoint, outcome)
        return
    if isinstance(outcome, Success):
        yield f"{age}: {_summarize(moment, newest.endpoint, outcome)}"
        yield f"counts for {humanize_seconds(remaining)} more" if remaining > 0 else "too old to count"
        return
    if outcome.is_for_admins:
        yield outcome.message
    else:
        yield f"failed {age}: {outcome.message}"
    if older is not None:
        remaining = moment.remaining(older)
        counts = f"counts for {humanize_seconds(remaining)} more" if remaining > 0 else "is too old to count"
        yield f"the answer of {describe_age(moment.age(older))} {counts}"


def _summarize(moment: _Moment, endpoint: Endpoint, outcome: Success) -> str:
    description = moment.state.tables.description
    if outcome.document is None:
        return description.without_document.get(endpoint, "nothing")
    return description.summarize(outcome.document)


def _describe_off(endpoint: Endpoint) -> str:
    return f"off (poll.{endpoint})"


# --- the future --------------------------------------------------------------------------------


def _foresee(moment: _Moment, judgement: Judgement) -> Iterator[ExpectedChange]:
    """Yield when the next answers are due, and what the rules say of the same evidence later."""
    state, now = moment.state, moment.now
    health = state.readings.get(Endpoint.HEALTH)
    if Endpoint.HEALTH in state.target.plans:
        due = moment.next_poll(health) if health else now.wall
        every = f"every {humanize_seconds(state.target.plans[Endpoint.HEALTH].interval)}"
        words = f"the next poll of {moment.request(Endpoint.HEALTH)} is due ({every})"
        yield ExpectedChange(max(due, now.wall), words)
    if judgement.changes_at is not None:
        later = _later(now, judgement.changes_at)
        evidence, _ = gather_evidence(state, now)
        verdict = state.tables.rules.judge(evidence, judgement.verdict, later).verdict
        yield from _expect("if the answers stay as they are", judgement.verdict, verdict, later)
    for end in sorted(_list_ends(moment)):
        later = _later(now, end)
        evidence, _ = gather_evidence(state, later)
        verdict = state.tables.rules.judge(evidence, judgement.verdict, later).verdict
        change = tuple(_expect("without another poll", judgement.verdict, verdict, later))
        if change:
            yield from change
            return


def _expect(condition: str, before: Verdict, after: Verdict, later: Instant) -> Iterator[ExpectedChange]:
    change = describe_change(before, after)
    if change:
        yield ExpectedChange(later.wall, f"{condition}, it {change}")


def _list_ends(moment: _Moment) -> Iterator[float]:
    """Yield when (steady clock) each part of the evidence stops to count."""
    for endpoint in moment.endpoints(affecting=True):
        for readings in (moment.state.successes, moment.state.readings):
            remaining = moment.remaining(readings.get(endpoint))
            if 0 < remaining < math.inf:
                yield moment.now.steady + remaining


def _later(now: Instant, steady: float) -> Instant:
    """Return the instant at which the steady clock shows a time, if the wall clock does not jump."""
    wait = steady - now.steady + _ROUNDING
    return Instant(now.wall + wait, now.steady + wait)


# --- what is not known -------------------------------------------------------------------------


def _describe_unknown(moment: _Moment, verdict: Verdict) -> Iterator[str]:
    state = moment.state
    affecting = moment.endpoints(affecting=True)
    missing = [each for each in affecting if each is not Endpoint.HEALTH and not moment.is_fresh(each)]
    if not verdict.up:
        request = moment.request(Endpoint.HEALTH)
        yield f"without an answer of {request} that counts, no rule looks at nodes, builds, disks or groups"
    else:
        found = {problem.slug for problem in verdict.problems}
        for endpoint, slugs in unseen_problems(state.tables.rules, missing).items():
            missed = [slug for slug in slugs if slug not in found]
            if missed:
                why = "; ".join(_why_missing(moment, endpoint))
                yield f"{moment.request(endpoint)}: {why}. So these may be missed: {', '.join(missed)}"
        documents = [
            reading.outcome.document
            for reading in state.successes.values()
            if isinstance(reading.outcome, Success) and reading.outcome.document
        ]
        yield from state.tables.description.probe_notes(state.target, verdict, documents)
    for endpoint in moment.endpoints(affecting=False):
        reading = state.readings.get(endpoint)
        if reading is not None and isinstance(reading.outcome, Failure):
            yield (
                f"{moment.request(endpoint)} fails: {reading.outcome.message}; it has no part in the verdict"
            )


def _why_missing(moment: _Moment, endpoint: Endpoint) -> Iterator[str]:
    newest = moment.state.readings.get(endpoint)
    if endpoint not in moment.state.target.plans:
        yield _describe_off(endpoint)
    elif newest is None:
        yield "not asked yet"
    else:
        older = moment.state.successes.get(endpoint)
        yield from _describe_answer(moment, newest, older if older is not newest else None)
