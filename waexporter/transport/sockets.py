"""Sockets that keep one deadline, and one budget of bytes, for a whole request.

A timeout of requests or urllib3 holds for one socket operation, so a server that drips one byte per second
holds a thread for ever. Here every operation of a request (connect, handshake, each read) is given only what
is left of the allowance of the request that its thread is sending. The same goes for looking the host up.

A connection is kept for the next request, and trusted only so long: behind a balancer it leads to one webapp
of several, behind a name to a machine that may not be the right one any more, and what lies in between may
have forgotten it without a word.
"""

from __future__ import annotations

import http.client
import math
import random
import socket
import ssl
import sys
import threading
import time
from base64 import b64encode
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from waexporter.model import now
from waexporter.transport.resolver import SHARED, Resolver

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from _typeshed import WriteableBuffer
    from requests import PreparedRequest

    from waexporter.model import Instant, ProxyAuth, Target, Tls

# A Service that leads elsewhere, or another webapp behind the same balancer, is to be seen within a minute; a
# handshake a minute costs next to nothing.
GREATEST_AGE = 60.0  # seconds
_AGE_SPREAD = 1 / 3  # of the age, taken off by chance, so that connections made together don't end together
# Balancers and NATs of clouds forget an idle connection after 240 s or more, other gateways sooner; polls at
# the usual interval of 30 s are to share one.
GREATEST_IDLE = 45.0  # seconds
# What was sent is acknowledged by the other side's kernel, however slow its webapp is; on a local network
# this is enough to send a lost packet four times.
_UNACKNOWLEDGED = 5000  # milliseconds
_INFORMATIONAL = frozenset(range(100, 200)) - {HTTPStatus.SWITCHING_PROTOCOLS}  # the answer comes after them


class Surroundings(NamedTuple):
    """What a client gets from outside: the time, chance, and who knows the addresses of names."""

    clock: Callable[[], Instant] = now
    chance: Callable[[], float] = random.random
    resolver: Resolver = SHARED


class TooManyBytesError(OSError):
    """More bytes came over the wire than any sensible answer takes."""


