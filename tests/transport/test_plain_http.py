"""A url of http:// that leads to a port of TLS: the error names the wrong scheme."""

from __future__ import annotations

import socket
import ssl
import threading
from contextlib import closing, suppress
from typing import TYPE_CHECKING

import pytest
import trustme

from tests.transport.fixtures import get
from waexporter.errors import UnreachableError
from waexporter.model import Limits, Reason
from waexporter.transport.origin import Origin
from waexporter.transport.tls import TlsContexts
from waexporter.transport.transport import Transport

if TYPE_CHECKING:
    from collections.abc import Iterator

AUTHORITY = trustme.CA()


class Port:
    """A port of TLS that ends connections without TLS, as webapps and proxies do."""

    def __init__(self, context: ssl.SSLContext, farewell: bytes) -> None:
        self._context, self._farewell = context, farewell
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        """Stop listening."""
        self._listener.close()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                plain, _ = self._listener.accept()
                self._talk(plain)

    def _talk(self, plain: socket.socket) -> None:
        with plain, suppress(OSError):
            if self._farewell and plain.recv(3, socket.MSG_PEEK) == b"GET":
                plain.recv(4096)
                plain.sendall(self._farewell)
                return
            with self._context.wrap_socket(plain, server_side=True) as talk:
                talk.recv(1)


FAREWELLS = {
    "an alert, or nothing": b"",
    "as nginx": b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n",
}


@pytest.fixture
def context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    AUTHORITY.issue_cert("127.0.0.1").configure_cert(context)
    return context


@pytest.fixture(params=FAREWELLS)
def port(context: ssl.SSLContext, request: pytest.FixtureRequest) -> Iterator[Port]:
    with closing(Port(context, FAREWELLS[request.param])) as port:
        yield port


def ask(url: str) -> UnreachableError:
    client = Transport(Origin(url), Limits(), TlsContexts())
    with closing(client), pytest.raises(UnreachableError) as caught:
        get(client, "/v1/health", 20)
    return caught.value


@pytest.mark.parametrize("demands_certificate", [False, True])
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_it_says_that_the_target_speaks_tls(
    context: ssl.SSLContext, port: Port, version: ssl.TLSVersion, *, demands_certificate: bool
) -> None:
    context.minimum_version = context.maximum_version = version
    if demands_certificate:
        context.verify_mode = ssl.CERT_REQUIRED
        AUTHORITY.configure_trust(context)

    error = ask(port.url)

    assert (error.reason, str(error)) == (
        Reason.TLS,
        "the target speaks TLS: its url must begin with https://",
    )


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1")
def test_a_target_of_a_tls_that_is_too_old_speaks_tls_all_the_same(context: ssl.SSLContext) -> None:
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1

    with closing(Port(context, b"")) as port:
        error = ask(port.url)

    assert error.reason is Reason.TLS


def test_a_server_that_only_ends_the_connection_is_not_taken_for_one_of_tls() -> None:
    listener = socket.create_server(("127.0.0.1", 0))

    def hang_up() -> None:
        with suppress(OSError):
            while True:
                listener.accept()[0].close()

    threading.Thread(target=hang_up, daemon=True).start()
    with listener:
        error = ask(f"http://127.0.0.1:{listener.getsockname()[1]}")

    assert error.reason is Reason.UNREACHABLE
