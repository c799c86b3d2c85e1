"""Access control for sending alerts and for reloading; both have the secret of `pager.webhook`."""

from __future__ import annotations

import hmac
import ipaddress
from typing import TYPE_CHECKING, Final

from waexporter.transport.exchange import basic_auth
from waexporter.web.responses import IncomingRequest, Response, error_response

if TYPE_CHECKING:
    from waexporter.model import WebhookAuth
    from waexporter.web.backend import Backend

NO_PAGER: Final = "No pager is configured: add a block pager to the configuration."

# Browsers add these to every request that a form or a script of a web page sends.
_BROWSER_HEADERS = ("origin", "sec-fetch-site")
_SCHEMES = frozenset({"basic", "bearer"})  # any other word that was sent may be a secret itself


def has_webhook_secret(request: IncomingRequest, backend: Backend) -> bool:
    """Return whether a request has the secret of `pager.webhook`."""
    auth = backend.pager.settings.webhook if backend.pager is not None else None
    return auth is not None and auth.is_guarded and is_authorized(auth, request.header("authorization"))


def authenticate_alerts(request: IncomingRequest, backend: Backend) -> Response | None:
    """Return the response for a client that may not send alerts, or None if it may."""
    pager = backend.pager
    if pager is None:
        return error_response(request, 404, NO_PAGER)
    auth = pager.settings.webhook
    if (request.is_authenticated or not auth.is_guarded) and request.header("origin"):
        # A browser sends the user's password with the requests of any web page; and without a secret this
        # machine is trusted, but not the web pages in its browsers.
        return error_response(request, 403, "Alerts are not taken from web pages.")
    authorization = request.header("authorization")
    if request.is_authenticated or is_authorized(auth, authorization):
        return None
    reason = _explain_rejection(auth, authorization)
    words = f"{reason}; set http_config.authorization or basic_auth in Alertmanager."
    return error_response(request, 401, words, challenge(auth), ("connection", "close"))


def authenticate_reload(request: IncomingRequest, backend: Backend) -> Response | None:
    """Return the response for a client that may not reload, or None if it may.

    A client with the secret, or a user of the web configuration, may reload; without a configured secret,
    only this machine may.
    """
    if any(request.header(name) for name in _BROWSER_HEADERS):
        return error_response(request, 403, "A web page can't have the configuration reloaded.")
    if request.is_authenticated:
        return None
    auth = backend.pager.settings.webhook if backend.pager is not None else None
    if auth is not None and auth.is_guarded:
        if is_authorized(auth, request.header("authorization")):
            return None
        words = "The secret of pager.webhook is missing or wrong; it is asked for here, too."
        return error_response(request, 401, words, challenge(auth))
    if request.address is not None and is_loopback(request.address[0]):
        return None
    words = (
        "Without a secret in pager.webhook, only requests to a loopback address of this machine may reload; "
        "send the process SIGHUP instead."
    )
    return error_response(request, 403, words)


def is_authorized(auth: WebhookAuth, authorization: str) -> bool:
    """Return whether an Authorization header has the expected secret; compares in constant time."""
    if not auth.is_guarded:
        return True
    if auth.secret is not None:
        expected = f"Bearer {auth.secret.reveal()}"
    else:
        password = auth.password.reveal() if auth.password else ""
        expected = basic_auth(auth.username or "", password)
    scheme, _, secret = authorization.partition(" ")
    received = f"{scheme.capitalize()} {secret.strip()}"
    # Headers were decoded as Latin-1: encoded again, they are the bytes that the client sent.
    return hmac.compare_digest(received.encode("latin-1", "replace"), expected.encode())


def challenge(auth: WebhookAuth) -> tuple[str, str]:
    """Return the header that names the expected scheme."""
    return "www-authenticate", "Bearer" if auth.secret is not None else 'Basic realm="waexporter"'


def is_loopback(address: str) -> bool:
    """Return whether an address is a loopback address, which only this machine can reach."""
    try:
        own = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    mapped = own.ipv4_mapped if isinstance(own, ipaddress.IPv6Address) else None
    return (mapped or own).is_loopback


def _explain_rejection(auth: WebhookAuth, authorization: str) -> str:
    """Return why the Authorization header was rejected, without any part of a secret."""
    expected_scheme = "Bearer" if auth.secret is not None else "Basic"
    scheme = authorization.partition(" ")[0].capitalize()
    if not authorization.strip():
        return "No secret was sent, and pager.webhook has one"
    if scheme == expected_scheme:
        return "Another secret was sent than that of pager.webhook"
    named = scheme if scheme.lower() in _SCHEMES else "another kind"
    return f"A secret of {named} was sent, and pager.webhook has one of {expected_scheme}"
