"""POST /api/v1/alerts: the webhook receiver for Alertmanager."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Final

import msgspec

from waexporter.errors import JournalError, WebhookError
from waexporter.paging.intake.refused_senders import Refusal, WebhookSender
from waexporter.transport.lenient_json import printable
from waexporter.web.operation import Operation
from waexporter.web.responses import IncomingRequest, Response, error_response, json_response
from waexporter.web.security.access import NO_PAGER

if TYPE_CHECKING:
    from waexporter.web.backend import Backend

_MAX_AGENT_LENGTH = 60  # characters
_RESULTS: dict[int, str] = {
    HTTPStatus.UNAUTHORIZED: "refused",
    HTTPStatus.FORBIDDEN: "refused",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "too_large",
}


class AcceptedDocument(msgspec.Struct, kw_only=True):
    """The answer to a webhook that is on disk."""

    status: str = "accepted"


_LABELS: Final = {"type": "object", "additionalProperties": {"type": "string"}}
RECEIVE_ALERTS: Final = Operation(
    AcceptedDocument,
    body={
        "description": "Alertmanager's webhook, version 4; unknown fields are ignored.",
        "type": "object",
        "required": ["alerts"],
        "properties": {
            "version": {"type": "string"},
            "groupKey": {"type": "string"},
            "receiver": {"type": "string"},
            "groupLabels": _LABELS,
            "truncatedAlerts": {"type": "integer", "minimum": 0},
            "alerts": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["status", "labels", "startsAt"],
                    "properties": {
                        "status": {"enum": ["firing", "resolved"]},
                        "labels": {**_LABELS, "minProperties": 1},
                        "annotations": _LABELS,
                        "startsAt": {"type": "string", "format": "date-time"},
                        "endsAt": {"type": "string", "format": "date-time"},
                        "fingerprint": {"type": "string"},
                    },
                },
            },
        },
    },
    errors=(400, 403, 404, 413, 415),
)
_CUT_OFF = "The connection ended before the body was complete."


def receive_alerts(request: IncomingRequest, backend: Backend) -> Response:
    """Accept a webhook: 200 once it is on disk, 400 if it is invalid, 503 if it can't be stored."""
    pager = backend.pager
    if pager is None:
        return error_response(request, 404, NO_PAGER)
    try:
        pager.receive(request.body)
    except WebhookError as error:
        return error_response(request, 400, f"{error}.")
    except JournalError:
        # The reason names a path of this machine; the log and the status page have it.
        return error_response(request, 503, "The journal of pages can't be written; the log says why.")
    return json_response(AcceptedDocument())


def record_delivery(request: IncomingRequest, response: Response | None, backend: Backend) -> None:
    """Count a webhook by its result, and record which senders are rejected and why.

    The response is None if the connection ended before the body was complete.
    """
    pager = backend.pager
    if pager is None:
        return
    sender = WebhookSender(
        request.peer or "an unknown address", printable(request.header("user-agent"), _MAX_AGENT_LENGTH)
    )
    if response is not None and response.status < HTTPStatus.BAD_REQUEST:
        pager.count_webhook("accepted")
        pager.refusals.record_accepted(sender)
        return
    if response is None:
        pager.count_webhook("failed")
        pager.refusals.record_refusal(sender, Refusal(None, _CUT_OFF))
        return
    is_ours = response.status >= HTTPStatus.INTERNAL_SERVER_ERROR
    pager.count_webhook("failed" if is_ours else _RESULTS.get(response.status, "invalid"))
    pager.refusals.record_refusal(sender, Refusal(response.status, response.error))
