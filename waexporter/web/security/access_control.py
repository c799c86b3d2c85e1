"""Access to all paths: the rate limit, the users and the tokens of the web configuration file."""

from __future__ import annotations

import binascii
import hmac
import time
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from waexporter.web.bounds.connection_limit import find_peer
from waexporter.web.responses import IncomingRequest, Response, error_response, split_path
from waexporter.web.security.passwords import PasswordCheck
from waexporter.web.security.request_quota import RequestQuota

if TYPE_CHECKING:
    from collections.abc import Callable

    from waexporter.model import WebSecurity

_RETRY: Final = ("retry-after", "1")


class AccessControl:
    """Decides who may use the server; its methods are called in the loop's thread."""

    def __init__(self, security: WebSecurity, clock: Callable[[], float] = time.monotonic) -> None:
        self._security = security
        self._clock = clock
        self._passwords = PasswordCheck({name: each.reveal() for name, each in security.users})
        self._excluded = frozenset(map(split_path, security.excluded_paths))
        self._quota = RequestQuota(security.rate_limit, clock()) if security.rate_limit else None

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """The configured headers of every response."""
        return self._security.headers

    def adopt(self, previous: AccessControl) -> None:
        """Go on with what the access control before this one has learnt of passwords."""
        self._passwords.adopt(previous._passwords)

    def is_excluded(self, request: IncomingRequest) -> bool:
        """Return whether the path of a request needs no credentials, and has no rate limit."""
        return request.segments in self._excluded

    def is_within_rate(self, request: IncomingRequest) -> bool:
        """Return whether the rate limit, if there is one, allows one more request."""
        return self._quota is None or self.is_excluded(request) or self._quota.take(self._clock())

    def needs_credentials(self, request: IncomingRequest) -> bool:
        """Return whether a request needs a user or a token."""
        return self._security.needs_credentials and not self.is_excluded(request)

    async def authenticate(self, request: IncomingRequest) -> Response | None:
        """Return the response to a request without valid credentials, else None."""
        scheme, _, sent = request.header("authorization").partition(" ")
        match scheme.lower():
            case "bearer" if self._has_token(sent.strip()):
                return None
            case "basic" if (pair := _read_basic(sent.strip())) and self._security.users:
                is_right = await self._passwords.is_right(*pair, find_peer(request.peer))
                if is_right is None:
                    words = "Too many passwords wait to be checked."
                    return error_response(request, HTTPStatus.SERVICE_UNAVAILABLE, words, _RETRY)
                if is_right:
                    return None
        words = "A user or a token of the web configuration is needed here."
        return error_response(request, HTTPStatus.UNAUTHORIZED, words, *self._challenges())

    def _has_token(self, sent: str) -> bool:
        """Return whether it is one of the tokens; takes equally long for each wrong one."""
        found = [
            hmac.compare_digest(sent.encode("latin-1", "replace"), each.reveal().encode())
            for each in self._security.bearer_tokens
        ]
        return any(found)

    def _challenges(self) -> tuple[tuple[str, str], ...]:
        schemes = []
        if self._security.users:
            schemes.append('Basic realm="waexporter"')
        if self._security.bearer_tokens:
            schemes.append("Bearer")
        return (("www-authenticate", ", ".join(schemes)),)


def _read_basic(sent: str) -> tuple[str, str] | None:
    """Return the name and the password of an Authorization header; None if it is malformed."""
    try:
        text = binascii.a2b_base64(sent, strict_mode=True).decode()
    except ValueError:
        return None
    name, colon, password = text.partition(":")
    return (name, password) if colon else None
