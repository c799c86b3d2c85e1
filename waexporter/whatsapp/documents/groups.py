"""Groups: the one that is paged, and who is in it."""

from __future__ import annotations

import re
from typing import Any

from waexporter.errors import BodyError
from waexporter.model import Drop, OnCallGroup
from waexporter.transport.lenient_json import Losses, Parsed, as_list, json_type, printable
from waexporter.whatsapp.documents.envelope import read_document, text_of

_LARGEST_NUMBER = 10**40
# A telephone number has 15 digits at most (E.164); a group's id has a dash or more digits.
_PERSON = re.compile(r"(?:\+|00)?([1-9][0-9]{5,14})(@c\.us|@s\.whatsapp\.net)?")
_BLANKS = re.compile(r"[ ()]")


def persons_number(identifier: str) -> str:
    """Return the telephone number that the id of a group is, as the API wants it; empty for any other."""
    found = _PERSON.fullmatch(_BLANKS.sub("", identifier))
    return found[1] if found else ""


def read_group(body: bytes) -> Parsed[OnCallGroup]:
    """Read GET /v1/groups/{id}: how many people are in the group beside the business itself."""
    group = _first(body, "groups", "participants", "admins")
    losses = Losses()
    people = _numbers(group, "participants", losses)
    admins = _numbers(group, "admins", losses) if "admins" in group else set()
    # The business created the group: it may be listed, but nobody reads its pages there.
    creator = _number(group.get("creator"))
    if creator is None and "creator" in group:
        losses.add(Drop.MALFORMED, "creator", f"{json_type(group['creator'])} in the place of a number")
    known = {*(people or ()), *(admins or ())} - {creator, None}
    if people is None or admins is None or None in people or None in admins or creator is None:
        # Without its creator one of them may be the business.
        return losses.attach_to(OnCallGroup(None, at_least=max(len(known) - (creator is None), 0)))
    return losses.attach_to(OnCallGroup(len(known)))


def _numbers(group: dict[str, Any], key: str, losses: Losses) -> set[str | None] | None:
    """Return the people in a list, None for those who can't be read; None where there is no list."""
    said = group.get(key)
    members = as_list(said)
    if members is None:
        losses.add(Drop.MALFORMED, key, f"{json_type(said)} in the place of a list")
        return None
    numbers = {_number(member) for member in members}
    if None in numbers:
        losses.add(Drop.MALFORMED, key, "not every one is somebody's number")
    return numbers


def _number(said: object) -> str | None:
    """Return a telephone number or the id of a group, also one written as a number."""
    if isinstance(said, int) and not isinstance(said, bool) and 0 < said < _LARGEST_NUMBER:
        return str(said)
    return printable(said).strip().removeprefix("+") or None if isinstance(said, str) else None


def lists_group(body: bytes, group: str) -> bool:
    """Return whether GET /v1/groups lists a group; raises BodyError when the answer lists none at all."""
    return group in list_groups(body)


def list_groups(body: bytes) -> tuple[str, ...]:
    """Return the ids of GET /v1/groups; raises BodyError when the answer has no list of them."""
    listed = as_list(read_document(body, "groups")["groups"])
    if listed is None:
        raise BodyError("the answer has no list of groups in it")
    ids = (_number(each.get("id")) for each in listed if isinstance(each, dict))
    return tuple(each for each in ids if each is not None)


def read_subject(body: bytes) -> str:
    """Read GET /v1/groups/{id}: the group's name; empty where it does not say."""
    return printable(text_of(_first(body, "groups", "subject", "participants").get("subject")) or "")


def read_new_group(body: bytes) -> str:
    """Read POST /v1/groups: the id of the group that was made."""
    number = _number(_first(body, "groups", "id").get("id"))
    if number is None:
        raise BodyError("the answer has no id of a group in it")
    return number


def read_invite(body: bytes) -> str:
    """Read GET /v1/groups/{id}/invite: the link by which people join."""
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
    """Return the first map of a list, or the map in its place, that has one of the wanted keys."""
    said = read_document(body, key)[key]
    maps = (each for each in as_list(said) or [said] if isinstance(each, dict))
    first = next((each for each in maps if not each.keys().isdisjoint(wanted)), None)
    if first is None:
        raise BodyError(f"the answer has nothing in {key!r}")
    return first
