"""GET /config: the configuration that is in effect; imported at the first request for it."""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from waexporter.web.formatting import format_time
from waexporter.web.negotiation import prefers_html
from waexporter.web.responses import IncomingRequest, Response, error_response
from waexporter.web.site.html import html_response
from waexporter.web.site.refused_config import describe_refused

if TYPE_CHECKING:
    from waexporter.web.backend import Backend

SHOWN_NOTES: Final = 10  # the rest is folded: each of a thousand targets may have one
_YAML: Final = "application/yaml"
_VARIES: Final = ("vary", "Accept, Accept-Encoding")


def show_config(request: IncomingRequest, backend: Backend) -> Response:
    """Return the effective configuration as a page for a browser, else as YAML."""
    status = backend.configuration()
    if status is None:
        return error_response(
            request, HTTPStatus.NOT_FOUND, "This daemon was started without a configuration."
        )
    if status.text is None:
        words = "The configuration is being written down for another request; ask again."
        return error_response(request, HTTPStatus.SERVICE_UNAVAILABLE, words, ("retry-after", "1"))
    if not prefers_html(request.header("accept")):
        return Response((status.text.encode(),), _YAML, headers=(_VARIES,))
    page = html_response(
        request,
        "config.html",
        title="configuration",
        status=status,
        shown_notes=SHOWN_NOTES,
        shard=backend.shard,
        made=format_time(request.at, request.at),
        loaded=format_time(status.loaded_at, request.at),
        reloads=describe_refused(backend, request.at),
    )
    return replace(page, headers=(*page.headers, _VARIES))
