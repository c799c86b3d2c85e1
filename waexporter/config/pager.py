"""The block `pager`."""

from __future__ import annotations

import json
import re
import zoneinfo
from typing import TYPE_CHECKING

from waexporter.config.fallback import FALLBACK, dump_fallback, read_fallback
from waexporter.config.keys import Block, Key, required, value
from waexporter.config.secret_keys import secret_key
from waexporter.config.section import suggestion
from waexporter.config.severities import SEVERITIES, dump_severities, read_severities
from waexporter.config.values import scalars
from waexporter.config.values.quantities import format_duration, parse_duration
from waexporter.config.values.urls import http_url
from waexporter.config.webhook_auth import WEBHOOK, read_webhook_auth
from waexporter.model import PagerSettings, Rate, Watchdog

if TYPE_CHECKING:
    from waexporter.config.section import Section

_RATE = re.compile(r"([0-9]{1,6})/([0-9a-z]+)")
_ALERTNAME = "alertname"
_SHORTEST_SILENCE = 10.0  # seconds; Alertmanager itself repeats no faster


def read_pager(root: Section) -> PagerSettings | None:
    """Read the block `pager`; return None if there is none."""
    section = root.section("pager")
    if not root.has("pager"):
        return None
    with section as pager:
        read = PagerSettings(**PAGER.read(pager))
        _check(pager, read)
        return read


def _check(pager: Section, read: PagerSettings) -> None:
    """Report the problems of several keys together."""
    if read.group is not None and read.recipients:
        pager.add_problem("recipients", "group is given too; pages go to one or the other")
    if read.fallback_after >= read.give_up_after:
        pager.add_problem("fallback_after", "must be shorter than give_up_after, or no fallback is ever used")
    if read.heartbeat_url is None and pager.has("heartbeat_interval"):
        pager.add_note("heartbeat_interval", "is not used, because there is no heartbeat_url")


def _read_state_dir(pager: Section, key: str, default: str) -> str:
    return pager.resolve(pager.get(key, scalars.text, default))


def _read_via(pager: Section, key: str, default: tuple[str, ...]) -> tuple[str, ...]:
    names = pager.get(key, _names, default)
    for index, name in enumerate(names):
        if name not in pager.report.targets:
            quoted = json.dumps(name, ensure_ascii=False)
            # A list that changes by itself may name it later.
            add = pager.add_note if pager.report.has_lists else pager.add_problem
            add(f"{key}[{index}]", f"no target is called {quoted}")
    return names


def _read_watchdogs(pager: Section, key: str, _: object) -> tuple[Watchdog, ...]:
    owners: dict[str, str] = {}
    watchdogs = []
    for section in pager.sections(key):
        with section as entry:
            watchdog = Watchdog(**WATCHDOG.read(entry))
        watchdogs.append(watchdog)
        owner = owners.setdefault(watchdog.name, section.path) if watchdog.name else section.path
        if owner != section.path:
            section.add_problem("name", f"is used by {owner} already")
    return tuple(watchdogs)


def _read_match(entry: Section, key: str, _: object) -> tuple[tuple[str, str], ...]:
    if not entry.has(key):
        entry.add_problem(key, "is required, such as {alertname: Watchdog}")
    with entry.section(key) as match:
        labels = tuple(sorted((name, match.get(name, scalars.text, "")) for name, _ in match.entries()))
    if entry.has(key) and _ALERTNAME not in dict(labels):
        # Nobody is paged about alerts that a watchdog matches, so it must match only one.
        entry.add_problem(key, "must name the alert, such as {alertname: Watchdog}")
    return labels


def _names(value: object) -> tuple[str, ...]:
    return tuple(scalars.text(each) for each in scalars.listed(value, "names of targets"))


def _recipients(value: object) -> tuple[str, ...]:
    return tuple(
        dict.fromkeys(scalars.telephone(each).removeprefix("+") for each in scalars.listed(value, "numbers"))
    )


def _rate(value: object) -> Rate:
    """Parse `10/5m`: at most ten messages in five minutes."""
    match = _RATE.fullmatch(value) if isinstance(value, str) else None
    if match is None or int(match[1]) < 1:
        raise ValueError("must be messages/duration, such as 10/5m")
    seconds = parse_duration(match[2])
    if seconds <= 0:
        raise ValueError("must be messages/duration, such as 10/5m")
    return Rate(int(match[1]), seconds)


