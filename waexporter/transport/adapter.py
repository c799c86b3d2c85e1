"""The adapter between requests and our connection pools."""

from __future__ import annotations

from typing import TYPE_CHECKING

from requests.adapters import HTTPAdapter

from waexporter.model import Tls
from waexporter.transport.connections import ConnectionPool, TlsConnectionPool

if TYPE_CHECKING:
    import ssl

    from requests import PreparedRequest
    from urllib3.connectionpool import HTTPConnectionPool

    from waexporter.transport.connections import TransportOptions
    from waexporter.transport.origin import Origin
    from waexporter.transport.tls import TlsContexts

_CONNECTIONS = 4  # kept open for one server: endpoints of a target are polled independently of each other


class Adapter(HTTPAdapter):
    """A requests adapter for one server: our sockets, shared TLS contexts and nothing from certifi."""

    def __init__(self, origin: Origin, contexts: TlsContexts, options: TransportOptions) -> None:
        super().__init__(pool_connections=1, pool_maxsize=_CONNECTIONS)
        self._origin = origin
        manager = self.poolmanager
        # The CA and the exceptions that are configured for the server don't apply to a proxy.
        proxy_context = contexts.get(Tls()) if origin.is_proxy_https else None
        if origin.proxy_url:
            manager = self.proxy_manager_for(origin.proxy_url, proxy_ssl_context=proxy_context)
        manager.pool_classes_by_scheme = {"http": ConnectionPool, "https": TlsConnectionPool}
        # requests would look the pool up for every request, which takes a tenth of its time.
        self._pool: ConnectionPool = manager.connection_from_url(
            origin.url, _tls_options(origin, contexts.get(origin.tls)) if origin.is_https else None
        )
        self._pool.options = options

    def get_connection_with_tls_context(
        self, request: PreparedRequest, verify: object, proxies: object = None, cert: object = None
    ) -> HTTPConnectionPool:
        """Return the pool of the server; `verify` and `cert` are not used, since the pool has its context."""
        del request, verify, proxies, cert
        return self._pool

    def proxy_headers(self, proxy: str) -> dict[str, str]:
        """Return the headers for the proxy alone: sent with CONNECT, or with each request of plain HTTP."""
        del proxy
        authorization = self._origin.proxy_authorization
        return {"Proxy-Authorization": authorization} if authorization else {}

    def cert_verify(self, conn: object, url: object, verify: object, cert: object) -> None:
        """Do nothing: the context verifies, and requests would add certifi's authorities to it."""

    def close(self) -> None:
        """Close every connection."""
        self._pool.close()
        super().close()


def _tls_options(origin: Origin, context: ssl.SSLContext) -> dict[str, object]:
    options: dict[str, object] = {"ssl_context": context}
    if origin.tls.server_name:
        options["server_hostname"] = origin.tls.server_name
    if not context.check_hostname:  # else urllib3 would check the name by itself
        options["assert_hostname"] = False
    return options
