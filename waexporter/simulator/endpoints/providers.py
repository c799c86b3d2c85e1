"""Media providers: where the client fetches media, and with which credentials."""

from __future__ import annotations

from typing import TYPE_CHECKING

from waexporter.simulator.endpoints.calls import Access, Call, Row, read_json
from waexporter.simulator.envelope import Answer, Json, refusal, success
from waexporter.simulator.parameters import invalid, refuse_surplus, wanted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from waexporter.simulator.state.world import World


def _list(world: World, _call: Call) -> Answer:
    providers = list(world.providers.values())
    return success({"settings": {"application": {"media": {"providers": providers}}}})


def _update(world: World, call: Call) -> Answer:
    document = read_json(call.body or b"null")
    if not isinstance(document, list) or not document:
        raise refusal(400, 1025, "The body is not a list of providers")
    world.providers |= {provider["name"]: provider for provider in map(_provider, document)}
    return success()


def _provider(document: object) -> Json:
    if not isinstance(document, dict):
        raise invalid("provider", "has a wrong type")
    refuse_surplus(document, ("name", "type", "config"))
    wanted(document, "name", str)
    if wanted(document, "type", str) != "www":
        raise invalid("type", "must be www")
    config = wanted(document, "config", dict)
    refuse_surplus(config, _PROOFS)
    for name in config:
        _PROOFS[name](config)
    return document


def _check_bearer(config: Json) -> None:
    wanted(config, "bearer", str)


def _check_basic(config: Json) -> None:
    basic = wanted(config, "basic", dict)
    refuse_surplus(basic, ("username", "password"))
    wanted(basic, "username", str)
    wanted(basic, "password", str)


_PROOFS: Mapping[str, Callable[[Json], None]] = {"bearer": _check_bearer, "basic": _check_basic}


def _delete(world: World, call: Call) -> Answer:
    if world.providers.pop(call.params["provider"], None) is None:
        raise refusal(404, 1006, f"Media provider {call.params['provider']} not found")
    return success()


_PATH = "/v1/settings/application/media/providers"

ROWS = (
    Row("GET", _PATH, Access.ADMIN, _list, asks_master=True),
    Row("POST", _PATH, Access.ADMIN, _update, asks_master=True),
    Row("DELETE", f"{_PATH}/{{provider}}", Access.ADMIN, _delete, asks_master=True),
)
