"""A certificate authority to throw away, and the certificates it issues: a good one, and those of stories."""

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
    """An authority, and its certificates for this machine's own names and the host listened on."""

    def __init__(self, host: str) -> None:
        self._authority = trustme.CA(organization_name="WhatsApp client simulator")
        self._names = tuple(dict.fromkeys((*_NAMES, host)))
        self.pem = self._authority.cert_pem.bytes().decode("ascii")

    def context(self, not_after: datetime | None = None) -> ssl.SSLContext:
        """Make a server's context with a certificate that ends then, by default in a decade or two."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._authority.issue_cert(*self._names, not_after=not_after).configure_cert(context)
        return context


def serve(authority: Authority, faults: Callable[[], tuple[Fault, ...]]) -> ssl.SSLContext:
    """Make a context that shows each connection the certificate that fits the faults which hold then."""
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
    """Give when the certificate ends that is to be served, None for the usual one."""
    for fault in faults:
        if fault.name in _STORIES:
            return min(max(fault.since + _STORIES[fault.name] * fault.lapse, _EARLIEST), _LATEST)
    return None
