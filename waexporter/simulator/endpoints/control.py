"""The control routes, outside of the API: inspect the state, start faults, add group members."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, TypeGuard

from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from waexporter.simulator.envelope import Json, RefusalError
from waexporter.simulator.faults.faults import KINDS, Fault
from waexporter.simulator.faults.scenarios import SCENARIOS
from waexporter.simulator.parameters import is_digits
from waexporter.simulator.state import settings as settings_store
from waexporter.simulator.state.cluster import affected_nodes
from waexporter.simulator.state.groups import BUSINESS

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request

    from waexporter.simulator.state.groups import Group
    from waexporter.simulator.state.world import World

PREFIX = "/_control"

_LONGEST = 1e9  # seconds
_PARAMETERS = frozenset({"fault", "node", "endpoint", "seconds"})


class _MistakeError(Exception):
    """Raised if a control request is invalid."""


def routes(world: World, ca_pem: str | None) -> list[Route]:
    """Return all control routes."""
    table = (
        ("GET", "", _show),
        ("GET", "/messages", _messages),
        ("POST", "/faults", _bring),
        ("DELETE", "/faults", _clear),
        ("DELETE", "/faults/{name}", _clear),
        ("POST", "/scenario", _play),
        ("POST", "/expire_tokens", _expire),
        ("GET", "/groups", _groups),
        ("POST", "/groups/{group}/join", _join),
        ("PUT", "/groups/{group}/members", _set_members),
        ("PATCH", "/settings", _set_settings),
    )
    authority = Route(f"{PREFIX}/ca.pem", lambda _request: _authority(ca_pem), methods=["GET"])
    return [*(_route(world, method, path, act) for method, path, act in table), authority]


def _route(world: World, method: str, path: str, act: Callable[[World, Request, Json], Json]) -> Route:
    async def endpoint(request: Request) -> Response:
        try:
            return JSONResponse(act(world, request, _document(await request.body())))
        except _MistakeError as mistake:
            return JSONResponse({"error": str(mistake)}, 400)
        except RefusalError as refused:
            return Response(
                refused.answer.body, refused.answer.status, media_type=refused.answer.content_type
            )

    return Route(PREFIX + path, endpoint, methods=[method])


def _document(body: bytes) -> Json:
    try:
        document = json.loads(body or b"{}")
    except ValueError:
        raise _MistakeError("the body is not JSON") from None
    if not isinstance(document, dict):
        raise _MistakeError("the body is not a JSON object")
    return document


def _authority(ca_pem: str | None) -> Response:
    if ca_pem is None:
        return JSONResponse({"error": "this simulator speaks plain HTTP"}, 404)
    return PlainTextResponse(ca_pem, media_type="application/x-pem-file")


def _show(world: World, _request: Request, _asked: Json) -> Json:
    now = world.clock()
    number, step = world.timeline.step(now)
    return {
        "topology": world.options.topology,
        "shards": world.shards,
        "scenario": world.timeline.scenario,
        "step": {"number": number, "says": step.says},
        "faults": [_describe(fault, now) for fault in world.timeline.active(now)],
        "waiting": world.waiting,
        "crashes": world.crashes,
        "callbacks": world.callbacks.total(),
        "messages": len(world.messages),
        "groups": [_describe_group(group) for group in world.groups.all()],
        "registration": world.registration.summary(),
        **world.accounts.summary(),
    }


def _describe(fault: Fault, now: float) -> Json:
    return {
        "fault": fault.name,
        "description": KINDS[fault.name].description,
        "node": fault.node,
        "endpoint": fault.endpoint,
        "seconds": fault.duration,
        "age": round(now - fault.since, 3),
    }


def _messages(world: World, _request: Request, _asked: Json) -> Json:
    return {"messages": list(world.messages), "read": sorted(world.read)}


def _bring(world: World, request: Request, asked: Json) -> Json:
    world.timeline.start(_fault(world, asked))
    return _show(world, request, asked)


def _fault(world: World, asked: Json) -> Fault:
    name, node, endpoint, seconds = (asked.get(key) for key in ("fault", "node", "endpoint", "seconds"))
    surplus = asked.keys() - _PARAMETERS
    if surplus:
        raise _MistakeError(f"unknown: {', '.join(sorted(surplus))}; known: {', '.join(sorted(_PARAMETERS))}")
    if not isinstance(name, str) or name not in KINDS:
        raise _MistakeError(f"fault must be one of {', '.join(KINDS)}")
    if not all(value is None or isinstance(value, str) for value in (node, endpoint)):
        raise _MistakeError("node and endpoint must be texts")
    return Fault(name, world.clock(), _known_node(world, node), endpoint, _seconds(seconds))


def _known_node(world: World, node: str | None) -> str | None:
    if node is not None and not affected_nodes(Fault("dead_node", node=node), world.nodes):
        raise _MistakeError(f"node must be one of {', '.join(known.key for known in world.nodes)}")
    return node


def _seconds(value: object) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _LONGEST:
        raise _MistakeError(f"seconds must be a number from 0 to {_LONGEST:g}")
    return float(value)


def _clear(world: World, request: Request, asked: Json) -> Json:
    name = request.path_params.get("name")
    if not world.timeline.clear(world.clock(), name) and name is not None:
        raise _MistakeError(f"{name} was not asked for here; what a scenario holds ends with the scenario")
    return _show(world, request, asked)


def _play(world: World, request: Request, asked: Json) -> Json:
    name = asked.get("name")
    if not isinstance(name, str) or name not in SCENARIOS:
        raise _MistakeError(f"name must be one of {', '.join(SCENARIOS)}")
    world.timeline.play(name, SCENARIOS[name].steps[world.options.topology], world.clock())
    return _show(world, request, asked)


def _expire(world: World, _request: Request, _asked: Json) -> Json:
    return {"expired": world.accounts.expire()}


def _join(world: World, request: Request, asked: Json) -> Json:
    wa_id = asked.get("wa_id")
    if not isinstance(wa_id, str) or not is_digits(wa_id):
        raise _MistakeError("wa_id must be a text of digits")
    return world.groups.join(request.path_params["group"], wa_id).info()


def _describe_group(group: Group) -> Json:
    return {"id": group.id, "link": group.link, **group.info()}


def _groups(world: World, _request: Request, _asked: Json) -> Json:
    messages = list(world.messages)
    return {
        "groups": [
            {
                **_describe_group(group),
                "messages": [message for message in messages if message["to"] == group.id],
            }
            for group in world.groups.all()
        ]
    }


def _set_members(world: World, request: Request, asked: Json) -> Json:
    """Set the members of a group; without `admins` the business is the only admin."""
    group = world.groups.find(request.path_params["group"])
    participants, admins = asked.get("participants"), asked.get("admins", [BUSINESS])
    if not _are_people(participants) or not _are_people(admins):
        raise _MistakeError("participants and admins must be lists of texts of digits")
    group.participants, group.admins = list(participants), list(admins)
    return _describe_group(group)


def _are_people(value: object) -> TypeGuard[list[str]]:
    return isinstance(value, list) and all(isinstance(each, str) and is_digits(each) for each in value)


def _set_settings(world: World, _request: Request, asked: Json) -> Json:
    """Change settings without validation; null removes a setting."""
    world.settings = settings_store.merged(world.settings, asked)
    return {"application": world.settings}
