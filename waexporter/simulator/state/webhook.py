"""The webhook of the business, called over HTTP, on loopback addresses only."""

from __future__ import annotations

import http.client
import ipaddress
import json
import ssl
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable

    from waexporter.simulator.envelope import Json

SUCCESS = "success"
NO_ANSWER = "1"  # as upstream labels a connection that failed

_SECONDS = 3.0
_OK = 200


@dataclass(frozen=True, slots=True)
class Webhook:
    """The URL of the webhook, the CA for https://, and the backoff of retries."""

    url: str
    ca_pem: str | None = None  # None: the system's authorities
    backoff: float = 3.0  # seconds, more with each failure
    longest_backoff: float = 900.0

    def pause(self, failures: int) -> float:
        """Return the seconds to wait after a number of failures."""
        return min(self.backoff * failures, self.longest_backoff)


def is_loopback(url: str) -> bool:
    """Return whether the host of a URL is a loopback address."""
    parts = _split(url)
    if parts is None or parts.scheme not in {"http", "https"}:
        return False
    if parts.hostname == "localhost":
        return True
    try:
        return ipaddress.ip_address(parts.hostname or "").is_loopback
    except ValueError:
        return False


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        _ = parts.port  # is read late: a wrong one is a ValueError only here
    except ValueError:
        return None
    return parts


def call(
    webhook: Webhook,
    document: Json,
    hold: Callable[[http.client.HTTPConnection | None], None],
) -> tuple[str, float]:
    """Call the webhook once; return the result and the milliseconds. `hold` receives the open connection."""
    begun = time.monotonic()
    connection = None
    try:
        connection = _connection(webhook)
        connection.connect()
        hold(connection)
        result = _post(connection, webhook.url, document)
    except (OSError, ValueError, http.client.HTTPException):
        result = NO_ANSWER
    finally:
        hold(None)
        if connection is not None:
            connection.close()
    return result, (time.monotonic() - begun) * 1000


def _connection(webhook: Webhook) -> http.client.HTTPConnection:
    parts = urlsplit(webhook.url)
    if parts.scheme == "http":
        return http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=_SECONDS)
    context = ssl.create_default_context(cadata=webhook.ca_pem)
    return http.client.HTTPSConnection(parts.hostname or "", parts.port, timeout=_SECONDS, context=context)


def _post(connection: http.client.HTTPConnection, url: str, document: Json) -> str:
    parts = urlsplit(url)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    connection.request("POST", path, json.dumps(document), {"Content-Type": "application/json"})
    status = connection.getresponse().status
    return SUCCESS if status == _OK else str(status)
