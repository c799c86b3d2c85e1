"""The types of messages: a table of their required and optional fields."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from waexporter.simulator.envelope import Json, refusal
from waexporter.simulator.parameters import invalid, missing, refuse_surplus, wanted, wanted_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from waexporter.simulator.state.media import Media

# Refuses a content; of its shape the table knows already.
_Check: TypeAlias = "Callable[[Any, Media], None]"

_LONGEST_TEXT = 4096
_LONGEST_CAPTION = 3000
_CONTACT_PARTS = ("addresses", "birthday", "emails", "ims", "name", "org", "phones", "urls")


def read_content(document: Json, kind: object, media: Media) -> object:
    """Return the content of a message, which stands under the name of its type."""
    if not isinstance(kind, str) or kind not in _TYPES:
        raise invalid("type", f"must be one of {', '.join(_TYPES)}")
    shape, check = _TYPES[kind]
    content = wanted(document, kind, shape)
    check(content, media)
    return content


def _text(content: Json, _media: Media) -> None:
    refuse_surplus(content, ("body",))
    wanted_text(content, "body", _LONGEST_TEXT)


def _file(*more: str) -> _Check:
    """Return the check of a message with a file: an uploaded one, or a link."""

    def check(content: Json, media: Media) -> None:
        refuse_surplus(content, ("id", "link", "provider", *more))
        texts = {name: wanted(content, name, str) for name in content if name != "provider"}
        if len(texts.keys() & {"id", "link"}) != 1:
            raise missing("id or link")
        if len(texts.get("caption", "")) > _LONGEST_CAPTION:
            raise refusal(400, 1001, f"Parameter caption is longer than {_LONGEST_CAPTION} characters")
        if "id" in texts:
            media.find(texts["id"])

    return check


def _template(*more: str) -> _Check:
    """Return the check of a template message."""

    def check(content: Json, _media: Media) -> None:
        refuse_surplus(content, ("namespace", "language", "components", "localizable_params", *more))
        for name in ("namespace", *more):
            wanted(content, name, str)
        wanted(wanted(content, "language", dict), "code", str)
        for name in content.keys() & {"components", "localizable_params"}:
            _maps(name, content[name])

    return check


def _hsm(content: Json, media: Media) -> None:
    _template("element_name")(content, media)
    if "localizable_params" not in content:
        raise missing("localizable_params")


def _location(content: Json, _media: Media) -> None:
    refuse_surplus(content, ("longitude", "latitude", "name", "address"))
    for name, bound in (("longitude", 180.0), ("latitude", 90.0)):
        if content.get(name) in (None, ""):
            raise missing(name)
        if not _is_within(content[name], bound):
            raise invalid(name, f"must be a number from -{bound:g} to {bound:g}")
    for name in ("name", "address"):
        wanted(content, name, str)


def _is_within(value: object, bound: float) -> bool:
    """Return whether a number, or text with a number, is in the bound: specification and examples differ."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return False
    try:
        return abs(float(value)) <= bound
    except (ValueError, OverflowError):
        return False


def _contacts(contacts: list[object], _media: Media) -> None:
    if not contacts:
        raise missing("contacts")
    for contact in contacts:
        if not isinstance(contact, dict):
            raise invalid("contacts", "must be a list of maps")
        refuse_surplus(contact, _CONTACT_PARTS)
        wanted(contact, "name", dict)


def _maps(name: str, value: object) -> None:
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        raise invalid(name, "must be a list of maps")


_TYPES: Mapping[str, tuple[type[Any], _Check]] = {
    "audio": (dict, _file()),
    "contacts": (list, _contacts),
    "document": (dict, _file("caption", "filename")),
    "hsm": (dict, _hsm),
    "image": (dict, _file("caption")),
    "location": (dict, _location),
    "template": (dict, _template("name")),
    "text": (dict, _text),
    "video": (dict, _file("caption")),
    "voice": (dict, _file()),
}
