"""Groups and contacts: /v1/groups, /v1/groups/{id}, its invite, and /v1/contacts."""

from __future__ import annotations

import re
from typing import Any

from waexporter.errors import BodyError
from waexporter.model import Drop, OnCallGroup
from waexporter.transport.lenient_json import Losses, Parsed, as_list, json_type, list_maps, printable
from waexporter.whatsapp.documents.envelope import read_document, text_of

_MAX_NUMBER = 10**40
# A telephone number has 15 digits at most (E.164); a group's id has a dash or more digits.
_PERSON = re.compile(r"(?:\+|00)?([1-9][0-9]{5,14})(@c\.us|@s\.whatsapp\.net)?")
_BLANKS = re.compile(r"[ ()]")


def phone_number_of(identifier: str) -> str:
    """Return a recipient's telephone number as the API wants it; empty if the id is that of a group."""
    found = _PERSON.fullmatch(_BLANKS.sub("", identifier))
    return found[1] if found else ""


def read_group(body: bytes) -> Parsed[OnCallGroup]:
    """Read GET /v1/groups/{id}: the number of people in the group, without the business itself."""
    group = _first(body, "groups", "participants", "admins")
    losses = Losses()
    people = _numbers(group, "participants", losses)
    admins = _numbers(group, "admins", losses) if "admins" in group else set()
    # The business created the group: it may be among the participants, but it reads no pages.
    creator = _number(group.get("creator"))
    if creator is None and "creator" in group:
        losses.add(Drop.MALFORMED, "creator", f"{json_type(group['creator'])} in the place of a number")
    known = {*(people or ()), *(admins or ())} - {creator, None}
    if people is None or admins is None or None in people or None in admins or creator is None:
        # If the creator is not known, one of the participants may be the business.
        return losses.attach_to(OnCallGroup(None, at_least=max(len(known) - (creator is None), 0)))
    return losses.attach_to(OnCallGroup(len(known)))


def _numbers(group: dict[str, Any], key: str, losses: Losses) -> set[str | None] | None:
    """Return the numbers in a list, with None for those that can't be read; None if there is no list."""
    value = group.get(key)
    members = as_list(value)
    if members is None:
        losses.add(Drop.MALFORMED, key, f"{json_type(value)} in the place of a list")
        return None
    numbers = {_number(member) for member in members}
    if None in numbers:
        losses.add(Drop.MALFORMED, key, "not every one is somebody's number")
    return numbers


def _number(value: object) -> str | None:
    """Return a telephone number or the id of a group as a string; in JSON it may be a number."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value < _MAX_NUMBER:
        return str(value)
    return printable(value).strip().removeprefix("+") or None if isinstance(value, str) else None


def lists_group(body: bytes, group: str) -> bool:
    """Read GET /v1/groups: whether a group is listed; raise BodyError if there is no list."""
    return group in list_groups(body)


def list_groups(body: bytes) -> tuple[str, ...]:
    """Read GET /v1/groups: the ids of the groups; raise BodyError if there is no list."""
    listed = as_list(read_document(body, "groups")["groups"])
    if listed is None:
        raise BodyError("the answer has no list of groups in it")
    ids = (_number(each.get("id")) for each in listed if isinstance(each, dict))
    return tuple(each for each in ids if each is not None)


def read_subject(body: bytes) -> str:
    """Read GET /v1/groups/{id}: the group's name; empty if it is absent."""
    return text_of(_first(body, "groups", "subject", "participants").get("subject"))


def read_new_group(body: bytes) -> str:
    """Read POST /v1/groups: the id of the new group."""
    number = _number(_first(body, "groups", "id").get("id"))
    if number is None:
        raise BodyError("the answer has no id of a group in it")
    return number


def read_invite(body: bytes) -> str:
    """Read GET /v1/groups/{id}/invite: the link for joining."""
    link = text_of(_first(body, "groups", "link").get("link"))
    if not link:
        raise BodyError("the answer has no link in it")
    return link


def read_contact_status(body: bytes) -> str:
    """Read POST /v1/contacts for one number: valid, invalid, processing."""
    status = _first(body, "contacts", "status").get("status")
    if not isinstance(status, str):
        raise BodyError("the answer does not say what became of the contact")
    return printable(status)


def _first(body: bytes, key: str, *wanted: str) -> dict[str, Any]:
    """Return the first map with one of the wanted keys, from a list or from a single map in its place."""
    maps = list_maps(read_document(body, key)[key])
    first = next((each for each in maps if not each.keys().isdisjoint(wanted)), None)
    if first is None:
        raise BodyError(f"the answer has nothing in {key!r}")
    return first
