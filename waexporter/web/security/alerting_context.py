"""A TLS context whose failed handshakes tell the client why."""

from __future__ import annotations

import ssl
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

# How to send to the client of the handshake that this task does.
send_alert: ContextVar[Callable[[bytes], None]] = ContextVar("send_alert")


class AlertingContext(ssl.SSLContext):
    """Sends the alert of a failed handshake, such as "certificate required".

    OpenSSL writes it, and asyncio drops it; a client would report that the connection just ended.
    """

    def wrap_bio(self, incoming: ssl.MemoryBIO, outgoing: ssl.MemoryBIO, **options: Any) -> ssl.SSLObject:  # type: ignore[override] # noqa: ANN401 - as the ssl module has them
        """Return a TLS object for a connection; asyncio calls it for each."""
        wrapped = super().wrap_bio(incoming, outgoing, **options)
        assert isinstance(wrapped, _AlertingObject)  # noqa: S101 - for the type checker: set by `create_context`
        wrapped.outgoing = outgoing
        wrapped.send_alert = send_alert.get(None)
        return wrapped


class _AlertingObject(ssl.SSLObject):
    outgoing: ssl.MemoryBIO
    send_alert: Callable[[bytes], None] | None

    def do_handshake(self) -> None:
        """Go on with the handshake; before an error is raised, send what OpenSSL has to say of it."""
        try:
            super().do_handshake()
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError, ssl.SSLSyscallError):
            raise
        except ssl.SSLError:
            if self.send_alert is not None:
                self.send_alert(self.outgoing.read())
            raise


def create_context() -> ssl.SSLContext:
    """Return a context for a server."""
    context = AlertingContext(ssl.PROTOCOL_TLS_SERVER)
    context.sslobject_class = _AlertingObject
    return context
