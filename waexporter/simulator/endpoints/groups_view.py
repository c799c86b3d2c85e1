"""The groups as callers see them under the active faults."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from waexporter.simulator.envelope import refusal
from waexporter.simulator.faults.faults import find
from waexporter.simulator.state.groups import BUSINESS, ON_CALL

if TYPE_CHECKING:
    from waexporter.simulator.endpoints.calls import Call
    from waexporter.simulator.state.groups import Group
    from waexporter.simulator.state.world import World


def show(world: World, call: Call) -> tuple[Group, ...]:
    """Return all groups, the oldest first."""
    faults = world.timeline.active(call.now, call.path)
    on_call = world.settings.get("on_call_pager") or ON_CALL
    groups = world.groups.all()
    if find(faults, "group_gone"):
        groups = tuple(group for group in groups if group.id != on_call)
    if find(faults, "group_empty"):
        groups = tuple(_emptied(group) if group.id == on_call else group for group in groups)
    return groups


def _emptied(group: Group) -> Group:
    return replace(group, participants=[], admins=[admin for admin in group.admins if admin == BUSINESS])


def find_shown(world: World, call: Call, group_id: str) -> Group:
    """Return a visible group; refuses an unknown one."""
    for group in show(world, call):
        if group.id == group_id:
            return group
    raise refusal(404, 1012, f"Group {group_id} not found")


def find_member(world: World, call: Call, group_id: str) -> Group:
    """Return a group of which the business is a member."""
    if world.groups.was_left(group_id):
        raise refusal(400, 1003, f"The business is not a participant of group {group_id}")
    return find_shown(world, call, group_id)


def find_governed(world: World, call: Call, group_id: str) -> Group:
    """Return a group that the business may change as its admin."""
    find_member(world, call, group_id)
    group = world.groups.find(group_id)
    if BUSINESS not in group.admins:
        raise refusal(400, 1019, f"The business is not an admin of group {group_id}")
    return group
