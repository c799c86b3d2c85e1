"""Requests of the list of targets that a web server publishes."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from waexporter.errors import ApiError, BodyError, RefusedError, StatusError
from waexporter.transport.exchange import Request, basic_auth
from waexporter.transport.origin import Origin
from waexporter.transport.transport import Transport

if TYPE_CHECKING:
    from waexporter.model import HttpSd, HttpSdAuth, Limits
    from waexporter.transport.exchange import Reply
    from waexporter.transport.tls import TlsContexts

_REFUSALS = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})


class PublishedList:
    """A list of targets at its URL; safe to share by threads."""

    def __init__(self, settings: HttpSd, limits: Limits, contexts: TlsContexts) -> None:
        """Prepare the requests; raise OSError if a file of TLS can't be read."""
        parts = urlsplit(settings.url)
        query = f"?{settings.query.reveal()}" if settings.query else ""
        base = urlunsplit((parts.scheme.lower(), parts.netloc, "", "", ""))
        self._timeout = settings.timeout
        self._request = Request("GET", (parts.path or "/") + query, _authorization(settings.auth))
        origin = Origin(base, settings.tls, settings.proxy_url, settings.proxy_auth)
        self._transport = Transport(origin, limits, contexts)

    def fetch(self) -> str:
        """Return the text of the list; raise ApiError with one sentence without secrets."""
        return _read_text(self._transport.send(self._request, self._timeout))

    def close(self) -> None:
        """Close the connection."""
        self._transport.close()


def _authorization(auth: HttpSdAuth) -> str:
    if auth.bearer_token is not None:
        return f"{auth.token_type or 'Bearer'} {auth.bearer_token.reveal()}"
    if auth.username is not None and auth.password is not None:
        return basic_auth(auth.username, auth.password.reveal())
    return ""


def _read_text(reply: Reply) -> str:
    """Return the body of a reply that may be a list; raise ApiError."""
    if not reply.is_success:
        raise _refuse(reply)
    if reply.content_type.lower().startswith(("text/html", "application/xhtml")):
        raise BodyError("it answers a web page, not a list of targets")
    if not reply.body.strip():
        raise BodyError("its answer is empty; a list without targets is []")
    try:
        return reply.body.decode("utf-8-sig")
    except UnicodeDecodeError:
        # Without its cause, which carries the bytes.
        raise BodyError("its answer is not UTF-8 text") from None


def _refuse(reply: Reply) -> ApiError:
    if reply.status in _REFUSALS:
        return RefusedError(f"it answers {reply.status}: see http_sd.auth", status=reply.status)
    if reply.status < HTTPStatus.BAD_REQUEST:
        words = f"it answers {reply.status}, which leads elsewhere: redirects are not followed"
        return StatusError(words, status=reply.status)
    return StatusError(f"it answers {reply.status}", status=reply.status)
