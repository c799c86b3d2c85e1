"""The dead man's switch: alerts that must keep coming, and what is said when they don't; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec

from waexporter.paging.dedup import start_after
from waexporter.paging.model import Alert
from waexporter.transport.lenient_json import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from waexporter.model import Watchdog
    from waexporter.paging.dedup import AlertRecord

_SILENT = "WaExporterWatchdogMissing"
_LONGEST_LABELS = 300  # characters
_COMMON = "Watchdog"  # what the alert is called everywhere


class Heard(NamedTuple):
    """When a watchdog was last heard, on the pager's clock."""

    at: float
    counted_from: float  # later, where nobody could hear it for a while


def is_watchdog(alert: Alert, watchdogs: Sequence[Watchdog]) -> bool:
    """Tell whether an alert is one that always fires, expected or not: people are never paged with it."""
    return alert.labels.get("alertname") == _COMMON or any(matches(alert, each) for each in watchdogs)


def matches(alert: Alert, watchdog: Watchdog) -> bool:
    """Tell whether an alert is the one that a watchdog waits for."""
    return all(alert.labels.get(name) == value for name, value in watchdog.match)


def fingerprint_of(watchdog: Watchdog) -> str:
    """Name the alert about a watchdog's silence."""
    return f"waexporter:watchdog:{watchdog.name}"


def list_strangers(alerts: Sequence[Alert], watchdogs: Sequence[Watchdog]) -> tuple[str, ...]:
    """List the labels of alerts that always fire, and that no watchdog waits for."""
    return tuple(
        _word(sorted(alert.labels.items()))
        for alert in alerts
        if is_watchdog(alert, ()) and not any(matches(alert, each) for each in watchdogs)
    )


def list_expected(watchdogs: Sequence[Watchdog]) -> tuple[str, ...]:
    """List the labels that watchdogs wait for."""
    return tuple(f"{each.name}: {_word(each.match)}" for each in watchdogs) or ("no watchdog is configured",)


def _word(labels: Iterable[tuple[str, str]]) -> str:
    return printable(" ".join(f"{name}={value}" for name, value in labels), _LONGEST_LABELS)


def list_news(
    watchdogs: Sequence[Watchdog],
    heard: Mapping[str, Heard],
    known: Mapping[str, AlertRecord],
    now: float,
    wall: float,
) -> tuple[Alert, ...]:
    """List the watchdogs that fell silent or came back; each a firing or a resolved alert.

    `now` is on the pager's clock; what was told before is in `known`. A silence begins where the watchdog was
    last heard, by the wall clock as it is now.
    """
    news = []
    for watchdog in watchdogs:
        fingerprint = fingerprint_of(watchdog)
        before = known.get(fingerprint)
        at, counted_from = heard[watchdog.name]
        is_silent = now - counted_from > watchdog.max_silence
        last = wall - (now - at)
        if is_silent and not (before is not None and before.is_known_to_fire):
            news.append(_alert(watchdog, fingerprint, start_after(before, last), None))
        elif before is not None and before.ends_at is None and not is_silent:
            news.append(_alert(watchdog, fingerprint, before.starts_at, max(last, before.starts_at)))
    return tuple(news)


def explain(alert: Alert, why: str) -> Alert:
    """Return an alert about a silence with what is known to have come instead, in words."""
    if not why or not alert.fires:
        return alert
    said = alert.annotations["description"]
    return msgspec.structs.replace(alert, annotations={**alert.annotations, "description": f"{said} {why}."})


def _alert(watchdog: Watchdog, fingerprint: str, starts_at: float, ends_at: float | None) -> Alert:
    labels = {"alertname": _SILENT, "severity": "critical", "source": watchdog.name}
    annotations = {"summary": "Alerts do not arrive any more."}
    if ends_at is None:  # of an end, a limit that was changed meanwhile would say what was not
        annotations["description"] = (
            f"{watchdog.name}: its watchdog alert has not come for over {watchdog.max_silence:g} s, so "
            "Prometheus, Alertmanager or the way from there is broken, and nothing else may be reported."
        )
    return Alert(fingerprint, starts_at, ends_at, labels, annotations)
