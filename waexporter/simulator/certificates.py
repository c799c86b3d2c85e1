"""A throw-away certificate authority and its certificates: a valid one, and those that faults need."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import trustme

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from waexporter.simulator.faults.faults import Fault

_EARLIEST = 1_000_000_000.0  # trustme's certificates begin with the year 2000
_LATEST = 4_000_000_000.0

_NAMES = ("localhost", "127.0.0.1", "::1")
_STORIES: Mapping[str, int] = {"certificate_expiring": 1, "certificate_expired": -1}  # from now: ahead, ago


class Authority:
    """A certificate authority for the names of this machine and the host that the server listens on."""

    def __init__(self, host: str) -> None:
        self._authority = trustme.CA(organization_name="WhatsApp client simulator")
        self._names = tuple(dict.fromkeys((*_NAMES, host)))
        self.pem = self._authority.cert_pem.bytes().decode("ascii")

    def context(self, not_after: datetime | None = None) -> ssl.SSLContext:
        """Build a TLS context with a certificate that ends at `not_after`, by default in many years."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._authority.issue_cert(*self._names, not_after=not_after).configure_cert(context)
        return context


def serve(authority: Authority, faults: Callable[[], tuple[Fault, ...]]) -> ssl.SSLContext:
    """Build a TLS context that chooses the certificate for each connection by the active faults."""
    others: dict[float, ssl.SSLContext] = {}

    def choose(connection: ssl.SSLSocket | ssl.SSLObject, _name: str | None, _own: ssl.SSLContext) -> None:
        end = _end(faults())
        if end is not None:
            if end not in others:
                others[end] = authority.context(datetime.fromtimestamp(end, UTC))
            connection.context = others[end]

    context = authority.context()
    context.sni_callback = choose
    return context


def _end(faults: tuple[Fault, ...]) -> float | None:
    """Return when the served certificate ends, or None for the usual certificate."""
    for fault in faults:
        if fault.name in _STORIES:
            return min(max(fault.since + _STORIES[fault.name] * fault.duration, _EARLIEST), _LATEST)
    return None
