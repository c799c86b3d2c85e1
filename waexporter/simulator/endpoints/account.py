"""The account: registration of the phone number, two-step verification, number of shards."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from waexporter.simulator.endpoints.calls import Access, Call, Row
from waexporter.simulator.envelope import Answer, refusal, success
from waexporter.simulator.faults.faults import find
from waexporter.simulator.options import SHARDS
from waexporter.simulator.parameters import (
    chosen,
    invalid,
    refuse_surplus,
    wanted,
    wanted_digits,
    wanted_pin,
)

if TYPE_CHECKING:
    from waexporter.simulator.envelope import Json
    from waexporter.simulator.state.world import World

_METHODS = ("sms", "voice")
_LONGEST_COUNTRY = 3
_LONGEST_NUMBER = 15
_UNREGISTERED = "unregistered"


def _number(document: Json) -> tuple[str, str]:
    cc = wanted_digits(document, "cc", _LONGEST_COUNTRY)
    return cc, wanted_digits(document, "phone_number", _LONGEST_NUMBER)


def _request_code(world: World, call: Call) -> Answer:
    document = call.document()
    refuse_surplus(document, ("cc", "phone_number", "method", "cert", "pin"))
    cc, number = _number(document)
    wanted(document, "method", str)
    chosen(document, "method", _METHODS, "sms")
    _check_verified_name(wanted(document, "cert", str))
    pin = wanted_pin(document) if "pin" in document else None
    unregistered = find(world.timeline.active(call.now, call.path), _UNREGISTERED)
    if world.registration.is_for(cc, number) and unregistered is None:
        return success(status=201)
    world.registration.check_pin(pin)
    world.registration.send_code(cc, number)
    return success({"account": [{"vname": "Simulated business"}]}, 202)


def _check_verified_name(certificate: str) -> None:
    try:
        base64.b64decode(certificate, validate=True)
    except ValueError:
        raise invalid("cert", "is not base64") from None


def _verify(world: World, call: Call) -> Answer:
    """Register the number; this ends a scenario in which the client is unregistered."""
    document = call.document()
    refuse_surplus(document, ("code",))
    code = wanted(document, "code", str)
    if world.registration.asked is None:
        raise refusal(400, 1025, "No code was requested")
    if not world.registration.accept(code):
        raise invalid("code", "is wrong")
    world.timeline.end(_UNREGISTERED, call.now)
    return success(status=201)


def _enable_two_step(world: World, call: Call) -> Answer:
    document = call.document()
    refuse_surplus(document, ("pin",))
    world.registration.pin = wanted_pin(document)
    return success()


def _disable_two_step(world: World, _call: Call) -> Answer:
    world.registration.pin = None
    return success()


def _show_shards(world: World, _call: Call) -> Answer:
    return success({"account": {"shards": world.shards}})


def _set_shards(world: World, call: Call) -> Answer:
    """Change the number of shards; the needed coreapps are added."""
    document = call.document()
    refuse_surplus(document, ("cc", "phone_number", "shards", "pin"))
    _number(document)
    pin = wanted_pin(document)
    shards = wanted(document, "shards", int)
    if shards not in SHARDS or (world.options.topology != "multiconnect" and shards != 1):
        raise invalid("shards", f"must be one of {', '.join(map(str, SHARDS))}, and 1 without multiconnect")
    world.registration.check_pin(pin)
    world.shards = shards
    return success(status=201)


_TWO_STEP = "/v1/settings/account/two-step"

ROWS = (
    Row("POST", "/v1/account", Access.ADMIN, _request_code, asks_master=True),
    Row("POST", "/v1/account/verify", Access.ADMIN, _verify, asks_master=True),
    Row("GET", "/v1/account/shards", Access.ADMIN, _show_shards, asks_master=True),
    Row("POST", "/v1/account/shards", Access.ADMIN, _set_shards, asks_master=True),
    Row("POST", _TWO_STEP, Access.ADMIN, _enable_two_step, asks_master=True),
    Row("DELETE", _TWO_STEP, Access.ADMIN, _disable_two_step, asks_master=True),
)
