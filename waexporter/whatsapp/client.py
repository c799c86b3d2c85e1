"""The only way to a client: one request, one reply or one ApiError, before the deadline."""

from __future__ import annotations

import ssl
import time
from contextlib import closing, suppress
from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

import requests
import urllib3.exceptions

from waexporter import __version__
from waexporter.config.credentials import reread
from waexporter.errors import ApiError, BodyError, UnreachableError
from waexporter.log import get_logger
from waexporter.model import Limits, Reason, Tls
from waexporter.transport.error_map import speaks_tls, translate, unknown_to_proxy
from waexporter.transport.exchange import Reply, Request, read_date, read_retry_after
from waexporter.transport.sockets import (
    Adapter,
    Allowance,
    Surroundings,
    allowed,
    basic,
    shake_hands,
    tls_context,
)
from waexporter.whatsapp.auth import LOGIN_PATH, Auth

if TYPE_CHECKING:
    from collections.abc import Iterable

    from waexporter.model import Account, Secret, Target
    from waexporter.whatsapp.auth import Flow

_log = get_logger("client")

LOGOUT_TIMEOUT = 2.0
_LOGIN_NOTICED = 0.001  # seconds; what takes less is our own
_USUAL = Surroundings()
_HANDSHAKE_TIMEOUT = 2.0  # seconds
_CHUNK = 64 * 1024
_CONNECTIONS = 4  # kept open for one target: its endpoints are polled independently of each other
_PREPARED = 64  # prepared requests kept for one target: its endpoints times the tokens of a day
_WRAPPING = 1024 * 1024  # bytes for headers and chunk sizes, beside a body that is sent uncompressed
_ASK_FOR_PATIENCE = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})
_NO_COOKIES = (
    requests.cookies.RequestsCookieJar()
)  # none is ever sent; a jar each would weigh 2 KiB a request


class TlsContexts:
    """The TLS contexts in use, one for each distinct setting; each goes with the last client that has it."""

    def __init__(self) -> None:
        self._contexts: WeakValueDictionary[Tls, ssl.SSLContext] = WeakValueDictionary()

    def of(self, tls: Tls) -> ssl.SSLContext:
        """Give the context for `tls`; the server name is not part of it. Raises OSError without its files."""
        key = replace(tls, server_name=None)
        context = self._contexts.get(key)
        if context is None:
            context = self._contexts[key] = tls_context(tls)
        return context