@dataclass(slots=True)
class Allowance:
    """What one request may use, and what it used so far."""

    ends: float  # seconds of time.monotonic()
    size: int  # bytes to be received: what is read before the body can be counted is bounded, too
    received: int = 0  # bytes
    wants_new: bool = False  # a connection made for this request
    is_reused: bool = False  # the connection was made for another request
    is_connected: bool = False  # by a connection made for this request
    phases: dict[str, float] = field(default_factory=dict)  # dns | connect | tls -> seconds
    status: int | None = None  # of the answer, once it has come

    def remaining(self) -> float:
        """Give the seconds that are left; raises TimeoutError when there are none."""
        left = self.ends - time.monotonic()
        if left <= 0:
            raise TimeoutError("the deadline of the request has passed")
        return left

    def count(self, received: int) -> None:
        """Take note of bytes received; raises TooManyBytesError when they are too many."""
        self.received += received
        if self.received > self.size:
            raise TooManyBytesError("the answer does not end")

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Note how long a phase of the request took, whether it ended well or not."""
        began = time.monotonic()
        try:
            yield
        finally:
            self.phases[name] = time.monotonic() - began


class _Sending(threading.local):
    """The allowance of the request that this thread is sending."""

    allowance: Allowance | None = None


_sending = _Sending()


@contextmanager
def allowed(allowance: Allowance) -> Iterator[None]:
    """Hold every socket operation of this thread to `allowance`."""
    _sending.allowance = allowance
    try:
        yield
    finally:
        _sending.allowance = None


def _allowance() -> Allowance:
    if _sending.allowance is None:
        raise RuntimeError("a socket was used outside of allowed()")
    return _sending.allowance


class _PlainSocket(socket.socket):
    """A TCP socket whose reads are held to the allowance."""

    def recv_into(self, buffer: WriteableBuffer, nbytes: int = 0, flags: int = 0) -> int:
        allowance = _allowance()
        self.settimeout(allowance.remaining())
        size = super().recv_into(buffer, nbytes, flags)
        allowance.count(size)
        return size


class _TlsSocket(ssl.SSLSocket):
    """A TLS socket whose handshake and reads are held to the allowance."""

    def do_handshake(self, block: bool = False) -> None:  # noqa: FBT001, FBT002 - as in the standard library
        allowance = _allowance()
        self.settimeout(allowance.remaining())
        with allowance.phase("tls"):
            super().do_handshake(block)

    def recv_into(self, buffer: WriteableBuffer, nbytes: int | None = None, flags: int = 0) -> int:
        allowance = _allowance()
        self.settimeout(allowance.remaining())
        size = super().recv_into(buffer, nbytes, flags)
        allowance.count(size)
        return size

    def recv(self, buflen: int = 1024, flags: int = 0) -> bytes:
        # How urllib3 reads when a TLS connection leads through a TLS proxy.
        allowance = _allowance()
        self.settimeout(allowance.remaining())
        received = super().recv(buflen, flags)
        allowance.count(len(received))
        return received


def _connect(resolver: Resolver, host: str, port: int) -> _PlainSocket:
    """Connect to the first address of the host that answers; each gets an equal share of what is left."""
    allowance = _allowance()
    last: OSError | None = None
    with allowance.phase("dns"):
        found = resolver.resolve(host, port, allowance.remaining())
    with allowance.phase("connect"):
        for number, (family, kind, protocol, _, address) in enumerate(found):
            plain = _PlainSocket(family, kind, protocol)
            try:
                plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                plain.settimeout(allowance.remaining() / (len(found) - number))
                plain.connect(address)
                _expect_acknowledgement(plain)
            except OSError as error:
                plain.close()
                last = error
            else:
                allowance.is_connected = True
                return plain
    raise last or OSError("the host's name has no address")


def _expect_acknowledgement(plain: socket.socket) -> None:
    """Have a connection end once nothing is acknowledged: a forgotten one is told from a slow webapp."""
    # Set after connecting, which has a time of its own. Linux only.
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _UNACKNOWLEDGED)


class _Response(http.client.HTTPResponse):
    """An answer without the informational ones that may come before it: http.client knows 100 only."""

    def _read_status(self) -> tuple[str, int, str]:
        # Without end it is for the allowance to end it.
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
                _allowance().status = self.status


class _Kept:
    """What a connection, kept from request to request, knows beside urllib3's."""

    resolver: Resolver
    ends = math.inf  # on the pool's clock: it is too old then
    used = -math.inf  # on the pool's clock: when the last answer ended


class _Connection(_Kept, HTTPConnection):
    response_class = _Response

    def _new_conn(self) -> socket.socket:
        # `host` has lost the final dot that keeps a resolver from trying other domains.
        return _connect(self.resolver, self._dns_host, self.port)


class _TlsConnection(_Kept, HTTPSConnection):
    response_class = _Response

    def _new_conn(self) -> socket.socket:
        return _connect(self.resolver, self._dns_host, self.port)


class _Renewing(HTTPConnectionPool):
    """A pool that trusts a connection only so long.

    urllib3 hands out the connection that came back last, so that those beneath it are idle for long; one that
    is not to be used any more is closed, and made anew in its place, when its turn comes.
    """

    surroundings: Surroundings

    def _new_conn(self) -> Any:  # noqa: ANN401 - one of the two above
        connection = super()._new_conn()
        connection.resolver = self.surroundings.resolver  # type: ignore[attr-defined]
        return connection

    def _get_conn(self, timeout: float | None = None) -> Any:  # noqa: ANN401
        connection: Any = super()._get_conn(timeout)
        allowance, steady = _allowance(), self.surroundings.clock().steady
        is_worn = steady >= connection.ends or steady - connection.used > GREATEST_IDLE
        if connection.sock is not None and (is_worn or allowance.wants_new):
            connection.close()
        allowance.is_reused = connection.sock is not None
        if not allowance.is_reused:
            connection.ends = steady + GREATEST_AGE * (1 - _AGE_SPREAD * self.surroundings.chance())
        return connection

    def _put_conn(self, connection: Any) -> None:  # noqa: ANN401
        if connection is not None:
            connection.used = self.surroundings.clock().steady
        super()._put_conn(connection)


