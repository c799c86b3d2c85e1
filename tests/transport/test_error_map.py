"""Errors of requests and urllib3, wrapped as in reality, and the messages for them."""

from __future__ import annotations

import errno
import http.client
import socket
import ssl

import pytest
import requests
import urllib3.exceptions

from waexporter.errors import ApiError, BodyError, UnreachableError
from waexporter.model import Reason
from waexporter.transport.budget import TooManyBytesError
from waexporter.transport.error_map import map_error
from waexporter.transport.resolver import UnresolvedError

SECRET = "http://user:hidden@proxy"


def _aborted(error: Exception) -> requests.ConnectionError:
    """Wrap an error as requests does when a connection ends."""
    return requests.ConnectionError(urllib3.exceptions.ProtocolError("Connection aborted.", error))


def _tls(reason: str) -> requests.exceptions.SSLError:
    error = ssl.SSLError(1, f"[SSL: {reason}] whatever")
    error.reason = reason
    return requests.exceptions.SSLError(urllib3.exceptions.SSLError(error))


def _untrusted(words: str) -> requests.exceptions.SSLError:
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_message = words
    return requests.exceptions.SSLError(urllib3.exceptions.SSLError(error))


def _proxy(error: Exception) -> requests.exceptions.ProxyError:
    wrapped = urllib3.exceptions.ProxyError("Unable to connect to proxy", error)
    return requests.exceptions.ProxyError(urllib3.exceptions.MaxRetryError(None, SECRET, wrapped))  # type: ignore[arg-type]


