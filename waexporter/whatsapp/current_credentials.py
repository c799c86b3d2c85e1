"""The credentials in use. When a secret is refused, its file is read again: it may contain a new one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from waexporter.model import Credentials, Instant, Secret
    from waexporter.transport.exchange import Request

    Reread = Callable[[str, Secret], Secret | None]

# Paths that take an API key in the header Authorization.
KEY_PATHS = frozenset({"/v1/health", "/v1/metrics", "/v1/stats/app", "/v1/stats/db"})
REREAD_PAUSE = 30.0  # seconds between two reads of a secret's file


class CurrentCredentials:
    """The credentials of one target, and whether they were accepted."""

    def __init__(
        self,
        credentials: Credentials,
        clock: Callable[[], Instant],
        reread: Reread | None = None,  # reads a secret again by its key in `auth`; None if no file has it
    ) -> None:
        self.current = credentials
        self.secrets_read = 0  # new secrets that were found in files
        self.is_accepted = False  # accepted at least once, and not refused since
        self._clock = clock
        self._reread = reread
        self._next_reread: dict[str, float] = {}  # steady clock, by key of `auth`

    def takes_key(self, path: str) -> bool:
        """Return whether there is an API key, and it may be sent to a path."""
        credentials = self.current
        return credentials.api_key is not None and (credentials.header is not None or path in KEY_PATHS)

    def has_another(self, name: str, used: Credentials) -> bool:
        """Return whether the secret has changed since `used`; read its file again if the last read is old."""
        old: Secret | None = getattr(used, name)
        now = self._clock().steady
        if getattr(self.current, name) != old:
            return True  # another thread has read it
        if old is None or self._reread is None or now < self._next_reread.get(name, now):
            return False
        self._next_reread[name] = now + REREAD_PAUSE
        new = self._reread(name, old)
        if new is None or new == old:
            return False
        self.current = _replace_secret(self.current, name, new)
        self.secrets_read += 1
        return True


def add_static_secret(request: Request, credentials: Credentials) -> Request:
    """Return a request with the bearer token, or with the API key in the configured header."""
    if credentials.bearer_token is not None:
        return replace(request, authorization=f"Bearer {credentials.bearer_token.reveal()}")
    key = credentials.api_key.reveal() if credentials.api_key is not None else ""
    if credentials.header is not None:
        return replace(request, authorization=key, header=credentials.header)
    return replace(request, authorization=f"Apikey {key}")


def _replace_secret(credentials: Credentials, name: str, secret: Secret) -> Credentials:
    if name == "password":
        return replace(credentials, password=secret)
    if name == "api_key":
        return replace(credentials, api_key=secret)
    return replace(credentials, bearer_token=secret)
