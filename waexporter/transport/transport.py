"""Sends one request to a server and returns one reply, or raises one ApiError, before the deadline."""

from __future__ import annotations

import ssl
import time
from http import HTTPStatus
from typing import TYPE_CHECKING

import requests
import urllib3.exceptions

from waexporter import __version__
from waexporter.errors import ApiError, BodyError, UnreachableError
from waexporter.model import Limits, Reason
from waexporter.transport.adapter import Adapter
from waexporter.transport.budget import RequestBudget, apply_budget
from waexporter.transport.connections import TransportOptions
from waexporter.transport.error_map import map_error, proxy_auth_error, tls_expected_error
from waexporter.transport.exchange import Reply, Request, read_date, read_retry_after
from waexporter.transport.tls import fetch_certificates

if TYPE_CHECKING:
    from collections.abc import Iterable

    from waexporter.transport.origin import Origin
    from waexporter.transport.tls import TlsContexts

_DEFAULTS = TransportOptions()
_HANDSHAKE_TIMEOUT = 2.0  # seconds
_CHUNK = 64 * 1024
_MAX_PREPARED = 64  # prepared requests kept for one server: enough for all endpoints, with a day's tokens
_OVERHEAD = 1024 * 1024  # bytes for headers and chunk sizes, in addition to an uncompressed body
_WITH_RETRY_AFTER = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})
# No cookie is ever sent; requests would make a jar of 2 KiB for each prepared request.
_NO_COOKIES = requests.cookies.RequestsCookieJar()