_TABLE: list[tuple[Exception, type[ApiError], Reason, str]] = [
    (
        _aborted(TimeoutError("timed out")),
        UnreachableError,
        Reason.TIMEOUT,
        "no complete answer in time",
    ),
    (
        _aborted(TimeoutError(errno.ETIMEDOUT, "Connection timed out")),
        UnreachableError,
        Reason.UNREACHABLE,
        "no connection: what is sent is not acknowledged",
    ),
    (
        _aborted(UnresolvedError("x")),
        UnreachableError,
        Reason.TIMEOUT,
        "the host's name was not resolved in time",
    ),
    (
        _aborted(ConnectionRefusedError(111, "Connection refused")),
        UnreachableError,
        Reason.UNREACHABLE,
        "no connection: Connection refused",
    ),
    (
        _aborted(OSError(113, "No route to host")),
        UnreachableError,
        Reason.UNREACHABLE,
        "no connection: No route to host",
    ),
    (
        _aborted(PermissionError(1, "Operation not permitted")),
        UnreachableError,
        Reason.UNREACHABLE,
        "no connection: Operation not permitted",
    ),
    (
        _aborted(socket.gaierror(-2, "Name or service not known")),
        UnreachableError,
        Reason.UNREACHABLE,
        "the host's name does not resolve: Name or service not known",
    ),
    (
        _aborted(http.client.RemoteDisconnected("Remote end closed connection without response")),
        UnreachableError,
        Reason.UNREACHABLE,
        "the connection was closed before an answer came",
    ),
    (
        _aborted(http.client.BadStatusLine(SECRET)),
        BodyError,
        Reason.BODY,
        "the answer is not sound HTTP (BadStatusLine)",
    ),
    (
        _aborted(TooManyBytesError("x")),
        BodyError,
        Reason.TOO_LARGE,
        "the answer is larger than limits.body_bytes allows",
    ),
    (
        urllib3.exceptions.ProtocolError("Connection broken", urllib3.exceptions.IncompleteRead(2, 8)),
        BodyError,
        Reason.BODY,
        "the answer was cut short",
    ),
    (
        urllib3.exceptions.DecodeError(f"broken {SECRET}"),
        BodyError,
        Reason.BODY,
        "the answer's compression is broken",
    ),
    (
        _untrusted("certificate has expired"),
        UnreachableError,
        Reason.TLS,
        "the certificate is not trusted: certificate has expired; renew it",
    ),
    (
        _untrusted("certificate is not yet valid"),
        UnreachableError,
        Reason.TLS,
        (
            "the certificate is not trusted: certificate is not yet valid; "
            "a clock is wrong: this machine's, or that of the machine which made it"
        ),
    ),
    (
        _untrusted("self-signed certificate"),
        UnreachableError,
        Reason.TLS,
        (
            "the certificate is not trusted: self-signed certificate; "
            "set tls.ca_file to the authority that signed it"
        ),
    ),
    (
        _untrusted("Hostname mismatch, certificate is not valid for 'a'."),
        UnreachableError,
        Reason.TLS,
        (
            "the certificate is not trusted: Hostname mismatch, certificate is not valid for 'a'.; "
            "set tls.server_name to a name in the certificate"
        ),
    ),
    (
        _tls("WRONG_VERSION_NUMBER"),
        UnreachableError,
        Reason.TLS,
        "TLS failed: wrong version number: does the target speak plain HTTP?",
    ),
    (
        _tls("TLSV13_ALERT_CERTIFICATE_REQUIRED"),
        UnreachableError,
        Reason.TLS,
        (
            "TLS failed: tlsv13 alert certificate required: "
            "the target demands a certificate of its clients: set tls.cert_file and tls.key_file"
        ),
    ),
    (
        _aborted(ssl.SSLEOFError(8, "EOF occurred in violation of protocol")),
        UnreachableError,
        Reason.TLS,
        "TLS failed: the connection was ended amid it",
    ),
    (_tls("BAD_RECORD"), UnreachableError, Reason.TLS, "TLS failed: bad record"),
    (
        _aborted(socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")),
        UnreachableError,
        Reason.TIMEOUT,
        "the resolver does not answer for the host's name: Temporary failure in name resolution",
    ),
    (
        _proxy(OSError("Tunnel connection failed: 403 denied for Basic bWU6aGlkZGVu hidden")),
        UnreachableError,
        Reason.UNREACHABLE,
        "the proxy refuses to lead to the target: 403 Forbidden",
    ),
    (
        _proxy(OSError("Tunnel connection failed: 599 hidden")),
        UnreachableError,
        Reason.UNREACHABLE,
        "the proxy refuses to lead to the target: 599",
    ),
    (
        _proxy(OSError("Tunnel connection failed: 407 Not bWU6aHVudGVyMg==")),
        UnreachableError,
        Reason.UNREACHABLE,
        "the proxy demands a password (407): set proxy_auth to the right one",
    ),
    (
        _tls("TLSV1_ALERT_UNKNOWN_CA"),
        UnreachableError,
        Reason.TLS,
        (
            "TLS failed: tlsv1 alert unknown ca: "
            "the target does not trust the authority of the certificate in tls.cert_file"
        ),
    ),
    (
        _proxy(ConnectionRefusedError(111, "Connection refused")),
        UnreachableError,
        Reason.UNREACHABLE,
        "no connection to the proxy: Connection refused",
    ),
    (
        requests.exceptions.InvalidURL(SECRET),
        UnreachableError,
        Reason.UNREACHABLE,
        "no answer: InvalidURL",
    ),
    (
        urllib3.exceptions.TimeoutError(SECRET),
        UnreachableError,
        Reason.TIMEOUT,
        "no answer in time",
    ),
]


@pytest.mark.parametrize(("error", "kind", "reason", "words"), _TABLE)
def test_a_failure_becomes_words_free_of_secrets(
    error: Exception, kind: type[ApiError], reason: Reason, words: str
) -> None:
    said = map_error(error)

    assert (type(said), said.reason, str(said)) == (kind, reason, words)
    assert "hidden" not in str(said)


@pytest.mark.parametrize(
    ("error", "is_foreign"),
    [
        (_proxy(ConnectionRefusedError(111, "Connection refused")), True),
        (_proxy(OSError("Tunnel connection failed: 403 No")), True),
        (_proxy(OSError("Tunnel connection failed: 407 No")), True),
        (_proxy(socket.gaierror(-2, "Name or service not known")), True),
        (_proxy(http.client.RemoteDisconnected("x")), True),
        (_aborted(ConnectionRefusedError(111, "Connection refused")), False),
        (_aborted(socket.gaierror(-2, "Name or service not known")), False),
        (_aborted(http.client.RemoteDisconnected("x")), False),
    ],
)
def test_a_failure_at_the_proxy_is_foreign(
    error: Exception,
    is_foreign: bool,  # noqa: FBT001 - a column of the table
) -> None:
    said = map_error(error)

    assert (said.reason, said.is_foreign) == (Reason.UNREACHABLE, is_foreign)


def test_a_cause_is_found_however_it_was_wrapped() -> None:
    middle = ValueError("x")
    middle.__cause__ = TimeoutError()
    error = requests.ConnectionError(urllib3.exceptions.HTTPError(middle))

    said = map_error(error)

    assert said.reason is Reason.TIMEOUT


def test_errors_that_wrap_each_other_are_looked_at_once() -> None:
    first, second = requests.ConnectionError(), urllib3.exceptions.HTTPError()
    first.__cause__, second.__cause__ = second, first

    said = map_error(first)

    assert str(said) == "no answer: HTTPError"
