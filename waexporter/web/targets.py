"""GET /api/v1/targets: every target with its verdict and its last polls, as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from waexporter.web.responses import IncomingRequest, Response, json_response
from waexporter.web.target_document import target_list_document

if TYPE_CHECKING:
    from waexporter.web.backend import Backend


def list_targets(request: IncomingRequest, backend: Backend) -> Response:
    """Return every target with its verdict and the last poll of each endpoint."""
    return json_response(target_list_document(backend.targets(), request.at))
