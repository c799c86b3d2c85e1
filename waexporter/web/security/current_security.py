"""The TLS context and the access control in use, which a reload replaces."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, NamedTuple

from waexporter.errors import ConfigError
from waexporter.model import WebSecurity
from waexporter.web.security.access_control import AccessControl
from waexporter.web.security.server_context import build_context

if TYPE_CHECKING:
    from waexporter.web.security.server_context import ServerContext


class PreparedSecurity(NamedTuple):
    """What the settings of the web configuration file become, before it is used."""

    context: ServerContext | None  # None: no TLS
    access: AccessControl


class CurrentSecurity:
    """What new connections and new requests are treated by; safe to share by threads.

    Open connections keep their TLS context, and requests that are being answered their access control.
    """

    def __init__(self, prepared: PreparedSecurity | None = None) -> None:
        self.context, self.access = prepared or prepare_security(WebSecurity())

    def replace(self, prepared: PreparedSecurity) -> None:
        """Use other settings from now on."""
        prepared.access.adopt(self.access)
        self.context, self.access = prepared


def prepare_security(security: WebSecurity) -> PreparedSecurity:
    """Return what some settings become; raise ConfigError if OpenSSL does not take them."""
    try:
        context = build_context(security.tls) if security.tls is not None else None
    except (ssl.SSLError, ValueError) as error:
        reason = getattr(error, "reason", None) or str(error)
        raise ConfigError([f"web.config_file: tls_server_config: OpenSSL refuses it: {reason}"]) from error
    return PreparedSecurity(context, AccessControl(security))
