"""Sockets that observe the budget of the request that their thread is sending."""

from __future__ import annotations

import socket
import ssl
from typing import TYPE_CHECKING

from waexporter.transport.budget import current_budget

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

    from waexporter.transport.resolver import Resolver

# The other side's kernel acknowledges packets even if its server is slow; on a local network this is long
# enough to send a lost packet four times.
_UNACKNOWLEDGED = 5000  # milliseconds


class PlainSocket(socket.socket):
    """A TCP socket whose reads observe the budget."""

    def recv_into(self, buffer: WriteableBuffer, nbytes: int = 0, flags: int = 0) -> int:
        """Read as in the standard library; raise TimeoutError or TooManyBytesError."""
        budget = current_budget()
        self.settimeout(budget.remaining())
        size = super().recv_into(buffer, nbytes, flags)
        budget.add_received(size)
        return size


class TlsSocket(ssl.SSLSocket):
    """A TLS socket whose handshake and reads observe the budget."""

    def do_handshake(self, block: bool = False) -> None:  # noqa: FBT001, FBT002 - as in the standard library
        """Do the handshake as in the standard library; raise TimeoutError."""
        budget = current_budget()
        self.settimeout(budget.remaining())
        with budget.time_phase("tls"):
            super().do_handshake(block)

    def recv_into(self, buffer: WriteableBuffer, nbytes: int | None = None, flags: int = 0) -> int:
        """Read as in the standard library; raise TimeoutError or TooManyBytesError."""
        budget = current_budget()
        self.settimeout(budget.remaining())
        size = super().recv_into(buffer, nbytes, flags)
        budget.add_received(size)
        return size

    def recv(self, buflen: int = 1024, flags: int = 0) -> bytes:
        """Read as in the standard library; urllib3 calls this for TLS through a TLS proxy."""
        budget = current_budget()
        self.settimeout(budget.remaining())
        received = super().recv(buflen, flags)
        budget.add_received(len(received))
        return received


def connect(resolver: Resolver, host: str, port: int) -> PlainSocket:
    """Connect to the first address of a host that answers; each one gets an equal share of the time left."""
    budget = current_budget()
    last: OSError | None = None
    with budget.time_phase("dns"):
        found = resolver.resolve(host, port, budget.remaining())
    with budget.time_phase("connect"):
        for number, (family, kind, protocol, _, address) in enumerate(found):
            plain = PlainSocket(family, kind, protocol)
            try:
                plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                plain.settimeout(budget.remaining() / (len(found) - number))
                plain.connect(address)
                _limit_unacknowledged(plain)
            except OSError as error:
                plain.close()
                last = error
            else:
                budget.is_connected = True
                return plain
    raise last or OSError("the host's name has no address")


def _limit_unacknowledged(plain: socket.socket) -> None:
    """Limit how long sent packets may be unacknowledged; those to a slow server are acknowledged."""
    # Set after connecting, which has its own timeout. Linux only.
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _UNACKNOWLEDGED)
