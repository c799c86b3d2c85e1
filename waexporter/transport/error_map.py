"""The map from errors of requests, urllib3 and the operating system to ApiErrors with messages for people."""

from __future__ import annotations

import errno
import http.client
import socket
import ssl
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import requests
import urllib3.exceptions

from waexporter.errors import ApiError, BodyError, UnreachableError
from waexporter.model import Reason
from waexporter.transport.budget import TooManyBytesError
from waexporter.transport.error_chain import list_chain
from waexporter.transport.resolver import UnresolvedError

if TYPE_CHECKING:
    from collections.abc import Callable

_TLS_ALERT = "\x15\x03"  # the first bytes of a TLS alert, which a TLS server may send in answer to plain HTTP
_OLD_TLS = (
    "the target speaks only a version of TLS that is not safe any more: switch TLS 1.2 or newer on there"
)
# A part of OpenSSL's message: what a person can do about it.
_TLS_ADVICE = {
    "wrong version number": "does the target speak plain HTTP?",
    "record layer failure": "does the target speak plain HTTP?",
    "unsupported protocol": _OLD_TLS,
    "wrong ssl version": _OLD_TLS,
    "alert protocol version": _OLD_TLS,
    "certificate required": "the target demands a certificate of its clients: "
    "set tls.cert_file and tls.key_file",
    "alert handshake failure": "the target may demand a certificate of its clients: "
    "set tls.cert_file and tls.key_file",
    "alert unknown ca": "the target does not trust the authority of the certificate in tls.cert_file",
}


def map_error(error: BaseException) -> ApiError:
    """Return the ApiError for a request that failed with `error`."""
    chain = list_chain(error)
    for types, explain in _TABLE:
        for cause in chain:
            if isinstance(cause, types) and not isinstance(cause, requests.RequestException):
                mapped = explain(cause)
                # Here the fault is between waexporter and the proxy, not the client's.
                mapped.is_foreign = any(isinstance(each, urllib3.exceptions.ProxyError) for each in chain)
                return mapped
    # The message of requests may quote the url or headers; the name of the error's type does not.
    return UnreachableError(f"no answer: {type(chain[-1]).__name__}")


def tls_expected_error() -> ApiError:
    """Return the error for a server that speaks TLS although its url begins with http://."""
    return UnreachableError("the target speaks TLS: its url must begin with https://", reason=Reason.TLS)


def proxy_auth_error() -> ApiError:
    """Return the error for a proxy that demands a password, or another one."""
    error = UnreachableError("the proxy demands a password (407): set proxy_auth to the right one")
    error.is_foreign = True
    return error


def _dns_error(cause: socket.gaierror) -> ApiError:
    words = _strerror(cause)
    # EAI_AGAIN means that no resolver answered, not that the name does not exist.
    if cause.errno == socket.EAI_AGAIN:
        return UnreachableError(
            f"the resolver does not answer for the host's name: {words}", reason=Reason.TIMEOUT
        )
    return UnreachableError(f"the host's name does not resolve: {words}")


def _certificate_error(cause: ssl.SSLCertVerificationError) -> ApiError:
    words = cause.verify_message or _reason(cause)
    if "mismatch" in words.lower():
        advice = "set tls.server_name to a name in the certificate"
    elif "issuer" in words or "self-signed" in words or "self signed" in words:
        advice = "set tls.ca_file to the authority that signed it"
    elif "not yet valid" in words:
        advice = "a clock is wrong: this machine's, or that of the machine which made it"
    else:
        advice = "renew it"
    return UnreachableError(f"the certificate is not trusted: {words}; {advice}", reason=Reason.TLS)


def _tls_error(cause: ssl.SSLError) -> ApiError:
    words = _reason(cause)
    advice = "".join(f": {advice}" for reason, advice in _TLS_ADVICE.items() if reason in words)
    return UnreachableError(f"TLS failed: {words}{advice}", reason=Reason.TLS)


def _timeout_error(cause: TimeoutError) -> ApiError:
    # With this errno the operating system has ended the connection; a TimeoutError of our own has no errno.
    if cause.errno == errno.ETIMEDOUT:
        return UnreachableError("no connection: what is sent is not acknowledged")
    return UnreachableError("no complete answer in time", reason=Reason.TIMEOUT)


def _proxy_error(cause: urllib3.exceptions.ProxyError) -> ApiError:
    origin = cause.original_error
    refusal = str(origin).removeprefix("Tunnel connection failed: ")
    if refusal.startswith("407"):
        return proxy_auth_error()
    if refusal != str(origin):
        return UnreachableError(f"the proxy refuses to lead to the target: {_status(refusal)}")
    return UnreachableError(f"no connection to the proxy: {_strerror(origin)}")


def _protocol_error(cause: http.client.HTTPException) -> ApiError:
    if isinstance(cause, http.client.BadStatusLine) and str(cause).startswith(_TLS_ALERT):
        return tls_expected_error()
    return BodyError(f"the answer is not sound HTTP ({type(cause).__name__})")


def _status(line: str) -> str:
    """Return a line's status with HTTP's own phrase, since the proxy's phrase may repeat its password."""
    number = line[:3]
    phrase = next((each.phrase for each in HTTPStatus if str(each.value) == number), "")
    return f"{number} {phrase}".rstrip()


def _reason(cause: ssl.SSLError) -> str:
    return (cause.reason or "unknown reason").lower().replace("_", " ")


def _strerror(cause: BaseException) -> str:
    return getattr(cause, "strerror", None) or type(cause).__name__


# The first row that matches any error of the chain decides. Errors of the operating system come first, since
# urllib3's wrappers mislead (its NewConnectionError is a timeout).
_TABLE: tuple[tuple[tuple[type[BaseException], ...], Callable[[Any], ApiError]], ...] = (
    ((ssl.SSLCertVerificationError,), _certificate_error),
    (
        (TooManyBytesError,),
        lambda _: BodyError("the answer is larger than limits.body_bytes allows", reason=Reason.TOO_LARGE),
    ),
    ((socket.gaierror,), _dns_error),
    (
        (UnresolvedError,),
        lambda _: UnreachableError("the host's name was not resolved in time", reason=Reason.TIMEOUT),
    ),
    ((TimeoutError,), _timeout_error),
    (
        (http.client.IncompleteRead, urllib3.exceptions.InvalidChunkLength),
        lambda _: BodyError("the answer was cut short"),
    ),
    ((urllib3.exceptions.DecodeError,), lambda _: BodyError("the answer's compression is broken")),
    (
        (ssl.SSLEOFError, ssl.SSLZeroReturnError),
        lambda _: UnreachableError("TLS failed: the connection was ended amid it", reason=Reason.TLS),
    ),
    ((ssl.SSLError,), _tls_error),
    (
        (http.client.RemoteDisconnected,),
        lambda _: UnreachableError("the connection was closed before an answer came"),
    ),
    ((urllib3.exceptions.ProxyError,), _proxy_error),
    ((http.client.HTTPException,), _protocol_error),
    ((urllib3.exceptions.InvalidHeader,), lambda _: BodyError("the answer's headers contradict themselves")),
    ((OSError,), lambda cause: UnreachableError(f"no connection: {_strerror(cause)}")),
    (
        (urllib3.exceptions.TimeoutError,),
        lambda _: UnreachableError("no answer in time", reason=Reason.TIMEOUT),
    ),
    ((urllib3.exceptions.ProtocolError,), lambda _: BodyError("the answer was cut short")),
)
