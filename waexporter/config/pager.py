"""The block `pager`."""

from __future__ import annotations

import ipaddress
import json
import re
import zoneinfo
from typing import TYPE_CHECKING

from waexporter.config import scalars
from waexporter.config.addresses import http_url
from waexporter.config.credentials import read_secret
from waexporter.config.fallback import read_fallback
from waexporter.config.quantities import parse_duration
from waexporter.config.section import suggestion
from waexporter.model import PagerSettings, Rate, Watchdog, WebhookAuth
from waexporter.model.severity import CLASSES, fold

if TYPE_CHECKING:
    from waexporter.config.section import Section
    from waexporter.model import Target, WebSettings
    from waexporter.model.severity import Severity

_RATE = re.compile(r"([0-9]{1,6})/([0-9a-z]+)")
_ALERTNAME = "alertname"
_SHORTEST_SILENCE = 10.0  # seconds; Alertmanager itself repeats no faster


def read_pager(root: Section, targets: tuple[Target, ...]) -> PagerSettings | None:
    """Read the block `pager`; None where there is none."""
    section = root.section("pager")
    if not root.has("pager"):
        return None
    usual = PagerSettings()
    with section as pager:
        read = PagerSettings(
            state_dir=pager.resolve(pager.take("state_dir", scalars.text, usual.state_dir)),
            webhook=_webhook(pager),
            via=_via(pager, targets),
            group=pager.take("group", scalars.group, None),
            recipients=pager.take("recipients", _recipients, ()),
            fallback=read_fallback(pager),
            fallback_after=pager.take("fallback_after", scalars.duration, usual.fallback_after),
            give_up_after=pager.take("give_up_after", scalars.timeout, usual.give_up_after),
            rate=pager.take("rate", _rate, usual.rate),
            timezone=pager.take("timezone", _timezone, usual.timezone),
            severities=_severities(pager),
            watchdogs=_watchdogs(pager),
            alertmanager_url=read_secret(pager, "alertmanager_url", http_url),
            heartbeat_url=read_secret(pager, "heartbeat_url", http_url),
            heartbeat_interval=pager.take("heartbeat_interval", _heartbeat, usual.heartbeat_interval),
            watch=pager.take("watch", scalars.boolean, default=False),
            watch_for=pager.take("watch_for", scalars.duration, usual.watch_for),
        )
        _check(pager, read)
        return read


def check_webhook_auth(pager: PagerSettings | None, web: WebSettings) -> str | None:
    """Say what is wrong when anybody on the network could page people."""
    if pager is None or pager.webhook.is_guarded or pager.webhook.insecure or _is_loopback(web.host):
        return None
    return (
        "pager.webhook: is required when listening beyond loopback: give secret_file, or username and "
        "password_file, or insecure: true if anybody on the network may page people"
    )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _check(pager: Section, read: PagerSettings) -> None:
    """Look for what only several keys together show."""
    if read.group is not None and read.recipients:
        pager.problem("recipients", "group is given too; pages go to one or the other")
    if read.fallback_after >= read.give_up_after:
        pager.problem("fallback_after", "must be shorter than give_up_after, or no fallback is ever used")
    if read.heartbeat_url is None and pager.has("heartbeat_interval"):
        pager.note("heartbeat_interval", "is not used, because there is no heartbeat_url")


def _webhook(pager: Section) -> WebhookAuth:
    with pager.section("webhook") as webhook:
        auth = WebhookAuth(
            secret=read_secret(webhook, "secret"),
            username=webhook.take("username", scalars.visible, None),
            password=read_secret(webhook, "password", may_end_blank=True),
            insecure=webhook.take("insecure", scalars.boolean, default=False),
        )
        has_password = webhook.has("password") or webhook.has("password_file")
        if webhook.has("username") and not has_password:
            webhook.problem("password", "is required with username")
        if has_password and not webhook.has("username"):
            webhook.problem("username", "is required with password")
        if (webhook.has("secret") or webhook.has("secret_file")) and has_password:
            webhook.problem("password", "secret is given too; give one of them")
        if auth.insecure and auth.is_guarded:
            webhook.problem("insecure", "a secret is given too; leave one of them out")
        return auth