class Client:
    """One target as we talk to it: its connections, its login, its limits; safe to share by threads.

    `requests.Session` is not thread-safe, but an adapter is: a request is prepared once and sent through the
    adapter, which is also a quarter cheaper.
    """

    def __init__(
        self,
        target: Target,
        limits: Limits,
        contexts: TlsContexts,
        surroundings: Surroundings = _USUAL,
    ) -> None:
        self.target = target
        self._clock = surroundings.clock
        self._resolver = surroundings.resolver
        self._auth = Auth(target.auth, surroundings.clock, surroundings.chance, self._reread)
        self._body_bytes = limits.body_bytes
        self._proxies = {"http": target.proxy_url, "https": target.proxy_url} if target.proxy_url else None
        # Hidden in answers, too: over plain HTTP they are the proxy's to change.
        self._proof_of_proxy = Request("", "", basic(target.proxy_auth) if target.proxy_auth else "")
        # The target's own authority and exceptions say nothing about a proxy.
        proxy_context = contexts.of(Tls()) if (target.proxy_url or "").startswith("https:") else None
        context = contexts.of(target.tls) if target.url.startswith("https:") else None
        self._adapter = Adapter(
            target,
            context,
            proxy_context,
            connections=_CONNECTIONS,
            surroundings=surroundings,
        )
        # Until it answers over plain HTTP, a target may be one that speaks TLS.
        self._may_speak_tls = target.url.startswith("http:") and not target.proxy_url
        self._prepared: dict[Request, requests.PreparedRequest] = {}
        if target.tls.insecure_skip_verify:
            # Said once, loudly, in the log; not at every request.
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)

    def get(self, path: str, timeout: float) -> Reply:
        """GET a path of the API; see `send`."""
        return self.send(Request("GET", path), timeout)

    def send(self, request: Request, timeout: float) -> Reply:
        """Send a request with whatever login it takes, all within `timeout` seconds.

        Gives a reply of any status. Raises UnreachableError, BodyError (cut short, too large), and whatever
        ApiError a login came to that is needed.
        """
        ends = time.monotonic() + timeout
        return self._drive(self._auth.flow(request, timeout), ends)

    def served_certificates(self, timeout: float) -> tuple[bytes, ...]:
        """Give the certificates of a TLS handshake as DER, its own first; none without TLS or behind a proxy.

        They are not verified: that one has expired is what is to be seen. Raises UnreachableError.
        """
        if not self.target.url.startswith("https:") or self.target.proxy_url:
            return ()
        try:
            return shake_hands(self.target, timeout, self._resolver)
        except OSError as error:
            raise translate(error) from error

    def account(self) -> Account:
        """Tell what became of the logins."""
        return self._auth.account()

    def close(self, patience: float = 0.0) -> None:
        """Log out and close every connection; a failure to do so is nobody's concern any more.

        With `patience`, so many seconds are given to a login under way, whose token is then logged out, too.
        """
        try:
            with suppress(ApiError):
                if patience:
                    self._auth.end_logins(patience)
                self._drive(self._auth.leave(LOGOUT_TIMEOUT), time.monotonic() + LOGOUT_TIMEOUT)
        finally:
            self._adapter.close()

    def _reread(self, name: str, old: Secret) -> Secret | None:
        try:
            new = reread(name, old)
        except ValueError:
            return None  # that the old one is refused is said already
        if new is not None and new != old:
            _log.info("a new secret was read from its file", target=self.target.name, key=f"auth.{name}")
        return new

    def _drive(self, flow: Flow, ends: float) -> Reply:
        # Closed whatever happens: a flow may hold the lock of the login.
        began = time.monotonic()
        with closing(flow):
            try:
                request = next(flow)
                while True:
                    before = time.monotonic() - began
                    try:
                        reply = self._exchange(request, ends)
                        if request.path != LOGIN_PATH and before >= _LOGIN_NOTICED:
                            # The requests before it were a login, or what took its place.
                            reply = replace(reply, phases=(("login", before), *reply.phases))
                    except ApiError as error:
                        request = flow.throw(error)
                    else:
                        request = flow.send(reply)
            except StopIteration as end:
                result: Reply = end.value
                return result

    def _exchange(self, request: Request, ends: float) -> Reply:
        # What must not be sent twice gets a connection that no failure can be put down to.
        wants_new = request.wants_new_connection or request.method != "GET"
        try:
            return self._transfer(request, ends, wants_new=wants_new)
        except _StaleConnectionError:
            return self._transfer(request, ends, wants_new=True)

    def _transfer(self, request: Request, ends: float, *, wants_new: bool) -> Reply:
        allowance = Allowance(ends, 2 * self._body_bytes + _WRAPPING, wants_new=wants_new)
        began = time.monotonic()
        response: requests.Response | None = None
        answered, chunks = began, list[bytes]()
        try:
            with allowed(allowance):
                response = self._adapter.send(
                    self._prepare(request), stream=True, timeout=allowance.remaining(), proxies=self._proxies
                )
                answered = time.monotonic()
                try:
                    self._read(_pieces(response, request), response.status_code, chunks)
                finally:
                    response.close()
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, BodyError) as error:
            if not request.is_done_by_status or allowance.status is None:
                if isinstance(error, BodyError):
                    raise
                failure = self._explain(error, allowance)
                waited = time.monotonic() - began - sum(allowance.phases.values())
                failure.phases = (*allowance.phases.items(), ("wait", max(waited, 0.0)))
                raise failure from error
            if response is None:
                return Reply(allowance.status, b"")  # its headers can't be read
        body = b"".join(chunks)
        if self._proxies is not None and response.status_code == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED:
            raise unknown_to_proxy()
        if response.status_code == HTTPStatus.BAD_REQUEST and self._speaks_tls(ends):
            raise speaks_tls()
        self._may_speak_tls = False
        phases = allowance.phases
        phases["wait"] = answered - began - sum(phases.values())
        phases["body"] = time.monotonic() - answered
        kind, place = (response.headers.get(name, "").encode() for name in ("Content-Type", "Location"))
        body, kind, place = (self._hide(request, said) for said in (body, kind, place))
        return Reply(
            response.status_code,
            body,
            kind.decode(),
            place.decode(),
            self._retry_after(response),
            tuple(phases.items()),
            read_date(response.headers.get("Date", "")),
        )

    def _hide(self, request: Request, said: bytes) -> bytes:
        """Blot out what was shown as proof of identity, where an answer repeats it."""
        return self._proof_of_proxy.hide(request.hide(said))

    def _explain(self, error: Exception, allowance: Allowance) -> ApiError:
        """Return what a failure to get an answer amounts to."""
        ended_wordlessly = not allowance.received and time.monotonic() < allowance.ends
        if ended_wordlessly and allowance.is_reused:
            return _StaleConnectionError("the connection had ended before")
        if ended_wordlessly and allowance.is_connected and self._speaks_tls(allowance.ends):
            return speaks_tls()
        translated = translate(error)
        translated.may_have_arrived = translated.reason is not Reason.TLS and (
            allowance.is_reused or allowance.is_connected
        )
        return translated

    def _speaks_tls(self, ends: float) -> bool:
        """Return whether a target of plain HTTP does, which ends what is no TLS, or answers it 400."""
        if not self._may_speak_tls:
            return False
        try:
            shake_hands(self.target, min(ends - time.monotonic(), _HANDSHAKE_TIMEOUT), self._resolver)
        except ssl.SSLError as error:
            # It refuses this handshake in words of TLS: a certificate is demanded, or its version is too old.
            return any(word in (error.reason or "") for word in ("ALERT", "UNSUPPORTED_PROTOCOL"))
        except OSError:
            return False
        return True

    def _retry_after(self, response: requests.Response) -> float | None:
        if response.status_code not in _ASK_FOR_PATIENCE:
            return None
        return read_retry_after(response.headers.get("Retry-After", ""), self._clock().wall)

    def _read(self, pieces: Iterable[bytes], status: int, chunks: list[bytes]) -> None:
        """Read the body into `chunks`, so that what has come is there although reading fails."""
        size = 0
        try:
            for chunk in pieces:
                size += len(chunk)
                if size > self._body_bytes:
                    message = f"the answer is larger than {self._body_bytes} bytes (limits.body_bytes)"
                    raise BodyError(message, reason=Reason.TOO_LARGE, status=status)
                chunks.append(chunk)
        except ValueError as error:  # urllib3 takes a chunk of -2 bytes at its word
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
            self.target.url + request.path,
            headers=headers,
            data=request.body,
            cookies=_NO_COOKIES,
        )
        if request.body is None:
            if len(self._prepared) >= _PREPARED:
                self._prepared.clear()
            self._prepared[request] = prepared
        return prepared


def _pieces(response: requests.Response, request: Request) -> Iterable[bytes]:
    """Return the body as it comes in; urllib3 keeps back what came last where it is cut short."""
    raw = response.raw
    if request.is_done_by_status and not raw.chunked:
        return iter(lambda: raw.read1(_CHUNK, decode_content=True), b"")
    pieces: Iterable[bytes] = raw.stream(_CHUNK, decode_content=True)
    return pieces


class _StaleConnectionError(UnreachableError):
    """A kept connection gave no byte of an answer, though there was time: the client is not to blame."""
