"""GET /metrics, and what every page of metrics has in common: its format, its encoding, its headers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from waexporter.web.backend import PageRequest
from waexporter.web.negotiation import accepts_gzip, wants_openmetrics
from waexporter.web.responses import IncomingRequest, Response, error_response

if TYPE_CHECKING:
    from waexporter.web.backend import Backend

PROMETHEUS: Final = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS: Final = "application/openmetrics-text; version=1.0.0; charset=utf-8"

_SHOWN_CHARACTERS = 100


def give_metrics(request: IncomingRequest, backend: Backend) -> Response:
    """GET /metrics: the page, or with ?target=NAME a part of it, in the format asked for."""
    named = request.values("target")
    unknown = sorted(frozenset(named) - backend.names()) if named else []
    if unknown:
        return error_response(
            request, 404, f"No target is called {shown(unknown[0])}; GET /api/v1/targets lists them all."
        )
    page_request = read_page_request(request, frozenset(named) if named else None)
    return give_page(backend.metrics(page_request), page_request)


def read_page_request(request: IncomingRequest, targets: frozenset[str] | None) -> PageRequest:
    """Read from the headers which page is asked for."""
    return PageRequest(
        openmetrics=wants_openmetrics(request.header("accept")),
        gzip=accepts_gzip(request.header("accept-encoding")),
        targets=targets,
    )


def give_page(pieces: tuple[bytes, ...], page_request: PageRequest) -> Response:
    """Answer with a page of metrics in the format in which it was made."""
    headers: tuple[tuple[str, str], ...] = (("vary", "Accept, Accept-Encoding"),)
    if page_request.gzip:
        headers += (("content-encoding", "gzip"),)
    return Response(pieces, OPENMETRICS if page_request.openmetrics else PROMETHEUS, headers=headers)


def shown(name: str) -> str:
    """Give a name that a client sent, in quotes, so that it can be sent back: in ASCII, and not too long."""
    return ascii(name[:_SHOWN_CHARACTERS])
