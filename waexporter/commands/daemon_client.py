"""HTTP client of a running daemon, at the address that it is configured to listen on."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - msgspec reads it at run time
from http import HTTPStatus
from typing import TYPE_CHECKING, NamedTuple, Self

import msgspec

from waexporter.config.web_config.web_login import LOGIN_SOURCE, SET_LOGIN
from waexporter.errors import ApiError, CommandError
from waexporter.model import Limits, Reason, Tls
from waexporter.paging.journal.entry import Attempt
from waexporter.transport.exchange import Request, authorize
from waexporter.transport.lenient_json import printable
from waexporter.transport.origin import Origin
from waexporter.transport.pinned_tls import (
    TlsFailure,
    build_pinned_context,
    build_verified_context,
    explain_end,
    find_distrust,
    find_tls_failure,
    has_ended,
)
from waexporter.transport.tls import TlsContexts
from waexporter.transport.transport import Transport
from waexporter.web.page_document import PageListDocument
from waexporter.whatsapp.documents.envelope import decode

if TYPE_CHECKING:
    from waexporter.config import DaemonAccess
    from waexporter.transport.exchange import Reply
    from waexporter.web.page_document import PageDocument

_TIMEOUT = 15.0  # seconds for one request
_RELOAD_TIMEOUT = 120.0  # seconds: it may wait for another one, and for slow disks
_LONGEST_SENTENCE = 1000  # characters
_MAX_PAGES = 200  # of one request
_SEND_SIGNAL = "send it the signal SIGHUP: kill -HUP PID, with the pid of the line `started` in its log"
_BUSY = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})
_RESTART = "restart the daemon, so that it works with the configuration that is read here"


class ReloadDocument(msgspec.Struct):
    """The document of POST /-/reload: what changed, or why nothing did."""

    error: str = ""
    problems: list[str] = []
    added: list[str] = []
    removed: list[str] = []
    changed: list[str] = []
    rotated: list[str] = []
    kept: int = 0
    keys: list[str] = []


class ExplanationText(NamedTuple):
    """An explanation in words, and as the JSON document that the daemon sent."""

    lines: tuple[str, ...]
    document: bytes


class _Error(msgspec.Struct):
    """An error of the daemon's API: one sentence."""

    error: str


class _Text(msgspec.Struct):
    """The words of an explanation."""

    text: list[str]


class _RefusedTimes(msgspec.Struct):
    since: datetime
    last: datetime


class _Times(msgspec.Struct):
    """The times of PageListDocument, which has them as strings."""

    at: datetime
    refused: list[_RefusedTimes] = []


_PAGES = msgspec.json.Decoder(PageListDocument)
_TIMES = msgspec.json.Decoder(_Times)
_ERROR = msgspec.json.Decoder(_Error)
_TEXT = msgspec.json.Decoder(_Text)
_RELOAD = msgspec.json.Decoder(ReloadDocument)


