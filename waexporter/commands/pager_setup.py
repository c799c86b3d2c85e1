"""A group for the people on call: made, and told to the client as the one to page."""

from __future__ import annotations

import sys
import time
from http import HTTPStatus
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

import msgspec

from waexporter.commands.console import confirm, write
from waexporter.commands.options import add_config, add_epilog, add_target
from waexporter.commands.pager_survey import find_target
from waexporter.commands.process import FAILED, OK
from waexporter.config import load
from waexporter.errors import ApiError, CommandError, RefusedError
from waexporter.paging.channels.remedies import find_remedy
from waexporter.transport.exchange import Request
from waexporter.transport.tls import TlsContexts
from waexporter.whatsapp.client import Client
from waexporter.whatsapp.documents.envelope import check
from waexporter.whatsapp.documents.groups import list_groups, read_invite, read_new_group, read_subject
from waexporter.whatsapp.documents.settings import read_settings

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Mapping

    from waexporter.model import Config, Target

    Say = Callable[[str], None]

_TIMEOUT = 15.0  # seconds for one request
_SETTINGS = "/v1/settings/application"
_GROUPS = "/v1/groups"
_MOST_GROUPS = 200  # that are looked at for one of the wanted name
_LEFT = frozenset({1003, 1006, 1012})  # groups that are listed, and are ours no more
_WITHOUT_GROUPS = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.NOT_IMPLEMENTED})
_NO_MASTER = frozenset({1017, 1018})  # while a failover is under way; the API says to try again
_TRIES, _PAUSE = 5, 2.0  # seconds
_NO_GROUPS = (
    "this version of the client has no groups (late ones have none): page people instead, in the "
    'configuration as pager: {recipients: ["+14155550101"]}; each has to write to the business first'
)


_EPILOG = """\
The business makes the group and people join by its invite link: nobody can be put into it. The setting
on_call_pager is written after you said yes (it needs an admin's account); otherwise the line to put into the
configuration is printed.

  waexporter pager setup --config waexporter.yml --subject "On call EU"
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add_config(parser)
    add_target(parser)
    parser.add_argument("--subject", default="On call", metavar="TEXT", help="the group's name (On call)")
    parser.add_argument("--yes", action="store_true", help="write on_call_pager without asking")
    add_epilog(parser, _EPILOG)


def run(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Create the group."""
    config = load(options.config, environ).config
    ask = confirm if sys.stdin.isatty() else None
    wish = Wish(options.subject, (lambda _: True) if options.yes else ask)
    return OK if enrol(config, find_target(config, options.target), wish, write) else FAILED


class Wish(NamedTuple):
    """What is to be made: a group's name, and who is asked before anything is made or changed."""

    subject: str
    confirm: Callable[[str], bool] | None  # None: nobody can be asked


class _Chosen(NamedTuple):
    """Whom the configuration pages, and by which key."""

    key: str
    to: str


class _Found(NamedTuple):
    """What there is before anything is made."""

    group: str | None  # of the wanted name
    setting: str | None  # on_call_pager; None: it is not set, or can't be read
    obstacle: ApiError | None  # why it can't be read


def enrol(config: Config, target: Target, wish: Wish, say: Say) -> bool:
    """Look for what there is, then make the group and write it to the settings, each if that is confirmed.

    Return whether everything was done; raise CommandError with what to do when no group could be made.
    """
    client = Client(target, config.limits, TlsContexts())
    try:
        found = _look(client, wish.subject)
        _say_found(config, target, wish.subject, found, say)
        group = found.group
        if group is None:
            if not _may_make(target, wish, say):
                return wish.confirm is not None
            group = _make_group(client, wish.subject)
            say(f"made the group {wish.subject!r} at {target.name}: {group}")
        _say_link(client, group, say)
        is_done = _appoint(client, group, found, wish, say)
    finally:
        client.close()
    _say_rest(config, target, say)
    return is_done


# --- what there is -----------------------------------------------------------------------------


def _look(client: Client, subject: str) -> _Found:
    setting, obstacle = None, None
    try:
        setting = read_settings(_ask(client, Request("GET", _SETTINGS))).value.on_call_pager
    except ApiError as error:
        obstacle = error
    return _Found(_find_group(client, subject), setting, obstacle)


def _find_group(client: Client, subject: str) -> str | None:
    """Find a group by its name, so that a second run makes no second one."""
    try:
        for group in list_groups(_ask(client, Request("GET", _GROUPS)))[:_MOST_GROUPS]:
            if _subject_of(client, group).casefold() == subject.strip().casefold():
                return group
    except RefusedError as error:
        raise CommandError(_explain_refusal(client, error)) from error
    except ApiError as error:
        if error.status in _WITHOUT_GROUPS:
            raise CommandError(_NO_GROUPS) from error
        raise CommandError(f"the group could not be made: {error} -> {find_remedy(str(error))}") from error
    return None


