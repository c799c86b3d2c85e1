"""GET /-/healthy, GET /-/ready and POST /-/reload: what Prometheus calls the lifecycle API."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

import msgspec

from waexporter.model import ReloadCause
from waexporter.web.negotiation import prefers_json
from waexporter.web.responses import (
    JSON,
    TEXT,
    IncomingRequest,
    Response,
    error_response,
    json_response,
    text_response,
)

if TYPE_CHECKING:
    from waexporter.web.backend import Backend, ReloadResult


def check_health(request: IncomingRequest, backend: Backend) -> Response:
    """Return 200, or 503 with the reason why the daemon should be restarted."""
    reason = backend.unhealthy()
    if reason is not None:
        return error_response(request, 503, reason)
    return text_response("The exporter is healthy.")


def check_readiness(request: IncomingRequest, backend: Backend) -> Response:
    """Return 200, or 503 with the names of targets that were not polled yet."""
    reason = backend.unready()
    if reason is not None:
        return error_response(request, 503, reason)
    return text_response("The exporter is ready.")


def reload(request: IncomingRequest, backend: Backend) -> Response:
    """Reload the configuration: 200 with what changed, or 400 with every problem and no change."""
    result = backend.reload(ReloadCause.REQUEST)
    if result.is_busy:
        words = "The exporter is reloading already, or is about to stop; ask again."
        return error_response(request, 503, words, ("retry-after", "1"))
    if result.problems:
        return _problems_response(request, result)
    if prefers_json(request.header("accept")):
        return json_response(_document(result))
    return text_response(_sentence(result))


def _problems_response(request: IncomingRequest, result: ReloadResult) -> Response:
    words = "The configuration has problems; all goes on as before."
    if prefers_json(request.header("accept")):
        document = {"error": words, "problems": result.problems}
        return Response((msgspec.json.encode(document),), JSON, HTTPStatus.BAD_REQUEST)
    lines = "".join(f"{problem}\n" for problem in result.problems)
    return Response((lines.encode(errors="replace"),), TEXT, HTTPStatus.BAD_REQUEST)


def _document(result: ReloadResult) -> dict[str, object]:
    return {
        "status": "reloaded",
        "added": result.added,
        "removed": result.removed,
        "changed": result.changed,
        "rotated": result.rotated,
        "kept": result.kept,
        "keys": result.keys,
    }


def _sentence(result: ReloadResult) -> str:
    counts = f"{len(result.added)} added, {len(result.removed)} removed, {len(result.changed)} changed"
    if result.rotated:
        counts += f", {len(result.rotated)} with new secrets or certificates"
    keys = f"; changed too: {', '.join(result.keys)}" if result.keys else ""
    return f"Reloaded: targets: {counts}, {result.kept} kept{keys}."
