"""GET /api/v1/pages: the pager's state and its newest pages."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from waexporter.web.operation import Operation, QueryParameter
from waexporter.web.page_document import PageListDocument, page_list_document
from waexporter.web.responses import IncomingRequest, Response, error_response, json_response
from waexporter.web.security.access import NO_PAGER

if TYPE_CHECKING:
    from waexporter.web.backend import Backend

_NUMBER = re.compile(r"[0-9]{1,6}")
_DEFAULT_LIMIT = 100  # pages
_MAX_LIMIT = 1000
LIST_PAGES: Final = Operation(
    PageListDocument,
    parameters=(
        QueryParameter(
            "limit",
            "how many pages",
            {"type": "integer", "minimum": 1, "maximum": _MAX_LIMIT, "default": _DEFAULT_LIMIT},
        ),
    ),
    errors=(400, 404),
)


def list_pages(request: IncomingRequest, backend: Backend) -> Response:
    """Return the newest pages, `?limit=` of them, the newest first."""
    pager = backend.pager
    if pager is None:
        return error_response(request, 404, NO_PAGER)
    limits = request.values("limit") or (str(_DEFAULT_LIMIT),)
    limit = int(limits[0]) if _NUMBER.fullmatch(limits[0]) else 0
    if len(limits) > 1 or not 0 < limit <= _MAX_LIMIT:
        return error_response(request, 400, f"The parameter limit must be a number from 1 to {_MAX_LIMIT}.")
    return json_response(page_list_document(pager.status(limit), request.at))
