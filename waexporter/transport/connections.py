"""Connection pools: a connection is kept for the next requests, until it is old or was idle for long.

An old connection may be a wrong one: it leads to a single server behind a load balancer, or to a machine that
the host's name no longer means, or a gateway on the way may have dropped it.
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
from waexporter.transport.resolver import SHARED_RESOLVER, Resolver
from waexporter.transport.sockets import connect

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from waexporter.model import Instant

# A name that changes to another machine, or another server behind the same load balancer, is noticed within a
# minute; a handshake per minute costs next to nothing.
MAX_AGE = 60.0  # seconds
_AGE_JITTER = 1 / 3  # of the age, subtracted at random: connections opened together don't end together
# Load balancers and NATs of clouds forget an idle connection after 240 s or more, other gateways sooner;
# polls at the usual interval of 30 s share a connection.
MAX_IDLE = 45.0  # seconds
# The final answer follows these.
_INFORMATIONAL = frozenset(range(100, 200)) - {HTTPStatus.SWITCHING_PROTOCOLS}


class TransportOptions(NamedTuple):
    """The clock, the randomness and the resolver that a transport uses."""

    clock: Callable[[], Instant] = now
    jitter: Callable[[], float] = random.random  # a random number from 0 to 1
    resolver: Resolver = SHARED_RESOLVER


class _Response(http.client.HTTPResponse):
    """A response that skips the informational ones before it; http.client skips only 100."""

    def _read_status(self) -> tuple[str, int, str]:
        # The budget ends a server that sends informational answers for ever.
        while True:
            version, status, reason = super()._read_status()  # type: ignore[misc]
            if status not in _INFORMATIONAL:
                return version, status, reason
            http.client.parse_headers(self.fp)

    def begin(self) -> None:
        # The status is recorded here, and not in _read_status, which also reads a proxy's answer to CONNECT.
        try:
            super().begin()
        finally:
            if isinstance(self.status, int):
                current_budget().status = self.status


class _ConnectionTimes:
    """The attributes of a connection that urllib3's classes lack."""

    resolver: Resolver
    expires = math.inf  # the pool's steady clock: it is too old from then on
    last_used = -math.inf  # the pool's steady clock: when the last answer ended


class _Connection(_ConnectionTimes, HTTPConnection):
    response_class = _Response

    def _new_conn(self) -> socket.socket:
        # `host` lacks the final dot, which keeps a resolver from trying other domains.
        return connect(self.resolver, self._dns_host, self.port)


class _TlsConnection(_ConnectionTimes, HTTPSConnection):
    response_class = _Response

    def _new_conn(self) -> socket.socket:
        return connect(self.resolver, self._dns_host, self.port)


class ConnectionPool(HTTPConnectionPool):
    """A pool that replaces connections that are old, or were idle for long.

    urllib3 returns the connection that was used last, so the others may be idle for long. A connection that
    must not be used any more is closed and opened again when the pool returns it.
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
        is_old = steady >= connection.expires or steady - connection.last_used > MAX_IDLE
        if connection.sock is not None and (is_old or budget.needs_new_connection):
            connection.close()
        budget.is_reused = connection.sock is not None
        if not budget.is_reused:
            connection.expires = steady + MAX_AGE * (1 - _AGE_JITTER * self.options.jitter())
        return connection

    def _put_conn(self, connection: Any) -> None:  # noqa: ANN401
        if connection is not None:
            connection.last_used = self.options.clock().steady
        super()._put_conn(connection)


class TlsConnectionPool(ConnectionPool, HTTPSConnectionPool):
    """A ConnectionPool with TLS."""

    ConnectionCls = _TlsConnection
