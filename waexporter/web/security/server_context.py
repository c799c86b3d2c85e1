"""The TLS context of the server, built from its settings."""

from __future__ import annotations

import ipaddress
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from waexporter.config.values import pem
from waexporter.model import ClientAuth
from waexporter.web.security.alerting_context import create_context

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from waexporter.model import ServerTls

_VERSIONS: Final = {
    "TLS10": ssl.TLSVersion.TLSv1,
    "TLS11": ssl.TLSVersion.TLSv1_1,
    "TLS12": ssl.TLSVersion.TLSv1_2,
    "TLS13": ssl.TLSVersion.TLSv1_3,
}
_SAN_KINDS: Final = ("DNS", "email", "IP Address", "URI")  # as the ssl module calls them
_VERIFY_MODES: Final = {
    ClientAuth.NONE: ssl.CERT_NONE,
    ClientAuth.REQUEST: ssl.CERT_NONE,  # the ssl module can't ask for a certificate without verifying it
    ClientAuth.VERIFY_IF_GIVEN: ssl.CERT_OPTIONAL,
    ClientAuth.REQUIRE: ssl.CERT_REQUIRED,
}


@dataclass(frozen=True, slots=True)
class ServerContext:
    """What a handshake needs."""

    ssl: ssl.SSLContext
    client_sans: frozenset[str] = frozenset()

    def accepts(self, certificate: Mapping[str, Any] | None) -> bool:
        """Return whether a client may use the server, by its verified certificate (ssl.getpeercert)."""
        if not self.client_sans or not certificate:
            return True  # without a certificate the handshake has decided
        return not self.client_sans.isdisjoint(_find_sans(certificate))


def build_context(tls: ServerTls) -> ServerContext:
    """Return the context of some settings; raise ssl.SSLError or ValueError if OpenSSL does not take them."""
    context = create_context()
    context.minimum_version = _VERSIONS[tls.min_version]
    context.maximum_version = _VERSIONS[tls.max_version]
    if not tls.prefers_own_ciphers:
        context.options &= ~ssl.OP_CIPHER_SERVER_PREFERENCE
    if tls.ciphers:
        context.set_ciphers(":".join(tls.ciphers))
    if len(tls.curves) == 1:
        context.set_ecdh_curve(tls.curves[0])
    pem.load_pair(context, tls.certificate, tls.key.reveal().encode())
    context.verify_mode = _VERIFY_MODES[tls.client_auth]
    if tls.client_authorities:
        pem.load_authorities(context, tls.client_authorities)
    return ServerContext(context, frozenset(map(_normalize, tls.client_sans)))


def _find_sans(certificate: Mapping[str, Any]) -> Iterator[str]:
    """Yield the names of a certificate that can be allowed."""
    for kind, name in certificate.get("subjectAltName", ()):
        if kind in _SAN_KINDS:
            yield _normalize(str(name))


def _normalize(name: str) -> str:
    """Return an IP address in its shortest form, and every other name as it is."""
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return name
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)
