"""The profile of the business: details, About text, photo."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from waexporter.simulator.endpoints.calls import Access, Call, Row
from waexporter.simulator.endpoints.images import read_image
from waexporter.simulator.envelope import Answer, Json, refusal, success
from waexporter.simulator.parameters import chosen, invalid, refuse_surplus, wanted_list, wanted_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from waexporter.simulator.state.world import World

_LONGEST: Mapping[str, int] = {"address": 256, "description": 256, "email": 128, "vertical": 128}
_LONGEST_ABOUT = 139
_LONGEST_WEBSITE = 256
_MOST_WEBSITES = 2


def _show_business(world: World, _call: Call) -> Answer:
    return success({"settings": {"business": {"profile": world.profile.business}}})


def _update_business(world: World, call: Call) -> Answer:
    document = call.document()
    refuse_surplus(document, (*_LONGEST, "websites"))
    texts = {name: wanted_text(document, name, longest) for name, longest in _LONGEST.items()}
    if "@" not in texts["email"]:
        raise invalid("email", "is not an email address")
    world.profile.business = {**texts, "websites": _websites(document)}
    return success()


def _websites(document: Json) -> list[str]:
    websites = wanted_list(document, "websites")
    if len(websites) > _MOST_WEBSITES:
        raise invalid("websites", f"may be {_MOST_WEBSITES} at most")
    for website in websites:
        if not website.startswith(("http://", "https://")):
            raise invalid("websites", "must begin with http:// or https://")
        if len(website) > _LONGEST_WEBSITE:
            raise refusal(400, 1001, f"A website is longer than {_LONGEST_WEBSITE} characters")
    return websites


def _show_about(world: World, _call: Call) -> Answer:
    return success({"settings": {"profile": {"about": {"text": world.profile.about}}}})


def _update_about(world: World, call: Call) -> Answer:
    document = call.document()
    refuse_surplus(document, ("text",))
    world.profile.about = wanted_text(document, "text", _LONGEST_ABOUT)
    return success()


def _show_photo(world: World, call: Call) -> Answer:
    wants_link = chosen(dict(call.query), "format", ("link", ""), "") == "link"
    photo = world.profile.photo
    if photo is None:
        raise refusal(404, 1006, "There is no photo")
    if not wants_link:
        return Answer(200, *photo)
    link = f"https://pps.example.com/{sha256(photo[0]).hexdigest()}"
    return success({"settings": {"profile": {"photo": {"link": link}}}})


def _update_photo(world: World, call: Call) -> Answer:
    world.profile.photo = read_image(call)
    return success()


def _delete_photo(world: World, _call: Call) -> Answer:
    world.profile.photo = None
    return success()


_BUSINESS = "/v1/settings/business/profile"
_ABOUT = "/v1/settings/profile/about"
_PHOTO = "/v1/settings/profile/photo"

ROWS = (
    Row("GET", _BUSINESS, Access.ADMIN, _show_business, asks_master=True),
    Row("POST", _BUSINESS, Access.ADMIN, _update_business, asks_master=True),
    Row("GET", _ABOUT, Access.ADMIN, _show_about, asks_master=True),
    Row("PATCH", _ABOUT, Access.ADMIN, _update_about, asks_master=True),
    Row("GET", _PHOTO, Access.ADMIN, _show_photo, asks_master=True),
    Row("POST", _PHOTO, Access.ADMIN, _update_photo, asks_master=True),
    Row("DELETE", _PHOTO, Access.ADMIN, _delete_photo, asks_master=True),
)