def _subject_of(client: Client, group: str) -> str:
    try:
        return read_subject(_ask(client, Request("GET", f"{_GROUPS}/{quote(group, safe='')}"))).strip()
    except ApiError as error:
        if error.code in _LEFT:
            return ""
        raise


def _say_found(config: Config, target: Target, subject: str, found: _Found, say: Say) -> None:
    name, chosen = target.name, _configured(config, target)
    goes = ": pages go there" if config.pager is not None else ""
    if chosen is not None:
        say(f"found: {chosen.key} is configured: {chosen.to}{goes}")
        goes = ", but the configuration wins"
    if found.setting:
        say(f"found: on_call_pager of {name} is set already, to {found.setting}{goes}")
    elif found.obstacle is None:
        say(f"found: on_call_pager of {name} is not set")
    if found.group:
        say(f"found: the group {subject!r} is at {name} already: {found.group}; no other one is made")
    else:
        say(f"found: no group {subject!r} at {name}")


def _configured(config: Config, target: Target) -> _Chosen | None:
    """Return whom the configuration pages, whatever the client's own setting says; None: nobody."""
    pager = config.pager
    if pager is not None and pager.recipients:
        return _Chosen("pager.recipients", ", ".join(pager.recipients))
    if pager is not None and pager.group:
        return _Chosen("pager.group", pager.group)
    return _Chosen(f"on_call_group of {target.name}", target.on_call_group) if target.on_call_group else None


def _may_make(target: Target, wish: Wish, say: Say) -> bool:
    if wish.confirm is None:
        say("NOT OK: nothing was made, because nobody can be asked here; --yes makes the group")
        return False
    if wish.confirm(f"make the group {wish.subject!r} at {target.name}?"):
        return True
    say("nothing was made")
    return False


# --- the group ---------------------------------------------------------------------------------


def _make_group(client: Client, subject: str) -> str:
    body = msgspec.json.encode({"subject": subject})
    try:
        return read_new_group(_ask(client, Request("POST", _GROUPS, body=body)))
    except RefusedError as error:
        raise CommandError(_explain_refusal(client, error)) from error
    except ApiError as error:
        if error.status in _WITHOUT_GROUPS:
            raise CommandError(_NO_GROUPS) from error
        raise CommandError(f"the group could not be made: {error} -> {find_remedy(str(error))}") from error


def _explain_refusal(client: Client, error: ApiError) -> str:
    return (
        f"{client.target.name} refuses to make a group ({error}): give the target a username "
        "and a password; an API key is not enough"
    )


def _say_link(client: Client, group: str, say: Say) -> None:
    path = f"{_GROUPS}/{quote(group, safe='')}/invite"
    try:
        say(f"whoever is on call joins by this link: {read_invite(_ask(client, Request('GET', path)))}")
    except ApiError as error:
        say(f"its invite link could not be read: {error}")
        say(f"  -> ask for it later: GET {path}")


# --- the setting -------------------------------------------------------------------------------


def _appoint(client: Client, group: str, found: _Found, wish: Wish, say: Say) -> bool:
    """Write `on_call_pager`, or say what to put into the configuration instead."""
    name = client.target.name
    if isinstance(found.obstacle, RefusedError):
        say(f"only an admin's account may change the settings of {name}, so on_call_pager stays as it is")
        _say_line(client.target, group, say)
        return True
    if found.obstacle is not None:
        say(f"NOT OK: the settings of {name} can't be read: {found.obstacle}")
        _say_line(client.target, group, say)
        return False
    if found.setting == group:
        say(f"on_call_pager of {name} is this group: nothing is left to write")
        return True
    if wish.confirm is None:
        say("NOT OK: on_call_pager was not written, because nobody can be asked here; --yes writes it")
        _say_line(client.target, group, say)
        return False
    if not wish.confirm(f"write on_call_pager = {group} to the settings of {name}?"):
        say("on_call_pager was not written")
        _say_line(client.target, group, say)
        return True
    return _write(client, group, say)


def _write(client: Client, group: str, say: Say) -> bool:
    body = msgspec.json.encode({"on_call_pager": group})
    try:
        _ask(client, Request("PATCH", _SETTINGS, body=body))
        after = read_settings(_ask(client, Request("GET", _SETTINGS))).value.on_call_pager
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
    elif chosen := _configured(config, target):
        say(f"NOTE: {chosen.key} is configured and wins over this group: remove it to page the new one")
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
