"""Groups: the one that is paged, and who is in it."""

from __future__ import annotations

from typing import Any

import msgspec

from waexporter.errors import BodyError
from waexporter.model import Group
from waexporter.whatsapp.envelope import decode, printable


class _Group(msgspec.Struct):
    participants: Any = None
    admins: Any = None
    creator: Any = None


class _Document(msgspec.Struct):
    groups: list[_Group]


_DOCUMENT = msgspec.json.Decoder(_Document)


def read_group(body: bytes) -> Group:
    """Read GET /v1/groups/{id}: how many people are in the group beside the business itself."""
    groups = decode(body, _DOCUMENT).groups
    if not groups:
        message = "the answer has no group in it"
        raise BodyError(message)
    group = groups[0]
    # The business created the group: it may be listed, but nobody reads its pages there.
    members = {*_texts(group.participants), *_texts(group.admins)} - _texts([group.creator])
    return Group(len(members))


class _New(msgspec.Struct):
    id: str


class _NewDocument(msgspec.Struct):
    groups: list[_New]


_NEW_DOCUMENT = msgspec.json.Decoder(_NewDocument)


def read_new_group(body: bytes) -> str:
    """Read POST /v1/groups: the id of the group that was made."""
    groups = decode(body, _NEW_DOCUMENT).groups
    if not groups:
        raise BodyError("the answer has no group in it")
    return groups[0].id


class _Invite(msgspec.Struct):
    link: str


class _InviteDocument(msgspec.Struct):
    groups: list[_Invite]


_INVITE_DOCUMENT = msgspec.json.Decoder(_InviteDocument)


def read_invite(body: bytes) -> str:
    """Read GET /v1/groups/{id}/invite: the link by which people join."""
    groups = decode(body, _INVITE_DOCUMENT).groups
    if not groups:
        raise BodyError("the answer has no link in it")
    return printable(groups[0].link)


class _Contact(msgspec.Struct):
    status: str


class _Contacts(msgspec.Struct):
    contacts: list[_Contact]


_CONTACTS = msgspec.json.Decoder(_Contacts)


def read_contact_status(body: bytes) -> str:
    """Read POST /v1/contacts for one number: valid, invalid, processing."""
    contacts = decode(body, _CONTACTS).contacts
    if not contacts:
        message = "the answer has no contact in it"
        raise BodyError(message)
    return contacts[0].status


def _texts(said: object) -> set[str]:
    return {member for member in said if isinstance(member, str)} if isinstance(said, list) else set()
