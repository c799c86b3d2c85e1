"""The address of an HTTP server, and how it is reached."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from waexporter.model import Tls
from waexporter.transport.exchange import basic_auth

if TYPE_CHECKING:
    from waexporter.model import ProxyAuth


_DEFAULT_TLS = Tls()


@dataclass(frozen=True, slots=True)
class Origin:
    """The URL of a server, its TLS settings and its proxy."""

    url: str  # scheme://host[:port][/prefix], without a trailing slash
    tls: Tls = _DEFAULT_TLS
    proxy_url: str | None = None
    proxy_auth: ProxyAuth | None = None

    @property
    def is_https(self) -> bool:
        """Whether the URL begins with https."""
        return self.url.startswith("https:")

    @property
    def is_proxy_https(self) -> bool:
        """Whether there is a proxy whose URL begins with https."""
        return (self.proxy_url or "").startswith("https:")

    @property
    def proxy_authorization(self) -> str:
        """The header Proxy-Authorization; empty without credentials for the proxy."""
        auth = self.proxy_auth
        return basic_auth(auth.username, auth.password.reveal()) if auth else ""
