"""HTTP addresses other than targets: a fallback's webhook, a heartbeat's receiver, Alertmanager's API."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from waexporter.model import Limits
from waexporter.transport.exchange import Request, basic_auth
from waexporter.transport.origin import Origin
from waexporter.transport.transport import Transport

if TYPE_CHECKING:
    from waexporter.model import Secret
    from waexporter.transport.exchange import Reply
    from waexporter.transport.tls import TlsContexts

_LIMITS = Limits(body_bytes=64 * 1024)


class HttpAddress:
    """A configured URL with its user, password and query; the URL as a whole is a secret."""

    def __init__(self, address: Secret, contexts: TlsContexts, limits: Limits = _LIMITS) -> None:
        parts = urlsplit(address.reveal())
        host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or ""
        url = f"{parts.scheme.lower()}://{host}" + (f":{parts.port}" if parts.port else "")
        self._path = parts.path or "/"
        self._query = f"?{parts.query}" if parts.query else ""
        username, password = unquote(parts.username or ""), unquote(parts.password or "")
        self._authorization = basic_auth(username, password) if parts.username else ""
        self._transport = Transport(Origin(url), limits, contexts)

    def post(
        self, body: bytes, timeout: float, suffix: str = "", *, content_type: str = "application/json"
    ) -> Reply:
        """POST a body within `timeout` seconds; return the reply of any status, or raise an ApiError.

        The suffix is appended to the path of the address. Headers and a body that can't be read are left out
        of the reply, since callers need only its status.
        """
        path = f"{self._path.rstrip('/')}{suffix}" if suffix else self._path
        return self._send("POST", path, timeout, body, content_type)

    def get(self, timeout: float) -> Reply:
        """GET the address within `timeout` seconds; return a reply or raise an ApiError, as `post` does."""
        return self._send("GET", self._path, timeout)

    def get_subpath(self, timeout: float, suffix: str) -> Reply:
        """GET a path below the address; return the complete reply of any status, or raise an ApiError."""
        path = f"{self._path.rstrip('/')}{suffix}"
        return self._transport.send(Request("GET", path, self._authorization), timeout)

    def _send(
        self,
        method: str,
        path: str,
        timeout: float,
        body: bytes | None = None,
        content_type: str = "application/json",
    ) -> Reply:
        request = Request(
            method,
            path + self._query,
            self._authorization,
            body,
            content_type=content_type,
            accepts_partial_reply=True,
        )
        return self._transport.send(request, timeout)

    def close(self) -> None:
        """Close the connection."""
        self._transport.close()
