"""Messages: validation, acceptance, and the callbacks with their statuses."""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING

from waexporter.simulator.endpoints import groups_view, outbox
from waexporter.simulator.endpoints.calls import Access, Call, Row
from waexporter.simulator.endpoints.message_types import read_content
from waexporter.simulator.endpoints.routing import find_owner, refuse_expired_build
from waexporter.simulator.envelope import Answer, Json, refusal, success
from waexporter.simulator.faults.faults import find
from waexporter.simulator.parameters import invalid, is_digits, refuse_surplus, wanted
from waexporter.simulator.state import settings as settings_store

if TYPE_CHECKING:
    from waexporter.simulator.state.world import World

_ENVELOPE = ("to", "recipient_type", "type", "ttl", "preview_url")
_MESSAGE_ID = re.compile(r"[A-Za-z0-9._=-]{1,128}")


def _send(world: World, call: Call) -> Answer:
    document = call.document()
    to = wanted(document, "to", str)
    kind = document.get("type", "text")
    content = read_content(document, kind, world.media)
    refuse_surplus(document, (*_ENVELOPE, str(kind)))
    _check_options(document)
    recipient_type = _check_recipient(world, call, to, document.get("recipient_type", "individual"))
    refuse_expired_build(world, call)
    _check_webhook(world)
    find_owner(world, call, to)  # refuses when nobody can take the message
    message = {
        "id": f"gBEG{secrets.token_urlsafe(18)}",
        "to": to,
        "recipient_type": recipient_type,
        "type": kind,
        str(kind): content,
        "from": call.user.name if call.user else "",
        "at": call.now,
    }
    world.messages.append(message)
    world.outbox.append(message)
    outbox.flush(world, call.now)
    return success({"messages": [{"id": message["id"]}]}, 201)


def _check_options(document: Json) -> None:
    if not isinstance(document.get("preview_url", False), bool):
        raise invalid("preview_url", "has a wrong type")
    if not isinstance(document.get("ttl", {}), dict):
        raise invalid("ttl", "has a wrong type")


def _check_recipient(world: World, call: Call, to: str, kind: object) -> str:
    """Return the recipient type; refuses a recipient that does not exist."""
    if kind == "individual":
        if not is_digits(to):
            raise refusal(400, 1013, f"User {to} is not valid")
        return "individual"
    if kind != "group" or find(world.timeline.active(call.now), "no_groups"):
        raise refusal(400, 1002, f"Recipient type {kind} is not valid")
    if not groups_view.find_member(world, call, to).participants:
        raise refusal(404, 1012, f"Group {to} has no participants")
    return "group"


def _check_webhook(world: World) -> None:
    """Refuse to send without a webhook for the statuses."""
    if not settings_store.webhook_url(world.settings):
        raise refusal(412, 1022, "Set webhooks.url in the application settings first")
    if world.callbacks.full:
        raise refusal(503, 1016, "Too many callbacks are pending")


def _mark_read(world: World, call: Call) -> Answer:
    document = call.document()
    refuse_surplus(document, ("status",))
    if wanted(document, "status", str) != "read":
        raise invalid("status", "must be read")
    message = call.params["message"]
    if not _MESSAGE_ID.fullmatch(message):
        raise refusal(404, 1006, f"Message {message} not found")
    world.read.add(message)
    return success()


ROWS = (
    Row("POST", "/v1/messages", Access.USER, _send, limit="messages"),
    Row("PUT", "/v1/messages/{message}", Access.USER, _mark_read, limit="messages"),
)
