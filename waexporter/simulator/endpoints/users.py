"""Users: logins, and the accounts that an administrator manages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from waexporter.simulator.endpoints.calls import Access, Call, Row
from waexporter.simulator.envelope import Answer, success
from waexporter.simulator.faults.faults import find
from waexporter.simulator.parameters import invalid, refuse_surplus, wanted, wanted_text
from waexporter.simulator.state.accounts import ADMIN, denied

if TYPE_CHECKING:
    from waexporter.simulator.state.world import World

_LONGEST_NAME = 64


def _login(world: World, call: Call) -> Answer:
    if find(world.timeline.active(call.now, call.path), "refuse_logins"):
        raise denied()
    document = call.document()
    refuse_surplus(document, ("new_password",))
    new = document.get("new_password")
    if new is not None and not isinstance(new, str):
        raise invalid("new_password", "has a wrong type")
    token = world.accounts.login(call.authorization, new, call.peer, call.now)
    return success({"users": [token.document()]})


def _logout(world: World, call: Call) -> Answer:
    world.accounts.logout(call.token)
    return success()


def _create(world: World, call: Call) -> Answer:
    document = call.document()
    refuse_surplus(document, ("username", "password"))
    name = wanted_text(document, "username", _LONGEST_NAME)
    account = world.accounts.add(name, wanted(document, "password", str))
    return success({"users": [{"username": account.name}]}, 201)


def _show(world: World, call: Call) -> Answer:
    account = world.accounts.find(_own(call))
    return success({"users": [{"username": account.name, "ROLES": f"ROLE_{account.role.upper()}"}]})


def _update(world: World, call: Call) -> Answer:
    name = _own(call)
    document = call.document()
    refuse_surplus(document, ("password",))
    world.accounts.change(name, wanted(document, "password", str))
    return success({"users": [{"username": name}]})


def _delete(world: World, call: Call) -> Answer:
    name = call.params["name"]
    if name == ADMIN:
        raise denied(403, "The first administrator can't be deleted")
    world.accounts.remove(name)
    return success({"users": [{"username": name}]})


def _own(call: Call) -> str:
    """Return the user name in the path; only an administrator may name another user."""
    name = call.params["name"]
    if call.user is None or (call.user.role != "admin" and call.user.name != name):
        raise denied(403, "Only an administrator may see or change other users")
    return name


ROWS = (
    Row("POST", "/v1/users/login", Access.NOBODY, _login),
    Row("POST", "/v1/users/logout", Access.USER, _logout),
    Row("POST", "/v1/users", Access.ADMIN, _create),
    Row("GET", "/v1/users/{name}", Access.USER, _show),
    Row("PUT", "/v1/users/{name}", Access.USER, _update),
    Row("DELETE", "/v1/users/{name}", Access.ADMIN, _delete),
)