class _Pool(_Renewing):
    ConnectionCls = _Connection


class _TlsPool(_Renewing, HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


def tls_context(tls: Tls) -> ssl.SSLContext:
    """Build the context for one distinct TLS setting; it is shared, since each costs 0.7 MiB and 27 ms."""
    context = ssl.create_default_context(cafile=tls.ca_file)
    # The same on every Python: a webapp's own certificate may be named as the CA, as from 3.13 on, and may
    # lack what 3.13 newly insists on, as those that the client makes for itself do.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    if tls.insecure_skip_verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    _show_certificate(context, tls)
    context.sslsocket_class = _TlsSocket
    return context


def _show_certificate(context: ssl.SSLContext, tls: Tls) -> None:
    if tls.cert_file is not None:
        # OpenSSL would ask the terminal for a passphrase.
        context.load_cert_chain(tls.cert_file, tls.key_file, password=lambda: b"")


def basic(auth: ProxyAuth) -> str:
    """Write a name and a password as HTTP's Basic authentication."""
    return "Basic " + b64encode(f"{auth.username}:{auth.password.reveal()}".encode()).decode()


class Adapter(HTTPAdapter):
    """A requests adapter for one target: our sockets, a shared TLS context and nothing from certifi."""

    def __init__(
        self,
        target: Target,
        context: ssl.SSLContext | None,
        proxy_context: ssl.SSLContext | None = None,
        *,
        connections: int,
        surroundings: Surroundings,
    ) -> None:
        super().__init__(pool_connections=1, pool_maxsize=connections)
        self._proxy_auth = target.proxy_auth
        manager = self.poolmanager
        if target.proxy_url:
            manager = self.proxy_manager_for(target.proxy_url, proxy_ssl_context=proxy_context)
        manager.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}
        # requests would look the pool up anew for every request, which takes a tenth of its time.
        self._pool: _Renewing = manager.connection_from_url(
            target.url, _tls_options(target, context) if context is not None else None
        )
        self._pool.surroundings = surroundings

    def get_connection_with_tls_context(
        self, request: PreparedRequest, verify: object, proxies: object = None, cert: object = None
    ) -> HTTPConnectionPool:
        """Give the pool of the target, without anything derived from `verify` and `cert`."""
        del request, verify, proxies, cert
        return self._pool

    def proxy_headers(self, proxy: str) -> dict[str, str]:
        """Give what the proxy alone is shown: with CONNECT, or with each request for plain HTTP."""
        del proxy
        return {"Proxy-Authorization": basic(self._proxy_auth)} if self._proxy_auth is not None else {}

    def cert_verify(self, conn: object, url: object, verify: object, cert: object) -> None:
        """Leave verification to the context: requests would add certifi's authorities to it."""

    def close(self) -> None:
        """Close every connection; a request after this finds none."""
        self._pool.close()
        super().close()


def _tls_options(target: Target, context: ssl.SSLContext) -> dict[str, object]:
    options: dict[str, object] = {"ssl_context": context}
    if target.tls.server_name:
        options["server_hostname"] = target.tls.server_name
    if target.tls.insecure_skip_verify:
        options["assert_hostname"] = False
    return options


def shake_hands(target: Target, timeout: float, resolver: Resolver = SHARED) -> tuple[bytes, ...]:
    """Give the certificates that a target serves, unverified: the chain from Python 3.13 on, else its own.

    Raises OSError.
    """
    parts = urlsplit(target.url)
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.sslsocket_class = _TlsSocket
    _show_certificate(context, target.tls)
    with (
        allowed(Allowance(time.monotonic() + timeout, 0)),
        _connect(resolver, host, port) as plain,
        context.wrap_socket(plain, server_hostname=target.tls.server_name or host) as wrapped,
    ):
        if sys.version_info >= (3, 13):
            return tuple(wrapped.get_unverified_chain())
        own = wrapped.getpeercert(binary_form=True)
        return (own,) if own else ()
