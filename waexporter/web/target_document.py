"""The JSON document of GET /api/v1/targets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from waexporter.model import State  # noqa: TC001 - msgspec reads it at run time
from waexporter.web.formatting import iso, public_url

if TYPE_CHECKING:
    from waexporter.model import Problem
    from waexporter.web.backend import EndpointStatus, TargetStatus


class ProblemDocument(msgspec.Struct, kw_only=True):
    """One reason behind a verdict."""

    slug: str
    words: str
    node: str
    since: str | None  # ISO 8601, as all times here
    since_seconds: float | None


class VerdictDocument(msgspec.Struct, kw_only=True):
    """The verdict on one target."""

    state: State
    since: str | None
    problems: list[ProblemDocument]


class EndpointDocument(msgspec.Struct, kw_only=True):
    """The last poll of one endpoint."""

    endpoint: str
    outcome: str  # pending, ok, for_admins, not_applicable, or the reason of a failure
    message: str
    stale: bool
    at: str | None
    age_seconds: float | None
    duration_seconds: float | None
    interval_seconds: float | None
    samples: int
    last_success: str | None


class TargetDocument(msgspec.Struct, kw_only=True):
    """One target; a target of each kind has the fields of its kind besides."""

    name: str
    url: str
    labels: dict[str, str]
    verdict: VerdictDocument
    up: bool
    endpoints: list[EndpointDocument]


class TargetListDocument(msgspec.Struct, kw_only=True):
    """Every target of this exporter, in configured order."""

    at: str | None
    targets: list[TargetDocument]


def target_list_document(targets: tuple[TargetStatus, ...], now: float) -> dict[str, object]:
    """Return targets as a TargetListDocument with the fields of each kind; `now` in wall-clock seconds."""
    return {
        "at": iso(now),
        "targets": [
            {**msgspec.structs.asdict(_target_document(each, now)), **each.json_fields} for each in targets
        ],
    }


def _target_document(target: TargetStatus, now: float) -> TargetDocument:
    verdict = target.verdict
    return TargetDocument(
        name=target.name,
        url=public_url(target.url),
        labels=dict(target.labels),
        verdict=VerdictDocument(
            state=verdict.state,
            since=iso(verdict.since or None),
            problems=[_problem_document(problem, now) for problem in verdict.problems],
        ),
        up=verdict.up,
        endpoints=[_endpoint_document(endpoint) for endpoint in target.endpoints],
    )


def _problem_document(problem: Problem, now: float) -> ProblemDocument:
    since = iso(problem.since)
    return ProblemDocument(
        slug=problem.slug,
        words=problem.words,
        node=problem.node,
        since=since,
        since_seconds=round(max(0.0, now - problem.since), 3) if since else None,
    )


def _endpoint_document(status: EndpointStatus) -> EndpointDocument:
    return EndpointDocument(
        endpoint=status.endpoint,
        outcome=status.outcome,
        message=status.message,
        stale=status.stale,
        at=iso(status.at),
        age_seconds=None if status.age is None else round(status.age, 3),
        duration_seconds=None if status.duration is None else round(status.duration, 6),
        interval_seconds=status.interval,
        samples=status.samples,
        last_success=iso(status.last_success_at),
    )
