"""What really went wrong beneath the wrappings of requests and urllib3, in words."""

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
from waexporter.transport.resolver import UnresolvedError
from waexporter.transport.sockets import TooManyBytesError

if TYPE_CHECKING:
    from collections.abc import Callable

_LONGEST = 20  # errors in a chain; wrappings may be circular

_TLS_ALERT = "\x15\x03"  # how one begins, for a request that is no TLS
_OLD_TLS = (
    "the target speaks only a version of TLS that is not safe any more: switch TLS 1.2 or newer on there"
)
# What OpenSSL says, and what a person may do about it.
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


def translate(error: BaseException) -> ApiError:
    """Give the ApiError that a failure to exchange a request for a reply amounts to."""
    chain = _chain(error)
    for types, explain in _TABLE:
        for cause in chain:
            if isinstance(cause, types) and not isinstance(cause, requests.RequestException):
                translated = explain(cause)
                # Whatever it is, it lies between us and the proxy.
                translated.is_foreign = any(isinstance(each, urllib3.exceptions.ProxyError) for each in chain)
                return translated
    # Texts of requests may quote the url or headers; a type's name can't.
    return UnreachableError(f"no answer: {type(chain[-1]).__name__}")


def speaks_tls() -> ApiError:
    """Return the error for a target of plain HTTP that speaks TLS."""
    return UnreachableError("the target speaks TLS: its url must begin with https://", reason=Reason.TLS)


def unknown_to_proxy() -> ApiError:
    """Return the error for a proxy that demands another password, or one at all."""
    error = UnreachableError("the proxy demands a password (407): set proxy_auth to the right one")
    error.is_foreign = True
    return error


def _unresolved(cause: socket.gaierror) -> ApiError:
    words = _strerror(cause)
    # That there is no such name is known only where a resolver says so.
    if cause.errno == socket.EAI_AGAIN:
        return UnreachableError(
            f"the resolver does not answer for the host's name: {words}", reason=Reason.TIMEOUT
        )
    return UnreachableError(f"the host's name does not resolve: {words}")


def _untrusted(cause: ssl.SSLCertVerificationError) -> ApiError:
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


def _unprotected(cause: ssl.SSLError) -> ApiError:
    words = _reason(cause)
    advice = "".join(f": {advice}" for said, advice in _TLS_ADVICE.items() if said in words)
    return UnreachableError(f"TLS failed: {words}{advice}", reason=Reason.TLS)


def _untimely(cause: TimeoutError) -> ApiError:
    # The operating system's, which gave the connection up; ours has no number.
    if cause.errno == errno.ETIMEDOUT:
        return UnreachableError("no connection: what is sent is not acknowledged")
    return UnreachableError("no complete answer in time", reason=Reason.TIMEOUT)


def _unproxied(cause: urllib3.exceptions.ProxyError) -> ApiError:
    origin = cause.original_error
    refusal = str(origin).removeprefix("Tunnel connection failed: ")
    if refusal.startswith("407"):
        return unknown_to_proxy()
    if refusal != str(origin):
        return UnreachableError(f"the proxy refuses to lead to the target: {_status(refusal)}")
    return UnreachableError(f"no connection to the proxy: {_strerror(origin)}")


def _unsound(cause: http.client.HTTPException) -> ApiError:
    if isinstance(cause, http.client.BadStatusLine) and str(cause).startswith(_TLS_ALERT):
        return speaks_tls()
    return BodyError(f"the answer is not sound HTTP ({type(cause).__name__})")


def _status(line: str) -> str:
    """Return the status that a line begins with, in HTTP's words: the proxy's own may repeat its password."""
    number = line[:3]
    phrase = next((each.phrase for each in HTTPStatus if str(each.value) == number), "")
    return f"{number} {phrase}".rstrip()


def _reason(cause: ssl.SSLError) -> str:
    return (cause.reason or "unknown reason").lower().replace("_", " ")


def _strerror(cause: BaseException) -> str:
    return getattr(cause, "strerror", None) or type(cause).__name__


def _chain(error: BaseException) -> list[BaseException]:
    """List an error and everything it wraps, outermost first."""
    found: list[BaseException] = []
    waiting: list[object] = [error]
    while waiting and len(found) < _LONGEST:
        item = waiting.pop(0)
        if isinstance(item, BaseException) and item not in found:
            found.append(item)
            waiting += [*item.args, getattr(item, "reason", None), item.__cause__, item.__context__]
    return found


# The first row that any error of the chain fits decides: the wrappings of urllib3 lie (its NewConnectionError
# is a timeout), so what is nearest to the operating system comes first.
_TABLE: tuple[tuple[tuple[type[BaseException], ...], Callable[[Any], ApiError]], ...] = (
    ((ssl.SSLCertVerificationError,), _untrusted),
    (
        (TooManyBytesError,),
        lambda _: BodyError("the answer is larger than limits.body_bytes allows", reason=Reason.TOO_LARGE),
    ),
    (
        (socket.gaierror,),
        _unresolved,
    ),
    (
        (UnresolvedError,),
        lambda _: UnreachableError("the host's name was not resolved in time", reason=Reason.TIMEOUT),
    ),
    ((TimeoutError,), _untimely),
    (
        (http.client.IncompleteRead, urllib3.exceptions.InvalidChunkLength),
        lambda _: BodyError("the answer was cut short"),
    ),
    ((urllib3.exceptions.DecodeError,), lambda _: BodyError("the answer's compression is broken")),
    (
        (ssl.SSLEOFError, ssl.SSLZeroReturnError),
        lambda _: UnreachableError("TLS failed: the connection was ended amid it", reason=Reason.TLS),
    ),
    ((ssl.SSLError,), _unprotected),
    (
        (http.client.RemoteDisconnected,),
        lambda _: UnreachableError("the connection was closed before an answer came"),
    ),
    ((urllib3.exceptions.ProxyError,), _unproxied),
    ((http.client.HTTPException,), _unsound),
    ((urllib3.exceptions.InvalidHeader,), lambda _: BodyError("the answer's headers contradict themselves")),
    ((OSError,), lambda cause: UnreachableError(f"no connection: {_strerror(cause)}")),
    (
        (urllib3.exceptions.TimeoutError,),
        lambda _: UnreachableError("no answer in time", reason=Reason.TIMEOUT),
    ),
    (
        (urllib3.exceptions.ProtocolError,),
        lambda _: BodyError("the answer was cut short"),
    ),
)
