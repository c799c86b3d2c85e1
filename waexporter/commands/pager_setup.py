"""`waexporter pager setup`: create a group for the people on call, and write it to the client's settings."""

from __future__ import annotations

import sys
import time
from contextlib import closing, contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

import msgspec

from waexporter.commands.console import confirm, write
from waexporter.commands.discovery.published_targets import load_fleet
from waexporter.commands.options import add_config, add_epilog, add_target
from waexporter.commands.pager_survey import find_target
from waexporter.commands.process import FAILED, OK
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
    from collections.abc import Callable, Iterator, Mapping

    from waexporter.commands.console import Write
    from waexporter.model import Config, Target


_TIMEOUT = 15.0  # seconds for one request
_SETTINGS = "/v1/settings/application"
_GROUPS = "/v1/groups"
_MAX_GROUPS = 200  # that are searched for one of this name
_NOT_A_MEMBER = frozenset({1003, 1006, 1012})  # codes for listed groups that the business has left
_WITHOUT_GROUPS = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.NOT_IMPLEMENTED})
_NO_MASTER = frozenset({1017, 1018})  # codes during a failover; the API says to try again
_TRIES, RETRY_SECONDS = 5, 2.0
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
    config = load_fleet(options.config, environ)
    ask = confirm if sys.stdin.isatty() else None
    request = GroupRequest(options.subject, (lambda _: True) if options.yes else ask)
    return OK if create_group(config, find_target(config, options.target), request, write) else FAILED


class GroupRequest(NamedTuple):
    """The group to create: its name, and the function that asks before each change."""

    subject: str
    confirm: Callable[[str], bool] | None  # None: nobody can be asked


class _Existing(NamedTuple):
    """The group and the setting before anything is created."""

    group: str | None  # of this name
    setting: str | None  # on_call_pager; None: it is not set, or can't be read
    settings_error: ApiError | None  # why it can't be read


def create_group(
    config: Config,
    target: Target,
    request: GroupRequest,
    write: Write,
    sleep: Callable[[float], None] = time.sleep,
) -> bool:
    """Create the group and write it to the client's settings, each if `request.confirm` returns True.

    Return whether everything was done; raise CommandError, with what to do, if the group can't be created.
    """
    with closing(Client(target, config.limits, TlsContexts())) as client:
        api = _Api(client, sleep)
        existing = _read_existing(api, request.subject)
        _report_existing(config, target, request.subject, existing, write)
        group = existing.group
        if group is None:
            if not _confirm_group(target, request, write):
                return request.confirm is not None
            group = _post_group(api, request.subject)
            write(f"made the group {request.subject!r} at {target.name}: {group}")
        _write_invite_link(api, group, write)
        is_done = _set_on_call_pager(api, group, existing, request, write)
    _write_next_steps(config, target, write)
    return is_done


class _Api:
    """The API of the client; requests are repeated while no master answers them."""

    def __init__(self, client: Client, sleep: Callable[[float], None]) -> None:
        self.target = client.target
        self._client = client
        self._sleep = sleep

    def request(self, method: str, path: str, body: bytes | None = None) -> bytes:
        """Send a request and return the body of the reply; raise ApiError for a failure."""
        for left in range(_TRIES - 1, -1, -1):
            reply = self._client.send(Request(method, path, body=body), _TIMEOUT)
            try:
                check(reply)
            except ApiError as error:
                if error.code not in _NO_MASTER or not left:
                    raise
                self._sleep(RETRY_SECONDS)
            else:
                break
        return reply.body


# --- what exists -------------------------------------------------------------------------------


def _read_existing(api: _Api, subject: str) -> _Existing:
    setting, settings_error = None, None
    try:
        setting = read_settings(api.request("GET", _SETTINGS)).value.on_call_pager
    except ApiError as error:
        settings_error = error
    return _Existing(_find_group(api, subject), setting, settings_error)


def _find_group(api: _Api, subject: str) -> str | None:
    """Return the group of this name, so that a second run does not create a second one."""
    with _explained_errors(api):
        for group in list_groups(api.request("GET", _GROUPS))[:_MAX_GROUPS]:
            if _subject_of(api, group).casefold() == subject.strip().casefold():
                return group
    return None


def _subject_of(api: _Api, group: str) -> str:
    try:
        return read_subject(api.request("GET", f"{_GROUPS}/{quote(group, safe='')}")).strip()
    except ApiError as error:
        if error.code in _NOT_A_MEMBER:
            return ""
        raise


def _report_existing(config: Config, target: Target, subject: str, existing: _Existing, write: Write) -> None:
    name, chosen = target.name, _configured_recipient(config, target)
    goes = ": pages go there" if config.pager is not None else ""
    if chosen is not None:
        write(f"found: {chosen[0]} is configured: {chosen[1]}{goes}")
        goes = ", but the configuration wins"
    if existing.setting:
        write(f"found: on_call_pager of {name} is set already, to {existing.setting}{goes}")
    elif existing.settings_error is None:
        write(f"found: on_call_pager of {name} is not set")
    if existing.group:
        write(f"found: the group {subject!r} is at {name} already: {existing.group}; no other one is made")
    else:
        write(f"found: no group {subject!r} at {name}")


