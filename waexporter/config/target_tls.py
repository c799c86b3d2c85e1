"""The block `tls` of a target."""

from __future__ import annotations

import hashlib
import os.path
import ssl
from pathlib import Path
from typing import TYPE_CHECKING

from waexporter.config.keys import Block, Key, Variable, convert_boolean, read_fields, value
from waexporter.config.values import scalars, urls
from waexporter.config.values.files import read_bytes
from waexporter.model import Tls

if TYPE_CHECKING:
    from waexporter.config.section import Section

_LARGEST_AUTHORITY = 4 * 1024 * 1024  # bytes; the bundle of a whole system has a quarter of a MiB


def read_tls(target: Section, key: str, default: Tls) -> Tls:
    """Read the block, key by key over the one of `defaults`; a certificate and its key are one."""
    if not target.allow(key):
        return default
    with target.section(key) as tls:
        values = TLS.read(tls, read_fields(default))
        values.update(_read_identity(tls))
        return Tls(**values)


def _read_ca_file(tls: Section, key: str, default: object) -> object:
    return tls.get(key, lambda value: _ca_file(tls.resolve_file(scalars.text(value))), default)


def _read_identity(tls: Section) -> dict[str, object]:
    """Read the client certificate and its key."""
    cert_file, certificate = tls.get("cert_file", lambda value: _file(tls, value), (None, b""))
    key_file, key = tls.get("key_file", lambda value: _file(tls, value), (None, b""))
    for given, other in (("cert_file", "key_file"), ("key_file", "cert_file")):
        if tls.has(given) and not tls.has(other):
            tls.add_problem(other, f"is required with {tls.shown_name(given)}")
    if cert_file is None or key_file is None:
        return {}
    _check_identity(tls, cert_file, key_file)
    return {"cert_file": cert_file, "key_file": key_file, "identity": certificate + key}


def _check_identity(tls: Section, cert_file: str, key_file: str) -> None:
    needs_passphrase = False

    def passphrase() -> str:
        nonlocal needs_passphrase
        needs_passphrase = True
        return ""

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(cafile=cert_file)
    except (ssl.SSLError, OSError):
        tls.add_problem("cert_file", f"{cert_file} holds no PEM certificate")
        return
    try:
        context.load_cert_chain(cert_file, key_file, passphrase)
    except (ssl.SSLError, OSError) as error:
        reason = getattr(error, "reason", None) or ""
        if needs_passphrase:
            words = f"{key_file} has a passphrase, which is not supported"
        elif "MISMATCH" in reason:
            words = f"{key_file} does not belong to the certificate in {cert_file}"
        else:
            words = f"{key_file} holds no PEM key"
        tls.add_problem("key_file", words)


def _ca_file(path: str) -> tuple[str, bytes]:
    """Return the path of a usable file, and a digest of its content."""
    digest = _digest(path)
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=path)
    except ssl.SSLError:
        raise ValueError(f"{path} holds no PEM certificate") from None
    except OSError as error:
        raise ValueError(f"can't read {path}: {error.strerror}") from error
    return path, digest


def _file(section: Section, value: object) -> tuple[str, bytes]:
    path = section.resolve_file(scalars.text(value))
    return path, _digest(path)


def _digest(path: str) -> bytes:
    """Return a digest of a file that is read more than once.

    Call it before the file is checked: if the file is replaced in between, the next reload sees a change.
    """
    digest = hashlib.sha256(read_bytes(path, limit=_LARGEST_AUTHORITY)).digest()
    if not Path(path).is_file():
        raise ValueError(f"{path} must be a regular file, since it is read more than once")
    return digest


TLS = Block(
    "tls",
    Tls,
    (
        Key(
            "ca_file",
            _read_ca_file,
            "PEM file with the CA that signed the certificate, or with the self-signed certificate itself",
            write=lambda read: read[0],
            fields=("ca_file", "authority"),
            default="the system's authorities",
            variables=(Variable("WAEXPORTER_TLS_CA_FILE", os.path.abspath),),
        ),
        # Read together, since both or none of them are needed.
        Key(
            "cert_file",
            None,
            "PEM file with a client certificate, if the target requires one; needs `key_file`",
            variables=(Variable("WAEXPORTER_TLS_CERT_FILE", os.path.abspath),),
        ),
        Key(
            "key_file",
            None,
            "PEM file with its private key, without a passphrase",
            variables=(Variable("WAEXPORTER_TLS_KEY_FILE", os.path.abspath),),
        ),
        Key(
            "server_name",
            value(urls.host),
            "the name in the certificate, if it is not the one in the URL",
            default="the URL's host",
            variables=(Variable("WAEXPORTER_TLS_SERVER_NAME"),),
        ),
        Key(
            "insecure_skip_verify",
            value(scalars.boolean),
            "`true`: don't verify the certificate. The log repeats this at every start",
            variables=(
                Variable(
                    "WAEXPORTER_TLS_INSECURE_SKIP_VERIFY",
                    convert_boolean,
                    ": `true`, `1`, `yes` or `false`, `0`, `no`",
                ),
            ),
        ),
    ),
)
