"""A group for the people on call: made, and told to the client as the one to page."""

from __future__ import annotations

import time
from http import HTTPStatus
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

import msgspec

from waexporter.errors import ApiError, RefusedError, StartError
from waexporter.paging.remedies import find_remedy
from waexporter.whatsapp.client import Client, TlsContexts
from waexporter.whatsapp.envelope import check
from waexporter.whatsapp.exchange import Request
from waexporter.whatsapp.groups import read_invite, read_new_group
from waexporter.whatsapp.settings import read_settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from waexporter.model import Config, Target

    Say = Callable[[str], None]

_TIMEOUT = 15.0  # seconds for one request
_SETTINGS = "/v1/settings/application"
_NO_MASTER = frozenset({1017, 1018})  # while a failover is under way; the API says to try again
_TRIES, _PAUSE = 5, 2.0  # seconds
_NO_GROUPS = (
    "this version of the client has no groups (late ones have none): page people instead, in the "
    'configuration as pager: {recipients: ["+14155550101"]}; each has to write to the business first'
)


class Wish(NamedTuple):
    """What is to be made: a group's name, and who is asked before the settings are changed."""

    subject: str
    confirm: Callable[[str], bool] | None  # None: nobody can be asked


def enrol(config: Config, target: Target, wish: Wish, say: Say) -> bool:
    """Make the group, say its invite link, and write it to the settings if that is confirmed.

    Gives whether nothing failed on the way; raises StartError with what to do when no group could be made.
    """
    client = Client(target, config.limits, TlsContexts())
    try:
        group = _make_group(client, wish.subject)
        say(f"made the group {wish.subject!r} at {target.name}: {group}")
        _say_link(client, group, say)
        is_done = _appoint(client, group, wish, say)
    finally:
        client.close()
    _say_rest(config, target, say)
    return is_done


# --- the group ---------------------------------------------------------------------------------


def _make_group(client: Client, subject: str) -> str:
    body = msgspec.json.encode({"subject": subject})
    try:
        return read_new_group(_ask(client, Request("POST", "/v1/groups", body=body)))
    except RefusedError as error:
        raise StartError(
            f"{client.target.name} refuses to make a group ({error}): give the target a username "
            "and a password; an API key is not enough"
        ) from error
    except ApiError as error:
        if error.status in {HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.NOT_IMPLEMENTED}:
            raise StartError(_NO_GROUPS) from error
        raise StartError(f"the group could not be made: {error} -> {find_remedy(str(error))}") from error


def _say_link(client: Client, group: str, say: Say) -> None:
    path = f"/v1/groups/{quote(group, safe='')}/invite"
    try:
        say(f"whoever is on call joins by this link: {read_invite(_ask(client, Request('GET', path)))}")
    except ApiError as error:
        say(f"its invite link could not be read: {error}")
        say(f"  -> ask for it later: GET {path}")


# --- the setting -------------------------------------------------------------------------------


def _appoint(client: Client, group: str, wish: Wish, say: Say) -> bool:
    """Write `on_call_pager`, or say what to put into the configuration instead."""
    name = client.target.name
    try:
        before = read_settings(_ask(client, Request("GET", _SETTINGS))).said.on_call_pager
    except RefusedError:
        say(f"only an admin's account may change the settings of {name}, so on_call_pager stays as it is")
        _say_line(client.target, group, say)
        return True
    except ApiError as error:
        say(f"NOT OK: the settings of {name} can't be read: {error}")
        _say_line(client.target, group, say)
        return False
    if before:
        say(f"on_call_pager of {name} is set already, to {before}; pages go there until it is changed")
    if wish.confirm is None:
        say("on_call_pager was not written, because nobody can be asked here; --yes writes it")
        _say_line(client.target, group, say)
        return True
    if not wish.confirm(f"write on_call_pager = {group} to the settings of {name}?"):
        say("on_call_pager was not written")
        _say_line(client.target, group, say)
        return True
    return _write(client, group, say)


def _write(client: Client, group: str, say: Say) -> bool:
    body = msgspec.json.encode({"on_call_pager": group})
    try:
        _ask(client, Request("PATCH", _SETTINGS, body=body))
        after = read_settings(_ask(client, Request("GET", _SETTINGS))).said.on_call_pager
    except ApiError as error:
        say(f"NOT OK: on_call_pager could not be written: {error}")
        _say_line(client.target, group, say)
        return False
    if after != group:
        say("NOT OK: the client took on_call_pager but shows none: this version may not have it")
        _say_line(client.target, group, say)
        return False
    say(f"wrote on_call_pager to the settings of {client.target.name}")
    say("  a running daemon sees it when it next polls them (poll.settings)")
    return True


def _say_line(target: Target, group: str, say: Say) -> None:
    say(f"  -> put this into the entry of {target.name} in the configuration, then reload the daemon:")
    say(f'       on_call_group: "{group}"')


def _say_rest(config: Config, target: Target, say: Say) -> None:
    pager = config.pager
    if pager is None:
        say("no pager is configured yet: add at least this to the configuration, then restart the daemon:")
        say("       pager: {state_dir: /var/lib/waexporter}")
    elif pager.recipients or pager.group:
        key = "pager.recipients" if pager.recipients else "pager.group"
        say(f"NOTE: {key} is configured and wins over this group: remove it to page the new one")
    elif target.on_call_group:
        say(f"NOTE: on_call_group of {target.name} is configured and wins: change it to page the new group")
    say("next: let people join, then `waexporter pager check`, then `waexporter pager test`")


def _ask(client: Client, request: Request) -> bytes:
    """Ask for it, again while no master answers for the settings."""
    for left in range(_TRIES - 1, -1, -1):
        reply = client.send(request, _TIMEOUT)
        try:
            check(reply)
        except ApiError as error:
            if error.code not in _NO_MASTER or not left:
                raise
            time.sleep(_PAUSE)
        else:
            break
    return reply.body