def _configured_recipient(config: Config, target: Target) -> tuple[str, str] | None:
    """Return the key and the recipient of the configuration, which override the client's setting."""
    pager = config.pager
    if pager is not None and pager.recipients:
        return "pager.recipients", ", ".join(pager.recipients)
    if pager is not None and pager.group:
        return "pager.group", pager.group
    return (f"on_call_group of {target.name}", target.on_call_group) if target.on_call_group else None


def _confirm_group(target: Target, request: GroupRequest, write: Write) -> bool:
    if request.confirm is None:
        write("NOT OK: nothing was made, because nobody can be asked here; --yes makes the group")
        return False
    if request.confirm(f"make the group {request.subject!r} at {target.name}?"):
        return True
    write("nothing was made")
    return False


# --- the group ---------------------------------------------------------------------------------


def _post_group(api: _Api, subject: str) -> str:
    with _explained_errors(api):
        return read_new_group(api.request("POST", _GROUPS, msgspec.json.encode({"subject": subject})))


@contextmanager
def _explained_errors(api: _Api) -> Iterator[None]:
    """Raise CommandError, with what to do, for an error of the API of groups."""
    try:
        yield
    except RefusedError as error:
        raise CommandError(
            f"{api.target.name} refuses to make a group ({error}): give the target a username "
            "and a password; an API key is not enough"
        ) from error
    except ApiError as error:
        if error.status in _WITHOUT_GROUPS:
            raise CommandError(_NO_GROUPS) from error
        raise CommandError(f"the group could not be made: {error} -> {find_remedy(str(error))}") from error


def _write_invite_link(api: _Api, group: str, write: Write) -> None:
    path = f"{_GROUPS}/{quote(group, safe='')}/invite"
    try:
        write(f"whoever is on call joins by this link: {read_invite(api.request('GET', path))}")
    except ApiError as error:
        write(f"its invite link could not be read: {error}")
        write(f"  -> ask for it later: GET {path}")


# --- the setting -------------------------------------------------------------------------------


def _set_on_call_pager(
    api: _Api, group: str, existing: _Existing, request: GroupRequest, write: Write
) -> bool:
    """Set `on_call_pager`, or write what to configure instead; return whether it is done."""
    name = api.target.name
    if isinstance(existing.settings_error, RefusedError):
        write(f"only an admin's account may change the settings of {name}, so on_call_pager stays as it is")
        _write_config_line(api.target, group, write)
        return True
    if existing.settings_error is not None:
        write(f"NOT OK: the settings of {name} can't be read: {existing.settings_error}")
        _write_config_line(api.target, group, write)
        return False
    if existing.setting == group:
        write(f"on_call_pager of {name} is this group: nothing is left to write")
        return True
    if request.confirm is None:
        write("NOT OK: on_call_pager was not written, because nobody can be asked here; --yes writes it")
        _write_config_line(api.target, group, write)
        return False
    if not request.confirm(f"write on_call_pager = {group} to the settings of {name}?"):
        write("on_call_pager was not written")
        _write_config_line(api.target, group, write)
        return True
    return _patch_on_call_pager(api, group, write)


def _patch_on_call_pager(api: _Api, group: str, write: Write) -> bool:
    body = msgspec.json.encode({"on_call_pager": group})
    try:
        api.request("PATCH", _SETTINGS, body)
        after = read_settings(api.request("GET", _SETTINGS)).value.on_call_pager
    except ApiError as error:
        write(f"NOT OK: on_call_pager could not be written: {error}")
        _write_config_line(api.target, group, write)
        return False
    if after != group:
        write("NOT OK: the client took on_call_pager but shows none: this version may not have it")
        _write_config_line(api.target, group, write)
        return False
    write(f"wrote on_call_pager to the settings of {api.target.name}")
    write("  a running daemon sees it when it next polls them (poll.settings)")
    return True


def _write_config_line(target: Target, group: str, write: Write) -> None:
    write(f"  -> put this into the entry of {target.name} in the configuration, then reload the daemon:")
    write(f'       on_call_group: "{group}"')


def _write_next_steps(config: Config, target: Target, write: Write) -> None:
    pager = config.pager
    if pager is None:
        write("no pager is configured yet: add at least this to the configuration, then restart the daemon:")
        write("       pager: {state_dir: /var/lib/waexporter}")
    elif chosen := _configured_recipient(config, target):
        write(f"NOTE: {chosen[0]} is configured and wins over this group: remove it to page the new one")
    write("next: let people join, then `waexporter pager check`, then `waexporter pager test`")
