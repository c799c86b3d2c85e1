"""Media: upload, download, delete."""

from __future__ import annotations

from typing import TYPE_CHECKING

from waexporter.simulator.endpoints.calls import Access, Call, Row
from waexporter.simulator.envelope import Answer, refusal, success
from waexporter.simulator.parameters import missing
from waexporter.simulator.state.media import MOST_BYTES

if TYPE_CHECKING:
    from waexporter.simulator.state.world import World


def _upload(world: World, call: Call) -> Answer:
    if not call.content_type:
        raise missing("Content-Type")
    if not call.body:
        raise refusal(400, 1025, "The body is empty")
    if len(call.body) > MOST_BYTES:
        raise refusal(400, 1009, f"The file is larger than {MOST_BYTES} bytes")
    return success({"media": [{"id": world.media.add(call.body, call.content_type)}]})


def _download(world: World, call: Call) -> Answer:
    return Answer(200, *world.media.find(call.params["media"]))


def _delete(world: World, call: Call) -> Answer:
    world.media.remove(call.params["media"])
    return success()


ROWS = (
    Row("POST", "/v1/media", Access.USER, _upload),
    Row("GET", "/v1/media/{media}", Access.USER, _download),
    Row("DELETE", "/v1/media/{media}", Access.USER, _delete),
)
