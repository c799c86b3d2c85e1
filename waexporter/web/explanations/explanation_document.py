"""The JSON document of GET /api/v1/targets/{name}/why."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from waexporter.model import State  # noqa: TC001 - msgspec reads it at run time
from waexporter.web.formatting import iso

if TYPE_CHECKING:
    from waexporter.model.explanation import ExplainedAnswer, ExplainedProblem, Explanation


class ReasonDocument(msgspec.Struct, kw_only=True):
    """One problem of a verdict, and why it is there."""

    slug: str
    words: str
    node: str
    since: str | None  # ISO 8601, as all times here
    decides: bool  # the state follows from it
    sources: list[str]  # the answers that it follows from
    rule: str
    clears: str
    advice: str
    runbook: str


class AnswerDocument(msgspec.Struct, kw_only=True):
    """What is known from one endpoint."""

    endpoint: str
    request: str
    counts: bool  # in the verdict
    words: str
    at: str | None
    until: str | None  # from then on it does not count any more
    next_at: str | None


class ChangeDocument(msgspec.Struct, kw_only=True):
    """What happens to the verdict in the future, and under which condition."""

    at: str | None
    words: str


class ExplanationDocument(msgspec.Struct, kw_only=True):
    """Why the verdict on a target is as it is; `text` has all of it in words."""

    target: str
    at: str | None
    state: State
    since: str | None
    conclusion: str
    problems: list[ReasonDocument]
    answers: list[AnswerDocument]
    changes: list[ChangeDocument]
    unknown: list[str]
    text: list[str]


def explanation_document(explanation: Explanation) -> ExplanationDocument:
    """Return an explanation as a document."""
    return ExplanationDocument(
        target=explanation.target,
        at=iso(explanation.at),
        state=explanation.state,
        since=iso(explanation.since),
        conclusion=explanation.conclusion,
        problems=[_reason_document(each) for each in explanation.problems],
        answers=[_answer_document(each) for each in explanation.answers],
        changes=[ChangeDocument(at=iso(each.at), words=each.words) for each in explanation.changes],
        unknown=list(explanation.unknown),
        text=list(explanation.lines()),
    )


def _reason_document(problem: ExplainedProblem) -> ReasonDocument:
    return ReasonDocument(
        slug=problem.slug,
        words=problem.words,
        node=problem.node,
        since=iso(problem.since),
        decides=problem.decides,
        sources=list(problem.sources),
        rule=problem.rule,
        clears=problem.clears,
        advice=problem.advice,
        runbook=problem.runbook,
    )


def _answer_document(answer: ExplainedAnswer) -> AnswerDocument:
    return AnswerDocument(
        endpoint=answer.endpoint,
        request=answer.request,
        counts=answer.counts,
        words=answer.words,
        at=iso(answer.at),
        until=iso(answer.until),
        next_at=iso(answer.next_at),
    )
