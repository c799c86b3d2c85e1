"""Groups: create, invite, change, leave."""

from __future__ import annotations

from typing import TYPE_CHECKING

from waexporter.simulator.endpoints import groups_view
from waexporter.simulator.endpoints.calls import Access, Call, Row
from waexporter.simulator.endpoints.images import read_image
from waexporter.simulator.envelope import Answer, refusal, success
from waexporter.simulator.parameters import is_digits, refuse_surplus, wanted_list, wanted_text
from waexporter.simulator.state.groups import BUSINESS

if TYPE_CHECKING:
    from waexporter.simulator.state.groups import Group
    from waexporter.simulator.state.world import World

_LONGEST_SUBJECT = 100


def _shown(world: World, call: Call) -> Group:
    return groups_view.find_shown(world, call, call.params["group"])


def _governed(world: World, call: Call) -> Group:
    return groups_view.find_governed(world, call, call.params["group"])


def _subject(call: Call) -> str:
    document = call.document()
    refuse_surplus(document, ("subject",))
    return wanted_text(document, "subject", _LONGEST_SUBJECT)


def _list(world: World, call: Call) -> Answer:
    return success({"groups": [{"id": group.id} for group in groups_view.show(world, call)]})


def _create(world: World, call: Call) -> Answer:
    group = world.groups.create(_subject(call), call.now)
    return success({"groups": [{"creation_time": group.created, "id": group.id}]}, 201)


def _info(world: World, call: Call) -> Answer:
    return success({"groups": [_shown(world, call).info()]})


def _update(world: World, call: Call) -> Answer:
    group = _governed(world, call)
    group.subject = _subject(call)
    return success()


def _invite(world: World, call: Call) -> Answer:
    return success({"groups": [{"link": _governed(world, call).link}]})


def _revoke_invite(world: World, call: Call) -> Answer:
    _governed(world, call).renew_link()
    return success()


def _remove(world: World, call: Call) -> Answer:
    group = _governed(world, call)
    people = _members(group, call)
    group.participants = [person for person in group.participants if person not in people]
    group.admins = [person for person in group.admins if person not in people]
    return success()


def _leave(world: World, call: Call) -> Answer:
    world.groups.leave(groups_view.find_member(world, call, call.params["group"]).id)
    return success()


def _promote(world: World, call: Call) -> Answer:
    group = _governed(world, call)
    group.admins += [person for person in dict.fromkeys(_members(group, call)) if person not in group.admins]
    return success()


def _demote(world: World, call: Call) -> Answer:
    group = _governed(world, call)
    people = _members(group, call)
    group.admins = [person for person in group.admins if person not in people]
    return success()


def _members(group: Group, call: Call) -> list[str]:
    """Return the named members, who must be in the group; the business itself is refused."""
    document = call.document()
    refuse_surplus(document, ("wa_ids",))
    people = wanted_list(document, "wa_ids")
    for person in people:
        if not is_digits(person):
            raise refusal(400, 1013, f"User {person} is not valid")
        if person == BUSINESS or person not in group.participants:
            raise refusal(400, 1021, f"User {person} is not a participant")
    return people


def _icon(world: World, call: Call) -> Answer:
    icon = _shown(world, call).icon
    if icon is None:
        raise refusal(404, 1006, "The group has no icon")
    return Answer(200, *icon)


def _set_icon(world: World, call: Call) -> Answer:
    group = _governed(world, call)
    group.icon = read_image(call)
    return success()


def _delete_icon(world: World, call: Call) -> Answer:
    _governed(world, call).icon = None
    return success()


ROWS = (
    Row("GET", "/v1/groups", Access.USER, _list),
    Row("POST", "/v1/groups", Access.USER, _create),
    Row("GET", "/v1/groups/{group}", Access.USER, _info),
    Row("PUT", "/v1/groups/{group}", Access.USER, _update),
    Row("GET", "/v1/groups/{group}/invite", Access.USER, _invite),
    Row("DELETE", "/v1/groups/{group}/invite", Access.USER, _revoke_invite),
    Row("DELETE", "/v1/groups/{group}/participants", Access.USER, _remove),
    Row("POST", "/v1/groups/{group}/leave", Access.USER, _leave),
    Row("GET", "/v1/groups/{group}/icon", Access.USER, _icon),
    Row("POST", "/v1/groups/{group}/icon", Access.USER, _set_icon),
    Row("DELETE", "/v1/groups/{group}/icon", Access.USER, _delete_icon),
    Row("PATCH", "/v1/groups/{group}/admins", Access.USER, _promote),
    Row("DELETE", "/v1/groups/{group}/admins", Access.USER, _demote),
)
