"""The settings of the server: where it listens, and who may use it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from waexporter.model.secret import Secret


class ClientAuth(StrEnum):
    """What the server asks of a client's certificate; the values are those of `client_auth_type`."""

    NONE = "NoClientCert"
    REQUEST = "RequestClientCert"  # taken, and not verified: it gives no right
    VERIFY_IF_GIVEN = "VerifyClientCertIfGiven"
    REQUIRE = "RequireAndVerifyClientCert"


@dataclass(frozen=True, slots=True)
class ServerTls:
    """The TLS of the server; the contents of the files are part of it, so that a change is noticed."""

    certificate: bytes  # PEM, with the chain
    key: Secret  # PEM
    min_version: str = "TLS12"  # TLS10 | TLS11 | TLS12 | TLS13
    max_version: str = "TLS13"
    ciphers: tuple[str, ...] = ()  # OpenSSL's names, up to TLS 1.2; empty: OpenSSL's choice
    prefers_own_ciphers: bool = True
    curves: tuple[str, ...] = ()  # OpenSSL's names; empty: OpenSSL's choice
    client_auth: ClientAuth = ClientAuth.NONE
    client_authorities: bytes = b""  # PEM
    client_sans: tuple[str, ...] = ()  # one of these names must be in a client's certificate; empty: any may


@dataclass(frozen=True, slots=True)
class RequestRate:
    """How many requests are answered: `burst` at once, and one more in each `interval`."""

    burst: int
    interval: float  # seconds


@dataclass(frozen=True, slots=True)
class WebSecurity:
    """The content of the web configuration file."""

    tls: ServerTls | None = None
    users: tuple[tuple[str, Secret], ...] = ()  # (name, bcrypt hash of the password)
    bearer_tokens: tuple[Secret, ...] = ()
    excluded_paths: tuple[str, ...] = ("/-/healthy", "/-/ready")  # need no credentials
    headers: tuple[tuple[str, str], ...] = ()  # of every response
    rate_limit: RequestRate | None = None

    @property
    def needs_credentials(self) -> bool:
        """Whether a request needs a user or a token."""
        return bool(self.users or self.bearer_tokens)


@dataclass(frozen=True, slots=True)
class WebLogin:
    """What this program's own commands show a daemon that demands it."""

    username: str | None = None
    password: Secret | None = None
    cert_file: str | None = None  # PEM, as the key
    key_file: str | None = None  # None: it is in cert_file, too


@dataclass(frozen=True, slots=True)
class WebSettings:
    """The address on which this program listens, and who may use it."""

    host: str = "127.0.0.1"
    port: int = 9847
    config_file: str | None = None  # exporter-toolkit's format
    max_connections: int = 256
    security: WebSecurity = WebSecurity()  # the content of `config_file`

    @property
    def own_url(self) -> str:
        """The URL by which another process on this machine reaches this program."""
        everywhere = {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "::": "[::1]"}
        host = f"[{self.host}]" if ":" in self.host else self.host
        scheme = "http" if self.security.tls is None else "https"
        return f"{scheme}://{everywhere.get(self.host, host)}:{self.port}"
