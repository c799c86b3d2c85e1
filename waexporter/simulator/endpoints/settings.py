"""Application settings, kept by the primary master."""

from __future__ import annotations

from typing import TYPE_CHECKING

from waexporter.simulator.endpoints.calls import Access, Call, Row
from waexporter.simulator.envelope import Answer, success
from waexporter.simulator.state import settings as settings_store

if TYPE_CHECKING:
    from waexporter.simulator.state.world import World


def _show(world: World, call: Call) -> Answer:
    faults = world.timeline.active(call.now, call.path)
    return success({"settings": {"application": settings_store.seen(world.settings, faults, call.now)}})


def _update(world: World, call: Call) -> Answer:
    world.settings = settings_store.patched(world.settings, call.document())
    return success()


def _reset(world: World, _call: Call) -> Answer:
    world.settings = settings_store.reset()
    return success()


_PATH = "/v1/settings/application"

ROWS = (
    Row("GET", _PATH, Access.ADMIN, _show, asks_master=True),
    Row("PATCH", _PATH, Access.ADMIN, _update, asks_master=True),
    Row("DELETE", _PATH, Access.ADMIN, _reset, asks_master=True),
)
