"""What of the web configuration file is in force, in the format of the file and without secrets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from waexporter.config.keys import HIDDEN
from waexporter.config.values import pem
from waexporter.config.values.quantities import format_duration
from waexporter.config.web_config.go_names import CIPHERS, CURVES

if TYPE_CHECKING:
    from waexporter.model import ServerTls, WebSecurity

_GO_CIPHERS: Final = {openssl: go for go, openssl in CIPHERS.items()}
_GO_CURVES: Final = {openssl: go for go, openssl in CURVES.items()}


def dump_security(security: WebSecurity) -> dict[str, object]:
    """Return the document of a file; certificates are named by their SHA-256 fingerprints."""
    rate = security.rate_limit
    document: dict[str, object] = {
        "tls_server_config": _dump_tls(security.tls) if security.tls is not None else None,
        "http_server_config": {"headers": dict(security.headers)} if security.headers else None,
        "basic_auth_users": {name: HIDDEN for name, _ in security.users},
        "bearer_token_files": [token.file or HIDDEN for token in security.bearer_tokens],
        "rate_limit": {"burst": rate.burst, "interval": format_duration(rate.interval)} if rate else None,
    }
    found = {key: value for key, value in document.items() if value}
    if security.needs_credentials or rate:
        found["auth_excluded_paths"] = list(security.excluded_paths)
    return found


def _dump_tls(tls: ServerTls) -> dict[str, object]:
    document: dict[str, object] = {
        "cert": _describe(tls.certificate),
        "key": HIDDEN,
        "min_version": tls.min_version,
        "max_version": tls.max_version,
        "cipher_suites": [_GO_CIPHERS.get(each, each) for each in tls.ciphers],
        "curve_preferences": [_GO_CURVES.get(each, each) for each in tls.curves],
        "client_auth_type": tls.client_auth.value,
        "client_ca": _describe(tls.client_authorities) if tls.client_authorities else "",
        "client_allowed_sans": list(tls.client_sans),
    }
    found = {key: value for key, value in document.items() if value}
    return {**found, "prefer_server_cipher_suites": tls.prefers_own_ciphers}


def _describe(certificates: bytes) -> str:
    return f"<SHA-256 {', '.join(pem.find_fingerprints(certificates))}>"
