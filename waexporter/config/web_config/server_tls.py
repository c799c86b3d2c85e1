"""The block `tls_server_config`."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Final, NamedTuple

from waexporter.config.values import pem, scalars
from waexporter.config.values.files import read_bytes
from waexporter.config.web_config.go_names import CIPHERS, CURVES, TLS13_CIPHERS
from waexporter.model import ClientAuth, Secret, ServerTls

if TYPE_CHECKING:
    from waexporter.config.section import Section

_LARGEST_FILE: Final = 4 * 1024 * 1024  # bytes
_VERSIONS: Final = ("TLS10", "TLS11", "TLS12", "TLS13")
_UNVERIFIED: Final = ("RequireAnyClientCert", "RequireClientCert")  # the second one is an old name
_VERIFIED: Final = (ClientAuth.VERIFY_IF_GIVEN, ClientAuth.REQUIRE)

_version = scalars.choice(*_VERSIONS)
_client_auth = scalars.choice(*(each.value for each in ClientAuth))
_cipher = scalars.choice(*CIPHERS, *TLS13_CIPHERS)
_curve = scalars.choice(*CURVES)


def read_server_tls(tls: Section) -> ServerTls | None:
    """Read the block; None: it configures no TLS."""
    certificate = _read_pem(tls, "cert")
    key = _read_pem(tls, "key")
    authorities = _read_pem(tls, "client_ca")
    min_version = tls.get("min_version", _version, "TLS12")
    max_version = tls.get("max_version", _version, "TLS13")
    ciphers = tls.get("cipher_suites", _ciphers, _Ciphers())
    prefers_own = tls.get("prefer_server_cipher_suites", scalars.boolean, True)
    curves = tls.get("curve_preferences", _curves, ())
    client_auth = tls.get("client_auth_type", _parse_client_auth, ClientAuth.NONE)
    client_sans = tls.get("client_allowed_sans", _names, ())
    if max_version < min_version:
        tls.add_problem("max_version", f"must not be lower than min_version, {min_version}")
    if ciphers.only_tls13:
        min_version = max(min_version, "TLS13")
    if len(curves) > 1:
        words = "Python can restrict TLS to one curve only, so all of OpenSSL's curves are used"
        tls.add_note("curve_preferences", words)
    _check_clients(tls, client_auth, authorities, client_sans)
    if not certificate or not key or not _check_pair(tls, certificate, key):
        _check_missing(tls, certificate, key, is_wanted=bool(authorities or tls.has("client_auth_type")))
        return None
    return ServerTls(
        certificate=certificate,
        key=Secret(key.decode("ascii", "replace")),
        min_version=min_version,
        max_version=max_version,
        ciphers=ciphers.names,
        prefers_own_ciphers=prefers_own,
        curves=curves,
        client_auth=client_auth,
        client_authorities=authorities or b"",
        client_sans=client_sans,
    )


class _Ciphers(NamedTuple):
    names: tuple[str, ...] = ()  # OpenSSL's
    only_tls13: bool = False


def _read_pem(tls: Section, key: str) -> bytes | None:
    """Read what is given directly, or the file that KEY_file names; b'' without either, None if it is wrong.

    An empty value is as if it was not there, like in other exporters.
    """
    inline = tls.get(key, lambda value: scalars.string(value or "").encode(), None if tls.has(key) else b"")
    file_key = f"{key}_file"
    from_file = tls.get(file_key, lambda value: _read_file(tls, value), None if tls.has(file_key) else b"")
    if inline and from_file:
        tls.add_problem(file_key, f"{key} is given too; give one of them")
    return inline or from_file if inline is not None else None


def _read_file(tls: Section, value: object) -> bytes:
    if not value:
        return b""
    path = tls.resolve_file(scalars.text(value))
    content = read_bytes(path, limit=_LARGEST_FILE)
    if not content:
        # It may be a file that is being written: it must not count as one that is not named, without TLS.
        raise ValueError(f"{path} is empty")
    return content


def _check_pair(tls: Section, certificate: bytes, key: bytes) -> bool:
    """Return whether a key belongs to a certificate; report it if not."""
    try:
        pem.load_pair(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), certificate, key)
    except ValueError as error:
        tls.add_problem("cert_file" if tls.has("cert_file") else "cert", str(error))
        return False
    return True


def _check_missing(tls: Section, certificate: bytes | None, key: bytes | None, *, is_wanted: bool) -> None:
    """Report what is missing for TLS."""
    if is_wanted or certificate or key:
        for name, given in (("cert_file", certificate), ("key_file", key)):
            if given == b"":
                tls.add_problem(name, "is required")
    elif (certificate, key) == (b"", b"") and (tls.has("min_version") or tls.has("cipher_suites")):
        tls.add_note("cert_file", "is missing, so there is NO TLS: everything is sent in the clear")


def _check_clients(
    tls: Section, client_auth: ClientAuth, authorities: bytes | None, client_sans: tuple[str, ...]
) -> None:
    name = "client_ca" if tls.has("client_ca") else "client_ca_file"
    if authorities:
        try:
            pem.load_authorities(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), authorities)
        except ValueError as error:
            tls.add_problem(name, str(error))
    if authorities and client_auth is ClientAuth.NONE:
        tls.add_problem("client_auth_type", f"is required with {name}: RequireAndVerifyClientCert")
    if client_auth in _VERIFIED and authorities == b"":
        tls.add_problem("client_ca_file", f"is required with client_auth_type {client_auth}")
    if client_auth is ClientAuth.REQUEST:
        tls.add_note("client_auth_type", f"{client_auth} proves nothing, so no certificate is asked for")
    if client_sans and client_auth is not ClientAuth.REQUIRE:
        tls.add_problem("client_allowed_sans", f"needs client_auth_type {ClientAuth.REQUIRE}")


def _parse_client_auth(value: object) -> ClientAuth:
    if value in _UNVERIFIED:
        raise ValueError(
            f"{value} takes any certificate without verifying it, which Python can't do and which proves "
            f"nothing; use {ClientAuth.REQUIRE} with client_ca_file"
        )
    return ClientAuth(_client_auth(value)) if value else ClientAuth.NONE


def _ciphers(value: object) -> _Ciphers:
    given = [_cipher(each) for each in scalars.listed(value, "names of ciphers") if value]
    return _Ciphers(
        tuple(CIPHERS[each] for each in given if each in CIPHERS),
        only_tls13=bool(given) and not any(each in CIPHERS for each in given),
    )


def _curves(value: object) -> tuple[str, ...]:
    return tuple(CURVES[_curve(each)] for each in scalars.listed(value, "names of curves"))


def _names(value: object) -> tuple[str, ...]:
    return tuple(scalars.visible(each) for each in scalars.listed(value, "names in certificates"))