class DaemonClient:
    """A client of a daemon; a context manager that closes the connection.

    Its methods raise ApiError without a usable answer, and CommandError with what to do.
    """

    def __init__(self, access: DaemonAccess, url: str | None = None, ca_file: str | None = None) -> None:
        """Use the url of the daemon on this machine, or another one.

        `ca_file` has the authority of another machine's certificate. Raises CommandError for a file that
        can't be read.
        """
        self.url = url or access.web.own_url
        self._access = access
        self._authorization = authorize(access.credentials)
        login, own = access.login, access.web.security.tls
        tls = Tls(ca_file=ca_file, cert_file=login.cert_file, key_file=login.key_file)
        self._is_pinned = own is not None and ca_file is None and access.is_own(self.url)
        contexts = TlsContexts(
            lambda tls: (
                build_pinned_context(own.certificate, tls)
                if own is not None and self._is_pinned
                else build_verified_context(tls)
            )
        )
        self._transport = Transport(Origin(self.url, tls), Limits(), contexts)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._transport.close()

    def list_pages(self) -> PageListDocument:
        """Return the pager's state and its newest pages."""
        reply = self._get(f"/api/v1/pages?limit={_MAX_PAGES}")
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
            raise CommandError(self.explain_refusal(reply.status))
        if reply.status == HTTPStatus.SERVICE_UNAVAILABLE:
            raise CommandError(
                f"the daemon can't keep the page (503: {_describe(reply)}): look at the disk and the owner "
                "of pager.state_dir, then at the daemon's log; `waexporter pager check` looks too"
            )
        if reply.status != HTTPStatus.OK:
            raise CommandError(f"the daemon did not take the alert: {_describe(reply)}; read its log")

    def explain_refusal(self, status: int) -> str:
        """Return why the daemon answers 401 or 403, and what to do."""
        if self._access.is_webhook_secret and self._access.web.security.needs_credentials:
            return (
                f"the daemon at {self.url} asks for a user or a token ({status}), and the secret of "
                f"pager.webhook is not enough here: {SET_LOGIN}"
            )
        shown = self._access.source or "a request without credentials"
        advice = self.credentials_advice if self._access.source else SET_LOGIN
        return f"the daemon at {self.url} refuses {shown} ({status}): {advice}"

    @property
    def credentials_advice(self) -> str:
        """What to do when the daemon refuses the credentials."""
        access = self._access
        if not access.source:
            return f"{SET_LOGIN}; or {_SEND_SIGNAL}"
        if access.source == LOGIN_SOURCE:
            return (
                "it knows no such user with this password: correct them; or, if web.config_file has changed "
                f"since it read it, {_SEND_SIGNAL}"
            )
        return (
            f"it has {access.source} as it was at its start or its last reload: if it is another one now, "
            f"{_SEND_SIGNAL}"
        )

    def explain_tls(self, error: ApiError) -> str | None:
        """Return why the daemon can't be asked over TLS, and what to do; None if that is not the cause."""
        tls, subject = self._access.web.security.tls, f"the daemon at {self.url}"
        if self._is_pinned and tls is not None:
            failure = find_tls_failure(error)
            if failure is None and (error.may_have_arrived or has_ended(error)):
                failure = explain_end(tls, has_certificate=self._access.login.cert_file is not None)
            return f"{subject} can't be asked: {failure}" if failure is not None else None
        if error.reason is not Reason.TLS:
            return None
        if self.url.startswith("http:"):
            if self._access.problems:
                return f"{subject} speaks TLS, and the configuration can't be read here"
            return f"{subject} can't be asked: {TlsFailure.UNEXPECTED_TLS}"
        if distrust := find_distrust(error):
            return (
                f"the certificate at {self.url} is not trusted: {distrust}; name its authority by --ca-file, "
                "or, on this machine, the daemon's own configuration by --config"
            )
        return f"{subject} can't be asked: {error}"

    def explain(self, path: str) -> ExplanationText:
        """Return the explanation that the daemon has at a path."""
        reply = self._get(path)
        if reply.status == HTTPStatus.NOT_FOUND:
            sentence = printable(decode(reply.body, _ERROR).error, _LONGEST_SENTENCE)
            raise CommandError(f"{sentence} (the daemon at {self.url})")
        if reply.status != HTTPStatus.OK:
            raise CommandError(f"{self.url} answers {_describe(reply)}: check web.listen, or {_RESTART}")
        return ExplanationText(tuple(decode(reply.body, _TEXT).text), reply.body)

    def reload(self) -> tuple[int, ReloadDocument]:
        """Ask for a reload of the configuration; return the status and the document of the reply."""
        reply = self._send("POST", "/-/reload", timeout=_RELOAD_TIMEOUT)
        return reply.status, decode(reply.body, _RELOAD)

    def _get(self, path: str) -> Reply:
        """Return the reply to a GET; raise CommandError if the daemon refuses the credentials or is busy."""
        reply = self._send("GET", path)
        if reply.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
            raise CommandError(self.explain_refusal(reply.status))
        if reply.status in _BUSY:
            raise CommandError(f"the daemon at {self.url} is busy ({_describe(reply)}): ask again")
        return reply

    def _send(self, method: str, path: str, body: bytes | None = None, timeout: float = _TIMEOUT) -> Reply:
        return self._transport.send(Request(method, path, self._authorization, body), timeout)


def describe_problems(access: DaemonAccess) -> str:
    """Return the problems of the configuration from which the daemon's address was read, as further lines."""
    problems = "".join(f"\n  {problem}" for problem in access.problems)
    return (
        f"\nthe configuration has problems, too, so the daemon may be elsewhere:{problems}"
        if problems
        else ""
    )


def connect(access: DaemonAccess) -> tuple[DaemonClient, PageListDocument] | None:
    """Return a client of the daemon on this machine and its pages, or None when nothing listens there.

    Raises CommandError, with what to do, when something else than a daemon with a pager listens there.
    """
    client = DaemonClient(access)
    try:
        return client, client.list_pages()
    except ApiError as error:
        client.close()
        if error.reason is Reason.UNREACHABLE and not error.may_have_arrived:
            return None
        raise CommandError(
            client.explain_tls(error)
            or f"something listens at {client.url}, but answers like no waexporter ({error}): "
            "check web.listen"
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


def _describe(reply: Reply) -> str:
    return f"{reply.status} {printable(reply.body.decode(errors='replace').strip())}".strip()
