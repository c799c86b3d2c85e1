"""Alertmanager: does what it delivers reach this daemon, all of it, and often enough."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from waexporter.commands.pager_checks.alertmanager_config import PATH, Hook, Route, Setup, read_setup
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
    """Read Alertmanager's configuration by its API, and judge it."""
    where = redact_address(address)
    try:
        status = _ask(address)
        setup = read_setup(parse_document(status.config.original, "its configuration"))
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
    yield from judge(setup, pager, web)


def _ask(address: Secret) -> _Status:
    elsewhere = HttpAddress(address, TlsContexts(), Limits())
    try:
        reply = elsewhere.read(_TIMEOUT, "/api/v2/status")
    finally:
        elsewhere.close()
    check(reply)
    return decode(reply.body, _STATUS)


def judge(setup: Setup, pager: PagerSettings, web: WebSettings) -> Iterator[Finding]:
    """Judge a configuration of Alertmanager; pure."""
    hooks = [hook for hook in setup.hooks if hook.leads_to_alerts]
    for hook in setup.hooks:
        if hook.nearly_leads_to_alerts:
            remedy = f"write the path as {PATH}, without anything behind it: redirects are not followed"
            yield bad(f"receiver {_name(hook)}: its url has almost the pager's path", remedy)
    if hooks:
        yield from (_judge_url(hook, web) for hook in hooks)
    else:
        hooks = [hook for hook in setup.hooks if hook.is_hidden]
        if not hooks:
            remedy = f"add webhook_configs: [{{url: '{web.own_url}{PATH}'}}] to a receiver: docs/paging.md"
            yield bad("receivers: none has a webhook that leads to the pager", remedy)
            return
        names = ", ".join(dict.fromkeys(map(_name, hooks)))
        words = f"receivers: this Alertmanager hides its urls; one of these may lead to the pager: {names}"
        yield note(words, f"look into its file: the url has to end in {PATH}")
    is_sure = len({hook.receiver for hook in hooks}) == 1 or not hooks[0].is_hidden
    for hook in hooks:
        for finding in _judge_hook(hook, setup, pager):
            yield finding if is_sure else _doubt(finding)
    yield from _judge_watchdogs(setup, {hook.receiver for hook in hooks}, pager)


def _doubt(finding: Finding) -> Finding:
    """Take back a reproach that may be about a receiver which is none of ours."""
    if finding.level is not Level.BAD:
        return finding
    return note(finding.words, f"if it is the pager's: {finding.remedy}")


def _judge_url(hook: Hook, web: WebSettings) -> Finding:
    if hook.port == web.port:
        return good(f"receiver {_name(hook)}: its webhook leads to the pager, port {web.port}")
    words = f"receiver {_name(hook)}: its webhook leads to port {hook.port}, the daemon listens on {web.port}"
    return note(words, "right if a proxy is in between, else correct the url")


def _judge_hook(hook: Hook, setup: Setup, pager: PagerSettings) -> Iterator[Finding]:
    name = f"receiver {_name(hook)}"
    if any(route.receiver == hook.receiver for route in setup.root.all()):
        yield good(f"{name}: a route leads to it")
    else:
        yield bad(f"{name}: no route leads to it", f"add a route with receiver: {_name(hook)}")
    if hook.max_alerts:
        words = f"{name}: max_alerts is {hook.max_alerts}: alerts are cut off, and a false end is told"
        yield bad(words, "set max_alerts: 0, or leave it out")
    else:
        yield good(f"{name}: max_alerts is 0")
    if hook.sends_resolved:
        yield good(f"{name}: send_resolved is true")
    else:
        yield bad(f"{name}: send_resolved is false, so nobody hears of an end", "set send_resolved: true")
    if pager.webhook.is_guarded and not hook.has_login:
        words = f"{name}: sends no secret, so pager.webhook refuses every alert (401)"
        yield bad(words, "set http_config.authorization.credentials_file (or basic_auth) of the webhook")


def _judge_watchdogs(setup: Setup, receivers: set[str], pager: PagerSettings) -> Iterator[Finding]:
    expected = [(dog.name, {**_WATCHDOG, **dict(dog.match)}, dog.max_silence) for dog in pager.watchdogs]
    for name, labels, limit in expected or [("", _WATCHDOG, float("inf"))]:
        title = f"watchdog {name}" if name else "the alert Watchdog"
        leaves = [leaf for leaf in setup.root.leaves_for(labels) if leaf.receiver in receivers]
        if leaves:
            yield from (_judge_times(title, leaf, limit, is_expected=bool(name)) for leaf in leaves)
        elif name:
            remedy = "add a route for it, with repeat_interval: 50s and group_interval: 1m: docs/paging.md"
            yield bad(f"{title}: no route leads from it to the pager", remedy)


def _judge_times(title: str, leaf: Route, limit: float, *, is_expected: bool) -> Finding:
    repeat, group = format_duration(leaf.repeat_interval), format_duration(leaf.group_interval)
    words = f"{title}: comes every {group}, with repeat_interval {repeat} and group_interval {group}"
    find = bad if is_expected else note
    if leaf.repeat_interval >= leaf.group_interval:
        doubled = f"{title}: repeat_interval {repeat} is not below group_interval {group}: its gap doubles"
        return find(doubled, "give its route repeat_interval: 50s and group_interval: 1m")
    if leaf.group_interval >= limit:
        remedy = "make max_silence at least twice as long, or group_interval shorter"
        return bad(f"{words}, and max_silence is {limit:g} s", remedy)
    return good(words)


def _name(hook: Hook) -> str:
    return printable(hook.receiver)
