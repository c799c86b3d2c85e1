"""GET /api/v1/pages/{number} and GET /api/v1/pages/{number}/why: one page, and what became of it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from waexporter.errors import JournalError
from waexporter.paging.journal.page_history import KnownNumbers
from waexporter.paging.page_explanation import describe_unknown_page, explain_page
from waexporter.web.explanations.page_history_document import page_history_document
from waexporter.web.page_document import page_document
from waexporter.web.responses import IncomingRequest, Response, error_response, json_response
from waexporter.web.security.access import NO_PAGER

if TYPE_CHECKING:
    from waexporter.paging.journal.page_history import PageHistory
    from waexporter.web.backend import Backend

_NUMBER: Final = re.compile(r"[0-9]{1,18}")


def show_page_document(request: IncomingRequest, backend: Backend) -> Response:
    """Return one page."""
    found = find_page_history(request, backend)
    return found if isinstance(found, Response) else json_response(page_document(found.entry))


def explain_page_history(request: IncomingRequest, backend: Backend) -> Response:
    """Return what became of a page, and why."""
    found = find_page_history(request, backend)
    if isinstance(found, Response):
        return found
    return json_response(page_history_document(found, explain_page(found, request.at).lines()))


def find_page_history(request: IncomingRequest, backend: Backend) -> PageHistory | Response:
    """Return the page that a path names with its history, or the response if there is none."""
    pager = backend.pager
    if pager is None:
        return error_response(request, 404, NO_PAGER)
    number = request.parameter("number")
    if not _NUMBER.fullmatch(number):
        return error_response(request, 404, "A page has a number, as GET /api/v1/pages lists it.")
    try:
        found = pager.history(int(number))
    except JournalError:
        # The reason names a path of this machine; the log and the status page have it.
        return error_response(request, 503, "The journal of pages can't be read; the log says why.")
    if isinstance(found, KnownNumbers):
        return error_response(request, 404, f"{describe_unknown_page(int(number), found)}.")
    return found