class Transport:
    """The connections to one server, with deadlines and limits; safe to share by threads.

    Requests are prepared once and sent through the adapter, which is thread-safe, unlike `requests.Session`,
    and a quarter cheaper.
    """

    def __init__(
        self,
        origin: Origin,
        limits: Limits,
        contexts: TlsContexts,
        options: TransportOptions = _DEFAULTS,
        kept_words: frozenset[str] = frozenset(),  # strings in answers that are never redacted
    ) -> None:
        self._origin = origin
        self._clock = options.clock
        self._resolver = options.resolver
        self._max_body = limits.body_bytes
        self._kept_words = kept_words
        proxy = origin.proxy_url
        self._proxies = {"http": proxy, "https": proxy} if proxy else None
        # The proxy's password is redacted in answers, too: over plain HTTP a proxy may put it there.
        self._proxy_request = Request("", "", origin.proxy_authorization)
        self._adapter = Adapter(origin, contexts, options)
        # Until a server answers over plain HTTP, it may be one that speaks TLS.
        self._may_speak_tls = origin.url.startswith("http:") and not proxy
        self._prepared: dict[Request, requests.PreparedRequest] = {}
        if origin.tls.insecure_skip_verify:
            # The daemon logs one warning per target instead of urllib3's at every request.
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)

    def send(self, request: Request, timeout: float) -> Reply:
        """Send a request and return the reply of any status, within `timeout` seconds.

        Raises UnreachableError, and BodyError for an answer that is cut short or too large.
        """
        deadline = time.monotonic() + timeout
        # A request that must not be sent twice gets a new connection, so that no failure can be due to an old
        # one, after which the request would be sent again.
        needs_new = request.needs_new_connection or request.method != "GET"
        try:
            return self._transfer(request, deadline, needs_new=needs_new)
        except _StaleConnectionError:
            return self._transfer(request, deadline, needs_new=True)

    def fetch_certificates(self, timeout: float) -> tuple[bytes, ...]:
        """Return the certificates of a TLS handshake as DER, the server's own first.

        Without TLS, or behind a proxy, there are none. They are not verified, so that expired ones are
        returned, too. Raises UnreachableError.
        """
        if not self._origin.is_https or self._origin.proxy_url:
            return ()
        try:
            return fetch_certificates(self._origin, timeout, self._resolver)
        except OSError as error:
            raise map_error(error) from error

    def close(self) -> None:
        """Close every connection."""
        self._adapter.close()

    def _transfer(self, request: Request, deadline: float, *, needs_new: bool) -> Reply:
        budget = RequestBudget(deadline, 2 * self._max_body + _OVERHEAD, needs_new_connection=needs_new)
        began = time.monotonic()
        response: requests.Response | None = None
        answered, chunks = began, list[bytes]()
        try:
            with apply_budget(budget):
                response = self._adapter.send(
                    self._prepare(request), stream=True, timeout=budget.remaining(), proxies=self._proxies
                )
                answered = time.monotonic()
                try:
                    self._read(_iter_body(response, request), response.status_code, chunks)
                finally:
                    response.close()
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, BodyError) as error:
            if not request.accepts_partial_reply or budget.status is None:
                if isinstance(error, BodyError):
                    raise
                failure = self._explain(error, budget)
                waited = time.monotonic() - began - sum(budget.phases.values())
                # Without a connection, nothing was waited for.
                has_connection = budget.is_connected or budget.is_reused
                rest = (("wait", max(waited, 0.0)),) if has_connection else ()
                failure.phases = (*budget.phases.items(), *rest)
                raise failure from error
            if response is None:
                return Reply(budget.status, b"")  # its headers can't be read
        self._check_route(response.status_code, deadline)
        phases = budget.phases
        phases["wait"] = answered - began - sum(phases.values())
        phases["body"] = time.monotonic() - answered
        return self._reply(request, response, b"".join(chunks), phases)

    def _check_route(self, status: int, deadline: float) -> None:
        """Raise the ApiError for a status that means a wrong proxy_auth or a wrong scheme of the url."""
        if self._proxies is not None and status == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED:
            raise proxy_auth_error()
        if status == HTTPStatus.BAD_REQUEST and self._speaks_tls(deadline):
            raise tls_expected_error()
        self._may_speak_tls = False

    def _reply(
        self, request: Request, response: requests.Response, body: bytes, phases: dict[str, float]
    ) -> Reply:
        headers = response.headers
        content_type, location = (
            self._redact(request, headers.get(name, "").encode()).decode()
            for name in ("Content-Type", "Location")
        )
        return Reply(
            response.status_code,
            self._redact(request, body),
            content_type,
            location,
            self._retry_after(response),
            tuple(phases.items()),
            read_date(headers.get("Date", "")),
        )

    def _redact(self, request: Request, answer: bytes) -> bytes:
        """Replace the credentials of the request and of the proxy in an answer that repeats them."""
        return self._proxy_request.redact(request.redact(answer, self._kept_words), self._kept_words)

    def _explain(self, error: Exception, budget: RequestBudget) -> ApiError:
        """Return the ApiError for a request that got no answer."""
        ended_silently = not budget.received and time.monotonic() < budget.deadline
        if ended_silently and budget.is_reused:
            return _StaleConnectionError("the connection had ended before")
        if ended_silently and budget.is_connected and self._speaks_tls(budget.deadline):
            return tls_expected_error()
        mapped = map_error(error)
        mapped.may_have_arrived = mapped.reason is not Reason.TLS and (
            budget.is_reused or budget.is_connected
        )
        return mapped

    def _speaks_tls(self, deadline: float) -> bool:
        """Return whether a server speaks TLS although its url begins with http://.

        Such a server ends the connection, or answers 400.
        """
        if not self._may_speak_tls:
            return False
        try:
            timeout = min(deadline - time.monotonic(), _HANDSHAKE_TIMEOUT)
            fetch_certificates(self._origin, timeout, self._resolver)
        except ssl.SSLError as error:
            # The server speaks TLS, but demands a certificate, or a version that is too old for us.
            return any(word in (error.reason or "") for word in ("ALERT", "UNSUPPORTED_PROTOCOL"))
        except OSError:
            return False
        return True

    def _retry_after(self, response: requests.Response) -> float | None:
        if response.status_code not in _WITH_RETRY_AFTER:
            return None
        return read_retry_after(response.headers.get("Retry-After", ""), self._clock().wall)

    def _read(self, pieces: Iterable[bytes], status: int, chunks: list[bytes]) -> None:
        """Read the body into `chunks`, which keep the bytes that arrived before a failure."""
        size = 0
        try:
            for chunk in pieces:
                size += len(chunk)
                if size > self._max_body:
                    message = f"the answer is larger than {self._max_body} bytes (limits.body_bytes)"
                    raise BodyError(message, reason=Reason.TOO_LARGE, status=status)
                chunks.append(chunk)
        except ValueError as error:  # urllib3 accepts a chunk of -2 bytes
            raise BodyError("the answer's chunks are broken", status=status) from error

    def _prepare(self, request: Request) -> requests.PreparedRequest:
        known = self._prepared.get(request)
        if known is not None:
            return known
        headers = {
            "Accept": "application/json",
            "Accept-Encoding": "gzip, deflate",
            "User-Agent": f"waexporter/{__version__}",
        }
        if request.authorization:
            headers[request.header] = request.authorization
        if request.body is not None:
            headers["Content-Type"] = request.content_type
        prepared = requests.PreparedRequest()
        prepared.prepare(
            request.method,
            self._origin.url + request.path,
            headers=headers,
            data=request.body,
            cookies=_NO_COOKIES,
        )
        if request.body is None:
            if len(self._prepared) >= _MAX_PREPARED:
                self._prepared.clear()
            self._prepared[request] = prepared
        return prepared


def _iter_body(response: requests.Response, request: Request) -> Iterable[bytes]:
    """Return an iterator over the body as it arrives."""
    raw = response.raw
    # urllib3's stream would lose the last bytes of a body that is cut short.
    if request.accepts_partial_reply and not raw.chunked:
        return iter(lambda: raw.read1(_CHUNK, decode_content=True), b"")
    pieces: Iterable[bytes] = raw.stream(_CHUNK, decode_content=True)
    return pieces


class _StaleConnectionError(UnreachableError):
    """A kept connection ended without a byte of an answer, which is no fault of the server."""
