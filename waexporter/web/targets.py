"""GET /api/v1/targets: every target with its verdict and its last polls, as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from waexporter.web.formatting import iso, public_url
from waexporter.web.responses import IncomingRequest, Response, json_response

if TYPE_CHECKING:
    from waexporter.model import Problem
    from waexporter.web.backend import Backend, EndpointStatus, TargetStatus


def list_targets(request: IncomingRequest, backend: Backend) -> Response:
    """Return every target with its verdict and the last poll of each endpoint."""
    targets = [_target_document(each, request.at) for each in backend.targets()]
    return json_response({"at": iso(request.at), "targets": targets})


def _target_document(target: TargetStatus, now: float) -> dict[str, object]:
    verdict = target.verdict
    return {
        "name": target.name,
        "url": public_url(target.url),
        "labels": dict(target.labels),
        "verdict": {
            "state": verdict.state,
            "since": iso(verdict.since or None),
            "problems": [_problem_document(problem, now) for problem in verdict.problems],
        },
        **target.json_fields,
        "up": verdict.up,
        "endpoints": [_endpoint_document(endpoint) for endpoint in target.endpoints],
    }


def _problem_document(problem: Problem, now: float) -> dict[str, object]:
    since = iso(problem.since)
    return {
        "slug": problem.slug,
        "words": problem.words,
        "node": problem.node,
        "since": since,
        "since_seconds": round(max(0.0, now - problem.since), 3) if since else None,
    }


def _endpoint_document(status: EndpointStatus) -> dict[str, object]:
    return {
        "endpoint": status.endpoint,
        "outcome": status.outcome,
        "message": status.message,
        "stale": status.stale,
        "at": iso(status.at),
        "age_seconds": None if status.age is None else round(status.age, 3),
        "duration_seconds": None if status.duration is None else round(status.duration, 6),
        "interval_seconds": status.interval,
        "samples": status.samples,
        "last_success": iso(status.last_success_at),
    }
