"""Counts connections that the server closes early, and logs the first of each kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from waexporter.log import get_logger
from waexporter.web.bounds.connection_limit import ConnectionRefusal

if TYPE_CHECKING:
    from collections.abc import Callable

    from waexporter.metrics.telemetry import Telemetry
    from waexporter.model import Instant

_PAUSE: Final = 600.0  # seconds until the next one of a kind is logged
_MAX_KINDS: Final = 100  # OpenSSL has more reasons than a log needs
_log = get_logger("web")

# What an operator should know of; the others are the everyday life of an open port.
_WORDS: Final = {
    ConnectionRefusal.LIMIT: "a connection was closed for a new one, since there are web.max_connections",
    ConnectionRefusal.PLAIN_HTTP: "a client sent a request without TLS: it must use https://",
    ConnectionRefusal.HANDSHAKE: "a TLS handshake failed",
    ConnectionRefusal.CLIENT_NAME: "a client's certificate has no name of client_allowed_sans",
}


class ConnectionLog:
    """Counts each refusal and logs it, but not more than one of a kind in ten minutes."""

    def __init__(self, telemetry: Telemetry, clock: Callable[[], Instant]) -> None:
        self._telemetry = telemetry
        self._clock = clock
        self._quiet_until: dict[tuple[ConnectionRefusal, str], float] = {}  # steady clock

    def note(self, refusal: ConnectionRefusal, peer: str, details: str) -> None:
        """Count a connection, and log it if there is something new to say; called in the loop's thread."""
        self._telemetry.count_refusal(refusal.value)
        if refusal not in _WORDS:
            return
        now = self._clock().steady
        if now < self._quiet_until.get((refusal, details), now):
            return
        if len(self._quiet_until) >= _MAX_KINDS:
            self._quiet_until = {kind: until for kind, until in self._quiet_until.items() if now < until}
        if len(self._quiet_until) >= _MAX_KINDS:
            return
        self._quiet_until[refusal, details] = now + _PAUSE
        more = {"why": details} if details else {}
        _log.warning(_WORDS[refusal], client=peer, **more)
