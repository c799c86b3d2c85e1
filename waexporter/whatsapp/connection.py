"""Sockets that keep one deadline, and one budget of bytes, for a whole request.

A timeout of requests or urllib3 holds for one socket operation, so a server that drips one byte per second
holds a thread for ever. Here every operation of a request (connect, handshake, each read) is given only what
is left of the allowance of the request that its thread is sending.
"""

from __future__ import annotations

import socket
import ssl
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

if TYPE_CHECKING:
    from collections.abc import Iterator

    from _typeshed import WriteableBuffer
    from requests import PreparedRequest

    from waexporter.model import Target, Tls


class TooManyBytesError(OSError):
    """More bytes came over the wire than any sensible answer takes."""


@dataclass(slots=True)
class Allowance:
    """What one request may use, and what it used so far."""

    ends: float  # seconds of time.monotonic()
    size: int  # bytes to be received: what is read before the body can be counted is bounded, too
    received: int = 0  # bytes
    is_connected: bool = False  # by a connection made for this request
    phases: dict[str, float] = field(default_factory=dict)  # connect | tls -> seconds

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


def _connect(connection: HTTPConnection) -> socket.socket:
    """Connect to the first address of the host that answers; each gets an equal share of what is left."""
    allowance = _allowance()
    # `host` has lost the final dot that keeps a resolver from trying other domains.
    place = connection._dns_host, connection.port  # noqa: SLF001
    last: OSError | None = None
    with allowance.phase("connect"):
        found = socket.getaddrinfo(*place, type=socket.SOCK_STREAM)
        for number, (family, kind, protocol, _, address) in enumerate(found):
            plain = _PlainSocket(family, kind, protocol)
            try:
                plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                plain.settimeout(allowance.remaining() / (len(found) - number))
                plain.connect(address)
            except OSError as error:
                plain.close()
                last = error
            else:
                allowance.is_connected = True
                return plain
    raise last or OSError("the host's name has no address")


class _Connection(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        return _connect(self)


class _TlsConnection(HTTPSConnection):
    def _new_conn(self) -> socket.socket:
        return _connect(self)


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _TlsPool(HTTPSConnectionPool):
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
    context.sslsocket_class = _TlsSocket
    return context


class Adapter(HTTPAdapter):
    """A requests adapter for one target: our sockets, a shared TLS context and nothing from certifi."""

    def __init__(
        self,
        target: Target,
        context: ssl.SSLContext | None,
        proxy_context: ssl.SSLContext | None = None,
        *,
        connections: int,
    ) -> None:
        super().__init__(pool_connections=1, pool_maxsize=connections)
        manager = self.poolmanager
        if target.proxy_url:
            manager = self.proxy_manager_for(target.proxy_url, proxy_ssl_context=proxy_context)
        manager.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}
        # requests would look the pool up anew for every request, which takes a tenth of its time.
        self._pool: HTTPConnectionPool = manager.connection_from_url(
            target.url, _tls_options(target, context) if context is not None else None
        )

    def get_connection_with_tls_context(
        self, request: PreparedRequest, verify: object, proxies: object = None, cert: object = None
    ) -> HTTPConnectionPool:
        """Give the pool of the target, without anything derived from `verify` and `cert`."""
        del request, verify, proxies, cert
        return self._pool

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


def shake_hands(target: Target, timeout: float) -> tuple[bytes, ...]:
    """Give the certificates that a target serves, unverified: the chain from Python 3.13 on, else its own."""
    parts = urlsplit(target.url)
    host = parts.hostname or ""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with (
        socket.create_connection((host, parts.port or 443), timeout) as plain,
        context.wrap_socket(plain, server_hostname=target.tls.server_name or host) as wrapped,
    ):
        if sys.version_info >= (3, 13):
            return tuple(wrapped.get_unverified_chain())
        own = wrapped.getpeercert(binary_form=True)
        return (own,) if own else ()
