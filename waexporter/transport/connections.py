"""Connections that are kept for the next request, and closed once they are old.

Behind a load balancer a kept connection leads to one of several servers, behind a name to a machine that may
not be the right one any more, and a gateway in between may have forgotten it.
"""

from __future__ import annotations

import http.client
import math
import random
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NamedTuple

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from waexporter.model import now
from waexporter.transport.budget import current_budget
from waexporter.transport.resolver import SHARED, Resolver
from waexporter.transport.sockets import connect

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from waexporter.model import Instant

# A Service that leads to another machine, or another server behind the same load balancer, is noticed within
# a minute; a handshake a minute costs next to nothing.
GREATEST_AGE = 60.0  # seconds
_AGE_JITTER = 1 / 3  # of the age, taken off at random, so that connections made together don't end together
# Load balancers and NATs of clouds forget an idle connection after 240 s or more, other gateways sooner;
# polls at the usual interval of 30 s share one.
GREATEST_IDLE = 45.0  # seconds
_INFORMATIONAL = frozenset(range(100, 200)) - {HTTPStatus.SWITCHING_PROTOCOLS}  # the answer comes after them


class TransportOptions(NamedTuple):
    """The clock, the randomness and the resolver that a transport uses."""

    clock: Callable[[], Instant] = now
    jitter: Callable[[], float] = random.random  # a random number from 0 to 1
    resolver: Resolver = SHARED


class _Response(http.client.HTTPResponse):
    """An answer without the informational ones that may come before it: http.client knows 100 only."""

    def _read_status(self) -> tuple[str, int, str]:
        # Informational answers without end are ended by the budget.
        while True:
            version, status, reason = super()._read_status()  # type: ignore[misc]
            if status not in _INFORMATIONAL:
                return version, status, reason
            http.client.parse_headers(self.fp)

    def begin(self) -> None:
        # Here and not where it is read: a proxy's answer to CONNECT is read there, too.
        try:
            super().begin()
        finally:
            if isinstance(self.status, int):
                current_budget().status = self.status


class _Kept:
    """What a kept connection knows in addition to urllib3's attributes."""

    resolver: Resolver
    ends = math.inf  # on the pool's clock: it is too old then
    used = -math.inf  # on the pool's clock: when the last answer ended


class _Connection(_Kept, HTTPConnection):
    response_class = _Response

    def _new_conn(self) -> socket.socket:
        # `host` has lost the final dot that keeps a resolver from trying other domains.
        return connect(self.resolver, self._dns_host, self.port)


class _TlsConnection(_Kept, HTTPSConnection):
    response_class = _Response

    def _new_conn(self) -> socket.socket:
        return connect(self.resolver, self._dns_host, self.port)


class ConnectionPool(HTTPConnectionPool):
    """A pool that closes connections that are old, or were idle for long.

    urllib3 hands out the connection that came back last, so the others are idle for long. A connection that
    must not be used any more is closed, and opened again, when it is handed out.
    """

    ConnectionCls: type[Any] = _Connection
    options: TransportOptions

    def _new_conn(self) -> Any:  # noqa: ANN401 - one of the two above
        connection = super()._new_conn()
        connection.resolver = self.options.resolver  # type: ignore[attr-defined]
        return connection

    def _get_conn(self, timeout: float | None = None) -> Any:  # noqa: ANN401
        connection: Any = super()._get_conn(timeout)
        budget, steady = current_budget(), self.options.clock().steady
        is_worn = steady >= connection.ends or steady - connection.used > GREATEST_IDLE
        if connection.sock is not None and (is_worn or budget.needs_new_connection):
            connection.close()
        budget.is_reused = connection.sock is not None
        if not budget.is_reused:
            connection.ends = steady + GREATEST_AGE * (1 - _AGE_JITTER * self.options.jitter())
        return connection

    def _put_conn(self, connection: Any) -> None:  # noqa: ANN401
        if connection is not None:
            connection.used = self.options.clock().steady
        super()._put_conn(connection)


class TlsConnectionPool(ConnectionPool, HTTPSConnectionPool):
    """The same with TLS."""

    ConnectionCls = _TlsConnection