def _via(pager: Section, targets: tuple[Target, ...]) -> tuple[str, ...]:
    known = {target.name for target in targets}
    names = pager.take("via", _names, ())
    for index, name in enumerate(names):
        if name not in known:
            quoted = json.dumps(name, ensure_ascii=False)
            pager.problem(f"via[{index}]", f"no target is called {quoted}")
    return names


def _watchdogs(pager: Section) -> tuple[Watchdog, ...]:
    owners: dict[str, str] = {}
    watchdogs = []
    for section in pager.sections("watchdogs"):
        with section as entry:
            watchdog = Watchdog(
                name=entry.need("name", scalars.text, ""),
                match=_match(entry),
                max_silence=entry.need("max_silence", _silence, 180.0),
            )
        watchdogs.append(watchdog)
        owner = owners.setdefault(watchdog.name, section.path) if watchdog.name else section.path
        if owner != section.path:
            section.problem("name", f"is used by {owner} already")
    return tuple(watchdogs)


def _match(entry: Section) -> tuple[tuple[str, str], ...]:
    if not entry.has("match"):
        entry.problem("match", "is required, such as {alertname: Watchdog}")
    with entry.section("match") as match:
        labels = tuple(sorted((name, match.take(name, scalars.text, "")) for name, _ in match.entries()))
    if entry.has("match") and _ALERTNAME not in dict(labels):
        # Nobody is paged with what a watchdog matches, so it must be one alert, not all of a source.
        entry.problem("match", "must name the alert, such as {alertname: Watchdog}")
    return labels


def _names(value: object) -> tuple[str, ...]:
    return tuple(scalars.text(each) for each in _list(value, "names of targets"))


def _recipients(value: object) -> tuple[str, ...]:
    return tuple(dict.fromkeys(scalars.telephone(each).removeprefix("+") for each in _list(value, "numbers")))


def _list(value: object, of: str) -> list[object]:
    if not isinstance(value, list):
        raise ValueError(f"must be a list of {of}")  # noqa: TRY004 - every problem of a value is a ValueError
    return value


def _rate(value: object) -> Rate:
    """Take `10/5m`: at most ten messages in five minutes."""
    match = _RATE.fullmatch(value) if isinstance(value, str) else None
    if match is None or int(match[1]) < 1:
        raise ValueError("must be messages/duration, such as 10/5m")
    seconds = parse_duration(match[2])
    if seconds <= 0:
        raise ValueError("must be messages/duration, such as 10/5m")
    return Rate(int(match[1]), seconds)


def _timezone(value: object) -> str:
    """Take IANA's name of a time zone, if this system knows its rules."""
    name = scalars.text(value)
    try:
        return zoneinfo.ZoneInfo(name).key
    except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError):
        known = zoneinfo.available_timezones()
    if not known:
        raise ValueError("this system has no data of time zones; install its package tzdata")
    hint = suggestion(name, known) or ", such as Europe/Berlin or UTC"
    raise ValueError(f"must be a time zone of IANA{hint}")


def _severities(pager: Section) -> tuple[tuple[str, Severity], ...]:
    """Read which words mean which class; each may mean one thing only."""
    owners: dict[str, str] = {}
    read: list[tuple[str, Severity]] = []
    with pager.section("severities") as section:
        for severity in CLASSES:
            for index, word in enumerate(section.take(severity.value, _words, ())):
                path = f"{severity.value}[{index}]"
                if not fold(word):
                    section.problem(path, "must hold a letter or a digit")
                owner = owners.setdefault(fold(word), path)
                if owner != path:
                    section.problem(path, f"is the word of {owner} already")
                read.append((word, severity))
    return tuple(read)


def _words(value: object) -> tuple[str, ...]:
    return tuple(scalars.visible(each) for each in _list(value, "words, such as [p1, urgent]"))


def _silence(value: object) -> float:
    seconds = scalars.duration(value)
    if seconds < _SHORTEST_SILENCE:
        raise ValueError("must be at least 10s, because alerts are not repeated faster than that")
    return seconds


def _heartbeat(value: object) -> float:
    seconds = scalars.duration(value)
    if seconds < 1:
        raise ValueError("must be at least 1s")
    return seconds
