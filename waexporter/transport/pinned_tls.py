"""TLS to the daemon on this machine, whose certificate is known from its file; no authority is needed.

It does not matter for which name the certificate is, who signed it, and whether it has expired.
"""

from __future__ import annotations

import http.client
import ssl
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from waexporter.config.values.pem import find_certificates
from waexporter.errors import CommandError
from waexporter.model import ClientAuth
from waexporter.transport.error_chain import list_chain

if TYPE_CHECKING:
    from waexporter.model import ServerTls, Tls

_ENDS: Final = (
    ConnectionResetError,
    BrokenPipeError,
    http.client.BadStatusLine,
    ssl.SSLEOFError,
    ssl.SSLZeroReturnError,
)
_NO_CHECK_TIME: Final = 0x200000  # OpenSSL's X509_V_FLAG_NO_CHECK_TIME; the ssl module has no name for it


_UNREAD: Final = (
    "it has not read the new file yet (the signal SIGHUP makes it: kill -HUP PID, with the pid of the line "
    "`started` in its log), or it is no waexporter (correct web.listen)"
)


class TlsFailure(StrEnum):
    """Why a handshake with the daemon on this machine failed, and what to do; "it" is the daemon."""

    OTHER_CERTIFICATE = f"it serves another certificate than web.config_file names: {_UNREAD}"
    PLAIN_HTTP = f"it speaks plain HTTP, and web.config_file has TLS: {_UNREAD}"
    UNEXPECTED_TLS = f"it speaks TLS, and the configuration that is read here has none: {_UNREAD}"
    NEEDS_CERTIFICATE = (
        "it demands a certificate of its clients: name one in WAEXPORTER_WEB_CLIENT_CERT_FILE and "
        "WAEXPORTER_WEB_CLIENT_KEY_FILE"
    )
    REFUSES_CERTIFICATE = (
        "it refuses the certificate in WAEXPORTER_WEB_CLIENT_CERT_FILE: it must be valid, and signed by the "
        "authority in client_ca_file of web.config_file, for a name in client_allowed_sans"
    )
    OTHER = "TLS fails"


# A part of the name that OpenSSL has for an error: what it means.
_FAILURES: Final = {
    "WRONG_VERSION_NUMBER": TlsFailure.PLAIN_HTTP,
    "RECORD_LAYER_FAILURE": TlsFailure.PLAIN_HTTP,
    "CERTIFICATE_REQUIRED": TlsFailure.NEEDS_CERTIFICATE,
    "ALERT_HANDSHAKE_FAILURE": TlsFailure.NEEDS_CERTIFICATE,
    "ALERT_UNKNOWN_CA": TlsFailure.REFUSES_CERTIFICATE,
    "ALERT_BAD_CERTIFICATE": TlsFailure.REFUSES_CERTIFICATE,
    "ALERT_CERTIFICATE": TlsFailure.REFUSES_CERTIFICATE,  # expired, revoked, unknown
    "ALERT_UNSUPPORTED_CERTIFICATE": TlsFailure.REFUSES_CERTIFICATE,
}


def build_pinned_context(certificate: bytes, tls: Tls) -> ssl.SSLContext:
    """Return a context that trusts only the first certificate of a PEM text.

    Of `tls`, only the client certificate is used. Raises CommandError if it can't be read.
    """
    context = _build_context(tls)
    context.verify_flags |= ssl.VerifyFlags(ssl.VERIFY_X509_PARTIAL_CHAIN | _NO_CHECK_TIME)
    own = (*find_certificates(certificate), certificate)[0]
    context.load_verify_locations(cadata=own.decode("ascii", "replace"))
    return context


def build_unverified_context(tls: Tls) -> ssl.SSLContext:
    """Return a context that trusts any certificate, for requests without a secret to this machine."""
    context = _build_context(tls)
    context.verify_mode = ssl.CERT_NONE
    return context


def build_verified_context(tls: Tls) -> ssl.SSLContext:
    """Return a context that verifies as for targets, for another machine; raise CommandError."""
    try:
        context = ssl.create_default_context(cafile=tls.ca_file)
    except OSError as error:
        raise CommandError(_explain(tls.ca_file, error)) from error
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    _load_client_certificate(context, tls)
    return context


def find_tls_failure(error: BaseException) -> TlsFailure | None:
    """Return why a handshake failed; None if TLS is not the cause of an error."""
    for cause in list_chain(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return TlsFailure.OTHER_CERTIFICATE
        if isinstance(cause, ssl.SSLError) and not isinstance(cause, _ENDS):
            reason = cause.reason or ""
            found = (failure for part, failure in _FAILURES.items() if part in reason)
            return next(found, TlsFailure.OTHER)
    return None


def has_ended(error: BaseException) -> bool:
    """Return whether the other side has ended the connection, before the request was sent or answered."""
    return any(isinstance(cause, _ENDS) for cause in list_chain(error))


def find_distrust(error: BaseException) -> str:
    """Return why OpenSSL does not trust a certificate; empty if that is not the cause of an error."""
    causes = (each for each in list_chain(error) if isinstance(each, ssl.SSLCertVerificationError))
    return next((each.verify_message.rstrip(".") for each in causes), "")


def explain_end(tls: ServerTls, *, has_certificate: bool) -> TlsFailure | None:
    """Return why a daemon with these settings ends a connection without a word; None if it is not TLS.

    The alert of a failed handshake does not always arrive before the end of the connection.
    """
    if tls.client_auth is not ClientAuth.REQUIRE:
        return None
    return TlsFailure.REFUSES_CERTIFICATE if has_certificate else TlsFailure.NEEDS_CERTIFICATE


def _build_context(tls: Tls) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    # The server decides which versions are safe; whether it is the right one, its certificate shows.
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    _load_client_certificate(context, tls)
    return context


def _load_client_certificate(context: ssl.SSLContext, tls: Tls) -> None:
    if tls.cert_file is None:
        return
    try:
        # Without a password, OpenSSL would ask for one on the terminal.
        context.load_cert_chain(tls.cert_file, tls.key_file, password=lambda: b"")
    except OSError as error:
        raise CommandError(_explain(f"{tls.cert_file} or {tls.key_file}", error)) from error


def _explain(file: str | None, error: OSError) -> str:
    if isinstance(error, ssl.SSLError):
        return f"{file} can't be used for TLS: it must be PEM, and a key must belong to its certificate"
    return f"can't read {file}: {error.strerror}"
