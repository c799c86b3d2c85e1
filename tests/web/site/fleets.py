"""Fleets of targets in every state, as a backend describes them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tests.web.fakes import NOW, a_target
from waexporter.model import Problem, State
from waexporter.web.backend import EndpointStatus

if TYPE_CHECKING:
    from collections.abc import Iterator

    from waexporter.web.backend import TargetStatus

HOSTILE_NAMES = (
    '"><script>alert(1)</script>',
    "قناة الدعم",
    "\u202eenil-troppus",  # an override of the direction of writing
    "🔥 emoji 👩🏽‍🚒",
    "a/b?c#d%2Fe & f",
    "support-" * 30,
)
_INTERVALS = {
    "health": 15,
    "app": 30,
    "web": 30,
    "db": 60,
    "support": 300,
    "settings": 300,
    "certificates": 3600,
}
_TROUBLES = (
    (State.DOWN, "no_coreapp_connected", "no coreapp is connected to WhatsApp: messages neither come nor go"),
    (State.DOWN, "unreachable", "the client can't be reached: connection refused"),
    (State.DEGRADED, "disk_low", "2.1 GB of 40 GB are left on the disk of core1"),
    (State.UNKNOWN, "stale", "there has been no answer for 6 min, so the state is not known"),
    (State.DEGRADED, "node_unreachable", "the node core2 does not answer its gateway"),
)


def a_fleet(count: int, troubled: int = 0) -> tuple[TargetStatus, ...]:
    """Return targets, of which the first ones are in trouble."""
    return tuple(
        _troubled(f"shop-{number:04}", number) if number < troubled else _well(f"shop-{number:04}", number)
        for number in range(count)
    )


def _well(name: str, number: int) -> TargetStatus:
    return replace(a_target(name), labels=_labels(number), endpoints=tuple(_polls(number)))


def _troubled(name: str, number: int) -> TargetStatus:
    state, slug, words = _TROUBLES[number % len(_TROUBLES)]
    since = NOW - 90 * (number + 1) ** 2
    target = a_target(name, state, Problem(slug, words, since=since))
    polls = list(_polls(number))
    if slug in {"unreachable", "stale"}:
        failure = "no connection to 10.0.0.7:9090: connection refused"
        polls[0] = replace(polls[0], outcome="unreachable", message=failure, last_success_at=since)
    verdict = replace(target.verdict, since=since)
    return replace(target, labels=_labels(number), endpoints=tuple(polls), verdict=verdict)


def _labels(number: int) -> tuple[tuple[str, str], ...]:
    return (("region", ("eu", "us", "ap", "sa")[number % 4]), ("team", ("orders", "support")[number % 2]))


def _polls(number: int) -> Iterator[EndpointStatus]:
    for endpoint, interval in _INTERVALS.items():
        age = float(1 + (number * 7) % interval)
        at = NOW - age
        yield EndpointStatus(endpoint, float(interval), "ok", "", at, age, 0.25, 40, last_success_at=at)
