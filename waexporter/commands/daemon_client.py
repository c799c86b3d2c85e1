"""A running daemon as another process of ours finds it: at the address it is configured to listen on."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - msgspec reads it at run time
from http import HTTPStatus
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from waexporter.errors import ApiError, CommandError
from waexporter.model import Limits, Reason, Target
from waexporter.paging.journal.entry import Attempt
from waexporter.transport.exchange import Request, basic_auth
from waexporter.transport.lenient_json import printable
from waexporter.transport.tls import TlsContexts
from waexporter.whatsapp.client import Client
from waexporter.whatsapp.documents.envelope import decode

if TYPE_CHECKING:
    from waexporter.model import WebhookAuth, WebSettings
    from waexporter.transport.exchange import Reply

_TIMEOUT = 15.0  # seconds for one request
_RELOAD_TIMEOUT = 120.0  # seconds: it may wait for another one, and for slow disks
_MOST_PAGES = 200  # that are asked for at a time
_RESTART = "restart the daemon, so that it works with the configuration that is read here"


class _Shown(msgspec.Struct):
    fingerprint: str = ""


class _Tried(msgspec.Struct):
    way: str = ""
    recipient: str = ""
    code: str = ""
    why: str = ""


class Told(msgspec.Struct):
    """One page as GET /api/v1/pages gives it."""

    number: int
    state: str
    channel: str = ""
    destination: str = ""
    attempts: int = 0
    repeats: int = 0
    why: str = ""
    tried: list[_Tried] = []
    shown: list[_Shown] = []

    def trail(self) -> tuple[Attempt, ...]:
        """Return what was tried, in the order it was made."""
        return tuple(Attempt(0.0, each.way, each.recipient, each.code, each.why) for each in self.tried)


class Watched(msgspec.Struct):
    """An alert that must keep coming."""

    source: str
    silent_seconds: float
    max_silence_seconds: float
    heard: bool = True  # at some time


class Refused(msgspec.Struct):
    """Webhooks of one sender that were refused, without one that was taken since."""

    sender: str
    agent: str
    status: int | None
    why: str
    webhooks: int
    since: datetime
    last: datetime


class Pages(msgspec.Struct):
    """What GET /api/v1/pages gives."""

    at: datetime
    journal: str
    pending: int
    pages: list[Told]
    watchdogs: list[Watched] = []
    refused: list[Refused] = []
    unexpected_watchdogs: list[str] = []

    def about(self, fingerprint: str) -> Told | None:
        """Give the page that tells of an alert."""
        return next(
            (page for page in self.pages if any(each.fingerprint == fingerprint for each in page.shown)), None
        )


_PAGES = msgspec.json.Decoder(Pages)


class Ears(NamedTuple):
    """How a daemon was found: at which address, and who asks it."""

    url: str
    client: Client
    authorization: str


def find(web: WebSettings, auth: WebhookAuth) -> Daemon | None:
    """Find the daemon with its pager; None when nobody listens there.

    Raises CommandError with what to do for anything else than a daemon of ours with a pager.
    """
    client = Client(Target("waexporter", web.own_url), Limits(), TlsContexts())
    daemon = Daemon(Ears(web.own_url, client, _authorization(auth)))
    try:
        daemon.pages()
    except ApiError as error:
        daemon.close()
        if error.reason is Reason.UNREACHABLE and not error.may_have_arrived:
            return None
        raise CommandError(
            f"something listens at {web.own_url}, but answers like no waexporter ({error}): check web.listen"
        ) from error
    except CommandError:
        daemon.close()
        raise
    return daemon


class Renewed(msgspec.Struct):
    """What POST /-/reload gives: what changed, or why nothing did."""

    error: str = ""
    problems: list[str] = []
    added: list[str] = []
    removed: list[str] = []
    changed: list[str] = []
    kept: int = 0
    keys: list[str] = []


_RENEWED = msgspec.json.Decoder(Renewed)


def ask_to_reload(url: str, auth: WebhookAuth) -> tuple[int, Renewed]:
    """Ask a daemon to read its configuration anew; gives the status and what it says. Raises ApiError."""
    client = Client(Target("waexporter", url), Limits(), TlsContexts())
    try:
        reply = client.send(Request("POST", "/-/reload", _authorization(auth)), _RELOAD_TIMEOUT)
    finally:
        client.close()
    return reply.status, decode(reply.body, _RENEWED)


class Daemon:
    """One that was found."""

    def __init__(self, ears: Ears) -> None:
        self.url, self._client, self._authorization = ears

    def pages(self) -> Pages:
        """Give its newest pages; raises ApiError, and CommandError with what to do."""
        reply = self._ask(Request("GET", f"/api/v1/pages?limit={_MOST_PAGES}", self._authorization))
        if reply.status == HTTPStatus.NOT_FOUND and b"pager" in reply.body:
            raise CommandError(f"the daemon at {self.url} runs without a pager: {_RESTART}")
        if reply.status != HTTPStatus.OK:
            raise CommandError(f"{self.url} answers {_said(reply)}: check web.listen, or {_RESTART}")
        return decode(reply.body, _PAGES)

    def deliver(self, webhook: bytes) -> None:
        """Hand it a webhook as Alertmanager does; raises ApiError, and CommandError with what to do."""
        reply = self._ask(Request("POST", "/api/v1/alerts", self._authorization, webhook))
        if reply.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
            raise CommandError(
                f"the daemon refuses the secret of pager.webhook ({reply.status}): it has another one, "
                f"read at its start or its last reload; reload or {_RESTART}"
            )
        if reply.status == HTTPStatus.SERVICE_UNAVAILABLE:
            raise CommandError(
                f"the daemon can't keep the page (503: {_said(reply)}): look at the disk and the owner of "
                "pager.state_dir, then at the daemon's log; `waexporter pager check` looks too"
            )
        if reply.status != HTTPStatus.OK:
            raise CommandError(f"the daemon did not take the alert: {_said(reply)}; read its log")

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def _ask(self, request: Request) -> Reply:
        return self._client.send(request, _TIMEOUT)


def _authorization(auth: WebhookAuth) -> str:
    if auth.secret is not None:
        return f"Bearer {auth.secret.reveal()}"
    if auth.password is not None:
        return basic_auth(auth.username or "", auth.password.reveal())
    return ""


def _said(reply: Reply) -> str:
    return f"{reply.status} {printable(reply.body.decode(errors='replace').strip())}".strip()
