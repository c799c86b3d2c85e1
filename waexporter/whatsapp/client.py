"""The client of one target's On-Premises API: its connections and its logins."""

from __future__ import annotations

import time
from contextlib import closing, suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from waexporter.config.credentials import reread_secret
from waexporter.errors import ApiError
from waexporter.log import get_logger
from waexporter.transport.connections import TransportOptions
from waexporter.transport.exchange import Reply, Request
from waexporter.transport.origin import Origin
from waexporter.transport.transport import Transport
from waexporter.whatsapp.auth import LOGIN_PATH, Auth

if TYPE_CHECKING:
    from waexporter.model import Account, Limits, Secret, Target
    from waexporter.transport.tls import TlsContexts
    from waexporter.whatsapp.auth import Flow

_log = get_logger("client")

LOGOUT_TIMEOUT = 2.0  # seconds
_MIN_LOGIN_TIME = 0.001  # seconds; a shorter time was not spent on a login, but on our own code
_DEFAULTS = TransportOptions()
# Values in documents that are never redacted: a secret with the same letters would hide an outage.
DOCUMENT_WORDS = frozenset(
    {
        *("connected", "connecting", "disconnected", "uninitialized", "unregistered"),
        *("primary_master", "secondary_master", "coreapp", "counter", "histogram"),
    }
)


class Client:
    """The client of one target; safe to share by threads."""

    def __init__(
        self,
        target: Target,
        limits: Limits,
        contexts: TlsContexts,
        options: TransportOptions = _DEFAULTS,
    ) -> None:
        self.target = target
        self._auth = Auth(target.auth, options.clock, options.jitter, self._reread)
        origin = Origin(target.url, target.tls, target.proxy_url, target.proxy_auth)
        self._transport = Transport(origin, limits, contexts, options, DOCUMENT_WORDS)

    def get(self, path: str, timeout: float) -> Reply:
        """GET a path of the API; see `send`."""
        return self.send(Request("GET", path), timeout)

    def send(self, request: Request, timeout: float) -> Reply:
        """Send a request, after a login if it needs one, within `timeout` seconds.

        Returns a reply of any status. Raises UnreachableError, BodyError (cut short, too large), and the
        ApiError of a failed login.
        """
        deadline = time.monotonic() + timeout
        return self._run(self._auth.flow(request, timeout), deadline)

    def fetch_certificates(self, timeout: float) -> tuple[bytes, ...]:
        """Return the certificates that the target presents; see `Transport.fetch_certificates`."""
        return self._transport.fetch_certificates(timeout)

    def account(self) -> Account:
        """Return the state of the logins."""
        return self._auth.account()

    def continue_counts(self, before: Account) -> None:
        """Count on from the logins of the client before this one, of the same target."""
        self._auth.continue_counts(before)

    def hand_over(self, successor: Client, login_timeout: float) -> None:
        """Close this client; what could not be logged out is left to the successor, of the same target.

        If a certificate was rotated, only one of the two may have a connection.
        """
        self.close(login_timeout)
        successor._auth.add_tokens(self._auth.take_tokens())

    def close(self, login_timeout: float = 0.0) -> None:
        """Log out and close every connection; ignore a logout that fails.

        With `login_timeout`, wait up to that many seconds for a running login, and log its token out, too.
        """
        try:
            with suppress(ApiError):
                if login_timeout:
                    self._auth.end_logins(login_timeout)
                self._run(self._auth.log_out(LOGOUT_TIMEOUT), time.monotonic() + LOGOUT_TIMEOUT)
        finally:
            self._transport.close()

    def _reread(self, name: str, old: Secret) -> Secret | None:
        try:
            new = reread_secret(name, old)
        except ValueError:
            return None  # that the old secret is refused is reported anyway
        if new is not None and new != old:
            _log.info("a new secret was read from its file", target=self.target.name, key=f"auth.{name}")
        return new

    def _run(self, flow: Flow, deadline: float) -> Reply:
        """Send the requests that a flow yields until it returns; raise what it raises."""
        # The flow is closed in any case, since it may hold the login lock.
        began = time.monotonic()
        with closing(flow):
            try:
                request = next(flow)
                while True:
                    now = time.monotonic()
                    try:
                        reply = self._transport.send(request, deadline - now)
                        if request.path != LOGIN_PATH and now - began >= _MIN_LOGIN_TIME:
                            # The time before this request was spent on a login, or on waiting for one.
                            reply = replace(reply, phases=(("login", now - began), *reply.phases))
                    except ApiError as error:
                        request = flow.throw(error)
                    else:
                        request = flow.send(reply)
            except StopIteration as end:
                result: Reply = end.value
                return result
