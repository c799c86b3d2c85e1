"""The block `pager.webhook`: the credentials that senders of alerts have to show."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from waexporter.config.keys import Block, Key, value
from waexporter.config.secret_keys import check_pair, find_given, secret_key
from waexporter.config.values import scalars
from waexporter.model import WebhookAuth

if TYPE_CHECKING:
    from waexporter.config.section import Section
    from waexporter.model import PagerSettings, WebSettings


_ALERTS = "/api/v1/alerts"


def read_webhook_auth(pager: Section, key: str, _: object) -> WebhookAuth:
    """Read the block."""
    with pager.section(key) as webhook:
        auth = WebhookAuth(**WEBHOOK.read(webhook))
        check_pair(webhook)
        if find_given(webhook, "secret") and find_given(webhook, "password"):
            webhook.add_problem("password", "secret is given too; give one of them")
        if auth.insecure and auth.is_guarded:
            webhook.add_problem("insecure", "a secret is given too; leave one of them out")
        return auth


def check_webhook_auth(pager: PagerSettings | None, web: WebSettings) -> str | None:
    """Return a problem if anybody on the network could page people, else None."""
    if pager is None or pager.webhook.is_guarded or pager.webhook.insecure or is_loopback(web.host):
        return None
    if web.security.needs_credentials and _ALERTS not in web.security.excluded_paths:
        return None
    return (
        "pager.webhook: is required when listening beyond loopback: give secret_file, or username and "
        "password_file, or insecure: true if anybody on the network may page people; or give users in "
        "web.config_file"
    )


def is_loopback(host: str) -> bool:
    """Return whether a configured host is this machine alone."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


WEBHOOK = Block(
    "webhook",
    WebhookAuth,
    (
        secret_key("secret", "a bearer token (`http_config.authorization` of Alertmanager)"),
        Key(
            "username",
            value(scalars.visible),
            "instead of a token: a user name, with `password` (`http_config.basic_auth`)",
        ),
        secret_key("password", "its password", may_end_blank=True),
        Key(
            "insecure",
            value(scalars.boolean),
            "`true`: anybody who can connect to this address may page people",
            write=lambda insecure: insecure or None,
        ),
    ),
)
