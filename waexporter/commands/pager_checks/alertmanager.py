"""Checks of Alertmanager: whether all its alerts reach this daemon, and often enough."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from waexporter.commands.pager_checks.alertmanager_config import (
    PATH,
    AlertmanagerConfig,
    RouteNode,
    WebhookConfig,
    read_config,
)
from waexporter.commands.pager_checks.finding import Level, bad, good, note
from waexporter.config import parse_document
from waexporter.config.values.quantities import format_duration
from waexporter.errors import ApiError, ConfigError
from waexporter.model import Limits
from waexporter.paging.channels.address_redaction import redact_address
from waexporter.transport.address import HttpAddress
from waexporter.transport.lenient_json import printable
from waexporter.transport.tls import TlsContexts
from waexporter.whatsapp.documents.envelope import check, decode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from waexporter.commands.pager_checks.finding import Finding
    from waexporter.model import PagerSettings, Secret, WebSettings

_TIMEOUT = 15.0  # seconds
_WATCHDOG = {"alertname": "Watchdog"}


class _Config(msgspec.Struct):
    original: str


class _Status(msgspec.Struct):
    config: _Config
    version_info: dict[str, Any] = msgspec.field(name="versionInfo", default_factory=dict)


_STATUS = msgspec.json.Decoder(_Status)


def check_alertmanager(address: Secret, pager: PagerSettings, web: WebSettings) -> Iterator[Finding]:
    """Read Alertmanager's configuration by its API and check it."""
    where = redact_address(address)
    try:
        status = _fetch_status(address)
        config = read_config(parse_document(status.config.original, "its configuration"))
    except ApiError as error:
        remedy = "check the address: it is Alertmanager's own, such as http://alertmanager:9093"
        yield bad(f"Alertmanager at {where}: {error}", remedy)
        return
    except ConfigError as error:
        yield bad(
            f"Alertmanager at {where}: {error}", "check by hand what docs/paging.md says of its receiver"
        )
        return
    yield good(f"Alertmanager at {where}: version {printable(str(status.version_info.get('version', '?')))}")
    yield from check_config(config, pager, web)


def _fetch_status(address: Secret) -> _Status:
    alertmanager = HttpAddress(address, TlsContexts(), Limits())
    try:
        reply = alertmanager.get_subpath(_TIMEOUT, "/api/v2/status")
    finally:
        alertmanager.close()
    check(reply)
    return decode(reply.body, _STATUS)


def check_config(config: AlertmanagerConfig, pager: PagerSettings, web: WebSettings) -> Iterator[Finding]:
    """Check a configuration of Alertmanager; pure."""
    webhooks = [webhook for webhook in config.webhooks if webhook.leads_to_alerts]
    for webhook in config.webhooks:
        if webhook.nearly_leads_to_alerts:
            remedy = f"write the path as {PATH}, without anything behind it: redirects are not followed"
            yield bad(f"receiver {_name(webhook)}: its url has almost the pager's path", remedy)
    if webhooks:
        yield from (_check_url(webhook, web) for webhook in webhooks)
    else:
        webhooks = [webhook for webhook in config.webhooks if webhook.is_hidden]
        if not webhooks:
            remedy = f"add webhook_configs: [{{url: '{web.own_url}{PATH}'}}] to a receiver: docs/paging.md"
            yield bad("receivers: none has a webhook that leads to the pager", remedy)
            return
        names = ", ".join(dict.fromkeys(map(_name, webhooks)))
        words = f"receivers: this Alertmanager hides its urls; one of these may lead to the pager: {names}"
        yield note(words, f"look into its file: the url has to end in {PATH}")
    is_ours = len({webhook.receiver for webhook in webhooks}) == 1 or not webhooks[0].is_hidden
    for webhook in webhooks:
        for finding in _check_webhook_config(webhook, config, pager):
            yield finding if is_ours else _downgrade(finding)
    yield from _check_watchdogs(config, {webhook.receiver for webhook in webhooks}, pager)


def _downgrade(finding: Finding) -> Finding:
    """Turn a failure into a note: the receiver may not be ours."""
    if finding.level is not Level.BAD:
        return finding
    return note(finding.words, f"if it is the pager's: {finding.remedy}")


def _check_url(webhook: WebhookConfig, web: WebSettings) -> Finding:
    if webhook.port == web.port:
        return good(f"receiver {_name(webhook)}: its webhook leads to the pager, port {web.port}")
    name, port = _name(webhook), webhook.port
    words = f"receiver {name}: its webhook leads to port {port}, the daemon listens on {web.port}"
    return note(words, "right if a proxy is in between, else correct the url")


def _check_webhook_config(
    webhook: WebhookConfig, config: AlertmanagerConfig, pager: PagerSettings
) -> Iterator[Finding]:
    name = f"receiver {_name(webhook)}"
    if any(route.receiver == webhook.receiver for route in config.root.all()):
        yield good(f"{name}: a route leads to it")
    else:
        yield bad(f"{name}: no route leads to it", f"add a route with receiver: {_name(webhook)}")
    if webhook.max_alerts:
        words = f"{name}: max_alerts is {webhook.max_alerts}: alerts are cut off, and a false end is told"
        yield bad(words, "set max_alerts: 0, or leave it out")
    else:
        yield good(f"{name}: max_alerts is 0")
    if webhook.sends_resolved:
        yield good(f"{name}: send_resolved is true")
    else:
        yield bad(f"{name}: send_resolved is false, so nobody hears of an end", "set send_resolved: true")
    if pager.webhook.is_guarded and not webhook.has_auth:
        words = f"{name}: sends no secret, so pager.webhook refuses every alert (401)"
        yield bad(words, "set http_config.authorization.credentials_file (or basic_auth) of the webhook")


def _check_watchdogs(
    config: AlertmanagerConfig, receivers: set[str], pager: PagerSettings
) -> Iterator[Finding]:
    expected = [(dog.name, {**_WATCHDOG, **dict(dog.match)}, dog.max_silence) for dog in pager.watchdogs]
    for name, labels, limit in expected or [("", _WATCHDOG, float("inf"))]:
        title = f"watchdog {name}" if name else "the alert Watchdog"
        leaves = [leaf for leaf in config.root.leaves_for(labels) if leaf.receiver in receivers]
        if leaves:
            yield from (_check_intervals(title, leaf, limit, is_expected=bool(name)) for leaf in leaves)
        elif name:
            remedy = "add a route for it, with repeat_interval: 50s and group_interval: 1m: docs/paging.md"
            yield bad(f"{title}: no route leads from it to the pager", remedy)


def _check_intervals(title: str, leaf: RouteNode, limit: float, *, is_expected: bool) -> Finding:
    repeat, group = format_duration(leaf.repeat_interval), format_duration(leaf.group_interval)
    words = f"{title}: comes every {group}, with repeat_interval {repeat} and group_interval {group}"
    make_finding = bad if is_expected else note
    if leaf.repeat_interval >= leaf.group_interval:
        doubled = f"{title}: repeat_interval {repeat} is not below group_interval {group}: its gap doubles"
        return make_finding(doubled, "give its route repeat_interval: 50s and group_interval: 1m")
    if leaf.group_interval >= limit:
        remedy = "make max_silence at least twice as long, or group_interval shorter"
        return bad(f"{words}, and max_silence is {limit:g} s", remedy)
    return good(words)


def _name(webhook: WebhookConfig) -> str:
    return printable(webhook.receiver)