def _timezone(value: object) -> str:
    """Parse IANA's name of a time zone whose rules this system knows."""
    name = scalars.text(value)
    try:
        return zoneinfo.ZoneInfo(name).key
    except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError):
        known = zoneinfo.available_timezones()
    if not known:
        raise ValueError("this system has no data of time zones; install its package tzdata")
    hint = suggestion(name, known) or ", such as Europe/Berlin or UTC"
    raise ValueError(f"must be a time zone of IANA{hint}")


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


def _dump_rate(rate: Rate) -> str:
    return f"{rate.messages}/{format_duration(rate.per)}"


WATCHDOG = Block(
    "watchdogs",
    Watchdog,
    (
        Key(
            "name",
            required(scalars.text, ""),
            "the name of the watchdog in pages and metrics; required, unique",
        ),
        Key(
            "match",
            _read_match,
            "labels of its alert, such as `{alertname: Watchdog, prometheus: eu}`; required",
            write=dict,
            default="none",
        ),
        Key(
            "max_silence",
            required(_silence, 180.0),
            "how long it may be missing, at least `10s`; required",
            write=format_duration,
            default="none",
        ),
    ),
)
PAGER = Block(
    "pager",
    PagerSettings,
    (
        Key(
            "state_dir",
            _read_state_dir,
            "folder of the journal, created if it is missing. Only one daemon may use it",
            needs_restart=True,
        ),
        Key(
            "webhook",
            read_webhook_auth,
            "the credentials that Alertmanager must send. Required when listening beyond loopback",
            block=WEBHOOK,
        ),
        Key(
            "via",
            _read_via,
            "names of the targets that may send pages, in this order",
            write=list,
            default="the target that the alert is about, then any other",
        ),
        Key(
            "group",
            value(scalars.group),
            "id of the group that is paged, through any target",
            default="`on_call_group` of the target that carries the page, else its setting `on_call_pager`",
        ),
        Key(
            "recipients",
            value(_recipients),
            "telephone numbers that are paged one by one, instead of a group",
            write=list,
        ),
        Key(
            "fallback",
            read_fallback,
            "list of addresses for pages that WhatsApp can't send: `http(s)://…` gets a POST, any"
            " other is one of [Apprise](https://github.com/caronc/apprise) (in a clone `pip "
            "install '.[fallback]'` adds it, the image has it). Never shown. An entry may also be"
            " a mapping of the keys below",
            write=dump_fallback,
            block=FALLBACK,
            is_list=True,
        ),
        Key(
            "fallback_after",
            value(scalars.duration),
            (
                "how long a page waits for WhatsApp before it is sent to the fallback; shorter than "
                "`give_up_after`"
            ),
            write=format_duration,
        ),
        Key(
            "give_up_after",
            value(scalars.timeout),
            "how long a page is tried before it counts as failed",
            write=format_duration,
        ),
        Key(
            "rate",
            value(_rate),
            "highest number of messages to one recipient in a time; further pages are sent bundled",
            write=_dump_rate,
        ),
        Key(
            "timezone",
            value(_timezone),
            "time zone of the times in pages, by its IANA name, such as `Europe/Berlin`",
        ),
        Key(
            "severities",
            read_severities,
            (
                "words that your rules use in the label `severity`, in addition to the usual ones; "
                "they have priority"
            ),
            write=dump_severities,
            block=SEVERITIES,
        ),
        Key("watchdogs", _read_watchdogs, "alerts that must arrive regularly", block=WATCHDOG, is_list=True),
        secret_key(
            "alertmanager_url",
            "the address of Alertmanager, such as `http://alertmanager:9093`: it is asked about "
            "alerts that a delivery leaves out, and before an all-clear. Of a pair use one that "
            "sees every alert",
            http_url,
        ),
        secret_key(
            "heartbeat_url",
            "an address that is called while people can be paged, and `/fail` below it while not",
            http_url,
        ),
        Key(
            "heartbeat_interval",
            value(_heartbeat),
            "how often `heartbeat_url` is called",
            write=format_duration,
        ),
        Key("watch", value(scalars.boolean), "`true`: page verdicts by itself, without Prometheus"),
        Key(
            "watch_for",
            value(scalars.duration),
            "how long a verdict must last before it is paged",
            write=format_duration,
        ),
    ),
)
