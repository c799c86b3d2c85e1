"""Checks of an On-Premises client: whom it pages, and whether it accepts messages."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import quote

from waexporter.commands.pager_checks.finding import bad, good, note
from waexporter.errors import ApiError, RefusedError
from waexporter.model import ClientSettings, Failure, Reason
from waexporter.paging.channels.remedies import find_remedy
from waexporter.whatsapp.documents.envelope import check
from waexporter.whatsapp.documents.groups import phone_number_of, read_group, read_invite

if TYPE_CHECKING:
    from collections.abc import Iterator

    from waexporter.commands.pager_checks.finding import Finding
    from waexporter.commands.pager_survey import Survey, TargetReport
    from waexporter.model import OnCallGroup, PagerSettings
    from waexporter.whatsapp.client import Client

_TIMEOUT = 10.0  # seconds for one request
_UNKNOWN_GROUP = 1012
_ADMINS_ONLY = "only an admin's account may read its settings"


def check_on_premises_client(
    name: str, pager: PagerSettings, report: TargetReport, surveyed: Survey
) -> Iterator[Finding]:
    """Check whom a target pages, and whether it accepts messages."""
    yield from _check_recipients(name, pager, report, surveyed)
    yield from _check_callbacks(name, report)


# --- whom it pages -----------------------------------------------------------------------------


def _check_recipients(
    name: str, pager: PagerSettings, report: TargetReport, surveyed: Survey
) -> Iterator[Finding]:
    if pager.recipients:
        words = f"{name}: pages {', '.join(pager.recipients)} (pager.recipients)"
        yield note(words, "each has to have written to the business within 24 hours, or nothing arrives")
        return
    group = pager.group or report.group
    if group is None:
        is_needed = report.target.name in pager.via or len(surveyed.reports) == 1
        yield (bad if is_needed else note)(
            f"{name}: no group is known: {_why_unknown(report)}", _advise_group(report)
        )
        return
    source = "pager.group" if pager.group else report.group_source
    if person := phone_number_of(group):
        words = f"{name}: {source} {group} looks like a person's number, not like a group's id"
        remedy = (
            f"pages are sent to {person}, as to a person, once the client has said that it is no group; "
            "if that is meant, write it into pager.recipients; this person has to have written to the "
            "business within 24 hours"
        )
        yield note(words, remedy)
        return
    yield good(f"{name}: pages the group {group} ({source})")
    yield _check_group(name, surveyed.targets.clients[report.target.name], group)


def _why_unknown(report: TargetReport) -> str:
    settings = report.settings
    if isinstance(settings, ClientSettings):
        return "on_call_pager is not set"
    if not isinstance(settings, Failure):
        return "settings are not polled (poll.settings), and none is configured"
    if settings.reason is Reason.REFUSED:
        return f"none is configured, and {_ADMINS_ONLY}"
    return f"its settings can't be read: {settings.message}"


def _advise_group(report: TargetReport) -> str:
    make = f"`waexporter pager setup --target {report.target.name}` makes a group"
    return f"{make}; or set on_call_group of the target, or pager.group"


def _check_group(name: str, client: Client, group: str) -> Finding:
    path = f"/v1/groups/{quote(group, safe='')}"
    try:
        seen = read_group(_fetch(client, path)).value
    except RefusedError as error:
        remedy = "give the target a username and password: groups and messages take no API key"
        return bad(f"{name}: the group can't be looked up: {error}", remedy)
    except ApiError as error:
        if error.code == _UNKNOWN_GROUP:
            return bad(f"{name}: there is no group {group} (1012)", find_remedy(str(error)))
        if error.status == HTTPStatus.NOT_FOUND:
            remedy = "give people's numbers in pager.recipients: late versions of the client have no groups"
            return bad(f"{name}: the client knows no groups (404)", remedy)
        return bad(f"{name}: the group can't be looked up: {error}", find_remedy(str(error)))
    return _check_members(name, seen, client, path)


def _check_members(name: str, seen: OnCallGroup, client: Client, path: str) -> Finding:
    people = seen.participants
    if people is None and seen.is_reachable is not False:
        return note(f"{name}: the group exists; who is in it can't be read", _invite(client, path))
    if not people:
        return bad(
            f"{name}: nobody but the business is in the group (messages get 1012)", _invite(client, path)
        )
    return good(f"{name}: the group exists, with {people} {'person' if people == 1 else 'people'} in it")


def _invite(client: Client, path: str) -> str:
    try:
        return f"let people join by {read_invite(_fetch(client, f'{path}/invite'))}"
    except ApiError:
        return "let people join by its invite link (GET /v1/groups/ID/invite)"


def _fetch(client: Client, path: str) -> bytes:
    reply = client.get(path, _TIMEOUT)
    check(reply)
    return reply.body


# --- whether it takes messages -------------------------------------------------------------------


def _check_callbacks(name: str, report: TargetReport) -> Iterator[Finding]:
    """Check webhooks.url: clients may refuse messages when it is not set."""
    settings = report.settings
    if isinstance(settings, ClientSettings):
        if settings.has_webhook is None:
            yield note(f"{name}: whether webhooks.url is set can't be read")
        elif settings.has_webhook:
            yield good(f"{name}: webhooks.url is set")
        else:
            remedy = "set it in the client's application settings: PATCH /v1/settings/application"
            yield bad(f"{name}: webhooks.url is not set, so messages may be refused (1022)", remedy)
    elif isinstance(settings, Failure) and settings.reason is Reason.REFUSED:
        yield note(f"{name}: whether webhooks.url is set is not known: {_ADMINS_ONLY}", "ask its admin")
    elif isinstance(settings, Failure):
        yield note(f"{name}: whether webhooks.url is set is not known: {settings.message}")
