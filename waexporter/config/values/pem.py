"""Certificates and keys in PEM, loaded from memory."""

from __future__ import annotations

import hashlib
import os
import re
import ssl
import tempfile
from typing import IO, Final

_CERTIFICATE: Final = re.compile(b"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)


def load_pair(context: ssl.SSLContext, certificate: bytes, key: bytes) -> None:
    """Load a certificate with its chain, and its key; raise ValueError with the reason.

    The ssl module reads them from files only. With a copy of what was read before, a file that is replaced
    meanwhile has no effect.
    """
    asked: list[bool] = []

    def refuse_passphrase() -> str:  # OpenSSL would ask for it on the terminal
        asked.append(True)
        return ""

    with _open_copy() as copy:
        copy.write(certificate + b"\n" + key)
        copy.flush()
        path = f"/dev/fd/{copy.fileno()}" if isinstance(copy.name, int) else copy.name
        try:
            context.load_cert_chain(path, password=refuse_passphrase)
        except ssl.SSLError as error:
            raise ValueError(_explain(error, has_passphrase=bool(asked))) from None


def load_authorities(context: ssl.SSLContext, certificates: bytes) -> None:
    """Load the certificates that sign others; raise ValueError if there is none."""
    try:
        context.load_verify_locations(cadata=certificates.decode("ascii", "replace"))
    except (ssl.SSLError, ValueError):
        raise ValueError("holds no PEM certificate") from None


def find_certificates(text: bytes) -> list[bytes]:
    """Return the certificates of a PEM text, each as PEM."""
    return _CERTIFICATE.findall(text)


def find_fingerprints(text: bytes) -> list[str]:
    """Return the SHA-256 fingerprint of each certificate of a PEM text, as `openssl x509` prints it."""
    found = []
    for each in find_certificates(text):
        der = ssl.PEM_cert_to_DER_cert(each.decode("ascii", "replace"))
        found.append(hashlib.sha256(der).digest().hex(":").upper())
    return found


def _explain(error: ssl.SSLError, *, has_passphrase: bool) -> str:
    if has_passphrase:
        return "the key has a passphrase, which is not supported"
    if "MISMATCH" in (error.reason or ""):
        return "the key does not belong to the certificate"
    if error.reason == "EE_KEY_TOO_SMALL":
        return "the key is too short to be safe"
    return "there must be a PEM certificate and a PEM key"


def _open_copy() -> IO[bytes]:
    """Open a file that only this process can read; in memory where Linux has that, so that no disk has it."""
    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("certificate"), "wb")
    return tempfile.NamedTemporaryFile()
