"""The credentials in use. When a secret is refused, its file is read again: it may hold a new one."""

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
        reread: Reread | None = None,  # reads a secret by its key in `auth`; None where no file gives one
    ) -> None:
        self.current = credentials
        self.secrets_read = 0  # that were replaced in their files
        self.is_accepted = False  # they were good for something, and have not been refused since
        self._clock = clock
        self._reread = reread
        self._reread_from: dict[str, float] = {}  # by key of `auth`: steady clock

    def takes_key(self, path: str) -> bool:
        """Return whether there is an API key, and it may be shown at a path."""
        credentials = self.current
        return credentials.api_key is not None and (credentials.header is not None or path in KEY_PATHS)

    def has_another(self, name: str, used: Credentials) -> bool:
        """Return whether there is another secret than the one that was used; read its file if it is time."""
        old: Secret | None = getattr(used, name)
        now = self._clock().steady
        if getattr(self.current, name) != old:
            return True  # another thread has read it
        if old is None or self._reread is None or now < self._reread_from.get(name, now):
            return False
        self._reread_from[name] = now + REREAD_PAUSE
        new = self._reread(name, old)
        if new is None or new == old:
            return False
        self.current = _replace_secret(self.current, name, new)
        self.secrets_read += 1
        return True


def add_static_secret(request: Request, credentials: Credentials) -> Request:
    """Return a request with the bearer token, or with the API key in its own header or in Authorization."""
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
