"""Contacts: whether numbers are on WhatsApp."""

from __future__ import annotations

from typing import TYPE_CHECKING

from waexporter.simulator.endpoints.calls import Access, Call, Row
from waexporter.simulator.endpoints.routing import find_owner, refuse_expired_build
from waexporter.simulator.envelope import Answer, Json, refusal, success
from waexporter.simulator.parameters import chosen, invalid, is_digits, refuse_surplus, wanted_list

if TYPE_CHECKING:
    from waexporter.simulator.state.world import World

_BLOCKING = ("no_wait", "wait")
_FEWEST_DIGITS = 8
_ONLINE = frozenset({"connected", "connecting"})
_PUNCTUATION = str.maketrans("", "", " +-().\t")


def _check(world: World, call: Call) -> Answer:
    document = call.document()
    refuse_surplus(document, ("contacts", "blocking", "force_check"))
    numbers = wanted_list(document, "contacts")
    blocking = chosen(document, "blocking", _BLOCKING, "no_wait")
    if not isinstance(document.get("force_check", False), bool):
        raise invalid("force_check", "has a wrong type")
    refuse_expired_build(world, call)
    if blocking == "wait" and find_owner(world, call, numbers[0]).status not in _ONLINE:
        raise refusal(500, 1014, "No answer from the server. Please retry")
    return success({"contacts": [_contact(world, number, blocking) for number in numbers]})


def _contact(world: World, number: str, blocking: str) -> Json:
    """Return the contact of a number; without `blocking` it is known at the next request."""
    digits = number.translate(_PUNCTUATION)
    known = digits in world.contacts
    world.contacts.add(digits)
    if blocking == "no_wait" and not known:
        return {"input": number, "status": "processing"}
    if len(digits) < _FEWEST_DIGITS or not is_digits(digits):
        return {"input": number, "status": "invalid"}
    return {"input": number, "status": "valid", "wa_id": digits}


ROWS = (Row("POST", "/v1/contacts", Access.USER, _check, slowed_by="canary_slow"),)
