"""GET /metrics, and the format, encoding and headers of every page of metrics."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from waexporter.web.backend import PageRequest
from waexporter.web.negotiation import accepts_gzip, wants_openmetrics
from waexporter.web.responses import IncomingRequest, Response
from waexporter.web.unknown_target import refuse_target

if TYPE_CHECKING:
    from waexporter.web.backend import Backend

PROMETHEUS: Final = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS: Final = "application/openmetrics-text; version=1.0.0; charset=utf-8"


def show_metrics(request: IncomingRequest, backend: Backend) -> Response:
    """Return the page of all targets, or with ?target=NAME that of some, in the requested format."""
    named = request.values("target")
    unknown = sorted(frozenset(named) - backend.target_names()) if named else []
    if unknown:
        return refuse_target(request, backend, unknown[0])
    page_request = read_page_request(request, frozenset(named) if named else None)
    return page_response(backend.metrics(page_request), page_request)


def read_page_request(request: IncomingRequest, targets: frozenset[str] | None) -> PageRequest:
    """Return the page that a client requests by its headers."""
    return PageRequest(
        openmetrics=wants_openmetrics(request.header("accept")),
        gzip=accepts_gzip(request.header("accept-encoding")),
        targets=targets,
    )


def page_response(chunks: tuple[bytes, ...], page_request: PageRequest) -> Response:
    """Return a page of metrics with the headers of its format."""
    headers: tuple[tuple[str, str], ...] = (("vary", "Accept, Accept-Encoding"),)
    if page_request.gzip:
        headers += (("content-encoding", "gzip"),)
    return Response(chunks, OPENMETRICS if page_request.openmetrics else PROMETHEUS, headers=headers)
