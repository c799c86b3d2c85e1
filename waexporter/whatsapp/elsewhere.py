"""Requests to an address that is no client of WhatsApp: a fallback's webhook, a heartbeat's receiver."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from waexporter.model import Limits, Target
from waexporter.transport.exchange import Request
from waexporter.whatsapp.client import Client

if TYPE_CHECKING:
    from waexporter.model import Secret
    from waexporter.transport.exchange import Reply
    from waexporter.whatsapp.client import TlsContexts

_LIMITS = Limits(body_bytes=64 * 1024)


class Elsewhere:
    """One address, asked as carefully as a client of WhatsApp: deadline, cap, no redirects, TLS verified."""

    def __init__(self, address: Secret, contexts: TlsContexts, limits: Limits = _LIMITS) -> None:
        parts = urlsplit(address.reveal())
        host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or ""
        origin = f"{parts.scheme.lower()}://{host}" + (f":{parts.port}" if parts.port else "")
        self._path = parts.path or "/"
        self._query = f"?{parts.query}" if parts.query else ""
        pair = f"{unquote(parts.username or '')}:{unquote(parts.password or '')}"
        self._authorization = f"Basic {b64encode(pair.encode()).decode()}" if parts.username else ""
        self._client = Client(Target(parts.hostname or "", origin), limits, contexts)

    def post(self, body: bytes, timeout: float, suffix: str = "") -> Reply:
        """POST a body within `timeout` seconds; return the answer of any status, or raise an ApiError.

        The suffix goes behind the address's path.
        """
        path = f"{self._path.rstrip('/')}{suffix}" if suffix else self._path
        return self._ask("POST", path, timeout, body)

    def deliver(self, body: bytes, content_type: str, timeout: float) -> Reply:
        """POST a body within `timeout` seconds; return the answer of any status, or raise an ApiError.

        What of the answer can't be read is left out: its status counts.
        """
        return self._ask("POST", self._path, timeout, body, content_type)

    def get(self, timeout: float) -> Reply:
        """GET the address within `timeout` seconds; return the answer of any status, or raise an ApiError."""
        return self._ask("GET", self._path, timeout)

    def read(self, timeout: float, suffix: str) -> Reply:
        """GET what is below the address; gives the answer of any status, or raises an ApiError."""
        path = f"{self._path.rstrip('/')}{suffix}"
        return self._client.send(Request("GET", path, self._authorization), timeout)

    def _ask(
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
            is_done_by_status=True,
        )
        return self._client.send(request, timeout)

    def close(self) -> None:
        """Close the connection."""
        self._client.close()
