"""HTTP client of a running daemon, at the address that it is configured to listen on."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - msgspec reads it at run time
from http import HTTPStatus
from typing import TYPE_CHECKING, Self

import msgspec

from waexporter.errors import ApiError, CommandError
from waexporter.model import Limits, Reason
from waexporter.paging.journal.entry import Attempt
from waexporter.transport.exchange import Request, basic_auth
from waexporter.transport.lenient_json import printable
from waexporter.transport.origin import Origin
from waexporter.transport.tls import TlsContexts
from waexporter.transport.transport import Transport
from waexporter.web.page_document import PageListDocument
from waexporter.whatsapp.documents.envelope import decode

if TYPE_CHECKING:
    from waexporter.model import WebhookAuth, WebSettings
    from waexporter.transport.exchange import Reply
    from waexporter.web.page_document import PageDocument

_TIMEOUT = 15.0  # seconds for one request
_RELOAD_TIMEOUT = 120.0  # seconds: it may wait for another one, and for slow disks
_MAX_PAGES = 200  # of one request
_RESTART = "restart the daemon, so that it works with the configuration that is read here"


class ReloadDocument(msgspec.Struct):
    """The document of POST /-/reload: what changed, or why nothing did."""

    error: str = ""
    problems: list[str] = []
    added: list[str] = []
    removed: list[str] = []
    changed: list[str] = []
    kept: int = 0
    keys: list[str] = []


class _RefusedTimes(msgspec.Struct):
    since: datetime
    last: datetime


class _Times(msgspec.Struct):
    """The times of PageListDocument, which has them as strings."""

    at: datetime
    refused: list[_RefusedTimes] = []


_PAGES = msgspec.json.Decoder(PageListDocument)
_TIMES = msgspec.json.Decoder(_Times)
_RELOAD = msgspec.json.Decoder(ReloadDocument)


class DaemonClient:
    """A client of the daemon at a url; a context manager that closes the connection.

    Its methods raise ApiError without a usable answer, and CommandError with what to do.
    """

    def __init__(self, url: str, auth: WebhookAuth) -> None:
        self.url = url
        self._authorization = _authorization(auth)
        self._transport = Transport(Origin(url), Limits(), TlsContexts())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._transport.close()

    def list_pages(self) -> PageListDocument:
        """Return the pager's state and its newest pages."""
        reply = self._send("GET", f"/api/v1/pages?limit={_MAX_PAGES}")
        if reply.status == HTTPStatus.NOT_FOUND and b"pager" in reply.body:
            raise CommandError(f"the daemon at {self.url} runs without a pager: {_RESTART}")
        if reply.status != HTTPStatus.OK:
            raise CommandError(f"{self.url} answers {_describe(reply)}: check web.listen, or {_RESTART}")
        decode(reply.body, _TIMES)  # raises the error of a malformed time
        return decode(reply.body, _PAGES)

    def deliver(self, webhook: bytes) -> None:
        """Post a webhook as Alertmanager does."""
        reply = self._send("POST", "/api/v1/alerts", webhook)
        if reply.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
            raise CommandError(
                f"the daemon refuses the secret of pager.webhook ({reply.status}): it has another one, "
                f"read at its start or its last reload; reload or {_RESTART}"
            )
        if reply.status == HTTPStatus.SERVICE_UNAVAILABLE:
            raise CommandError(
                f"the daemon can't keep the page (503: {_describe(reply)}): look at the disk and the owner "
                "of pager.state_dir, then at the daemon's log; `waexporter pager check` looks too"
            )
        if reply.status != HTTPStatus.OK:
            raise CommandError(f"the daemon did not take the alert: {_describe(reply)}; read its log")

    def reload(self) -> tuple[int, ReloadDocument]:
        """Ask for a reload of the configuration; return the status and the document of the reply."""
        reply = self._send("POST", "/-/reload", timeout=_RELOAD_TIMEOUT)
        return reply.status, decode(reply.body, _RELOAD)

    def _send(self, method: str, path: str, body: bytes | None = None, timeout: float = _TIMEOUT) -> Reply:
        return self._transport.send(Request(method, path, self._authorization, body), timeout)


def connect(web: WebSettings, auth: WebhookAuth) -> tuple[DaemonClient, PageListDocument] | None:
    """Return a client of the daemon on this machine and its pages, or None when nothing listens there.

    Raises CommandError, with what to do, when something else than a daemon with a pager listens there.
    """
    client = DaemonClient(web.own_url, auth)
    try:
        return client, client.list_pages()
    except ApiError as error:
        client.close()
        if error.reason is Reason.UNREACHABLE and not error.may_have_arrived:
            return None
        raise CommandError(
            f"something listens at {web.own_url}, but answers like no waexporter ({error}): check web.listen"
        ) from error
    except CommandError:
        client.close()
        raise


def find_page(pages: PageListDocument, fingerprint: str) -> PageDocument | None:
    """Return the page that shows the alert with this fingerprint."""
    return next(
        (page for page in pages.pages if any(alert.fingerprint == fingerprint for alert in page.shown)), None
    )


def read_attempts(page: PageDocument) -> tuple[Attempt, ...]:
    """Return the attempts to deliver a page, the first one first; without their times."""
    return tuple(Attempt(0.0, each.way, each.recipient, each.code, each.why) for each in page.tried)


def _authorization(auth: WebhookAuth) -> str:
    if auth.secret is not None:
        return f"Bearer {auth.secret.reveal()}"
    if auth.password is not None:
        return basic_auth(auth.username or "", auth.password.reveal())
    return ""


def _describe(reply: Reply) -> str:
    return f"{reply.status} {printable(reply.body.decode(errors='replace').strip())}".strip()
