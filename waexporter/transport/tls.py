"""TLS contexts, and how to fetch the certificates that a server presents."""

from __future__ import annotations

import ssl
import sys
import time
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from weakref import WeakValueDictionary

from waexporter.transport.budget import RequestBudget, apply_budget
from waexporter.transport.resolver import SHARED_RESOLVER
from waexporter.transport.sockets import TlsSocket, connect

if TYPE_CHECKING:
    from collections.abc import Callable

    from waexporter.model import Tls
    from waexporter.transport.origin import Origin
    from waexporter.transport.resolver import Resolver


class TlsContexts:
    """The TLS contexts in use, one per distinct setting; a context is freed when nothing uses it."""

    def __init__(self, build: Callable[[Tls], ssl.SSLContext] | None = None) -> None:
        """Build each context by `build`, or as targets need it."""
        self._build = build or _build_context
        self._contexts: WeakValueDictionary[Tls, ssl.SSLContext] = WeakValueDictionary()

    def get(self, tls: Tls) -> ssl.SSLContext:
        """Return the context for `tls`; raise OSError if a file can't be read."""
        # The server name is not a setting of the context, but of each connection.
        key = replace(tls, server_name=None)
        context = self._contexts.get(key)
        if context is None:
            context = self._contexts[key] = self._build(tls)
            context.sslsocket_class = TlsSocket
        return context


def _build_context(tls: Tls) -> ssl.SSLContext:
    """Build the context for one distinct TLS setting; it is shared, since each costs 0.7 MiB and 27 ms."""
    context = ssl.create_default_context(cafile=tls.ca_file)
    # The same on every Python: the CA may be the server's own certificate, which is the default from 3.13 on;
    # and extensions that 3.13 began to require may be missing, as in the certificates that WhatsApp's client
    # creates for itself.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    if tls.insecure_skip_verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    _load_client_certificate(context, tls)
    return context


def _load_client_certificate(context: ssl.SSLContext, tls: Tls) -> None:
    if tls.cert_file is not None:
        # Without a password, OpenSSL would ask for one on the terminal.
        context.load_cert_chain(tls.cert_file, tls.key_file, password=lambda: b"")


def fetch_certificates(
    origin: Origin, timeout: float, resolver: Resolver = SHARED_RESOLVER
) -> tuple[bytes, ...]:
    """Return the certificates that a server presents, as DER, unverified; raise OSError.

    Python 3.13 and later return the whole chain, older ones only the server's own certificate.
    """
    parts = urlsplit(origin.url)
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.sslsocket_class = TlsSocket
    _load_client_certificate(context, origin.tls)
    with (
        apply_budget(RequestBudget(time.monotonic() + timeout, 0)),
        connect(resolver, host, port) as plain,
        context.wrap_socket(plain, server_hostname=origin.tls.server_name or host) as wrapped,
    ):
        if sys.version_info >= (3, 13):
            return tuple(wrapped.get_unverified_chain())
        own = wrapped.getpeercert(binary_form=True)
        return (own,) if own else ()
