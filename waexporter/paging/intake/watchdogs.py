"""Watchdogs (dead man's switches): alerts that must keep coming, and the alert when one stops; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec

from waexporter.paging.dedup import start_after
from waexporter.paging.model import Alert
from waexporter.transport.lenient_json import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from waexporter.model import Watchdog
    from waexporter.paging.alert_record import AlertRecord

_ALERTNAME = "WaExporterWatchdogMissing"
_MAX_LABELS = 300  # characters
_WELL_KNOWN = "Watchdog"  # the usual name of such an alert


class LastSeen(NamedTuple):
    """When a watchdog was last seen, on the pager's clock."""

    at: float
    counted_from: float  # when its silence begins: later than `at` if the daemon was not running


def is_watchdog(labels: Mapping[str, str], watchdogs: Sequence[Watchdog]) -> bool:
    """Return whether labels are those of a watchdog, expected or not: its alert never pages anybody."""
    return labels.get("alertname") == _WELL_KNOWN or any(matches(labels, each) for each in watchdogs)


def matches(labels: Mapping[str, str], watchdog: Watchdog) -> bool:
    """Return whether the labels of an alert include all labels of a watchdog."""
    return all(labels.get(name) == value for name, value in watchdog.match)


def fingerprint_of(watchdog: Watchdog) -> str:
    """Return the fingerprint of the alert about a missing watchdog."""
    return f"waexporter:watchdog:{watchdog.name}"


def list_unmatched(alerts: Sequence[Alert], watchdogs: Sequence[Watchdog]) -> tuple[str, ...]:
    """Return the labels of watchdog alerts that no configured watchdog matches."""
    return tuple(
        _format_labels(sorted(alert.labels.items()))
        for alert in alerts
        if is_watchdog(alert.labels, ()) and not any(matches(alert.labels, each) for each in watchdogs)
    )


def describe_expected(watchdogs: Sequence[Watchdog]) -> tuple[str, ...]:
    """Return the labels of the configured watchdogs."""
    return tuple(f"{each.name}: {_format_labels(each.match)}" for each in watchdogs) or (
        "no watchdog is configured",
    )


def _format_labels(labels: Iterable[tuple[str, str]]) -> str:
    return printable(" ".join(f"{name}={value}" for name, value in labels), _MAX_LABELS)


def find_watchdog_alerts(
    watchdogs: Sequence[Watchdog],
    last_seen: Mapping[str, LastSeen],
    known: Mapping[str, AlertRecord],
    now: float,
    wall: float,
) -> tuple[Alert, ...]:
    """Return a firing alert for each watchdog that is missing now, a resolved one for each that came back.

    `now` is on the pager's clock, `known` has the records of earlier alerts. An alert starts when the
    watchdog was last seen, on the present wall clock.
    """
    alerts = []
    for watchdog in watchdogs:
        fingerprint = fingerprint_of(watchdog)
        before = known.get(fingerprint)
        at, counted_from = last_seen[watchdog.name]
        is_silent = now - counted_from > watchdog.max_silence
        last = wall - (now - at)
        if is_silent and not (before is not None and before.is_known_to_fire):
            alerts.append(_alert(watchdog, fingerprint, start_after(before, last), None))
        elif before is not None and before.ends_at is None and not is_silent:
            alerts.append(_alert(watchdog, fingerprint, before.starts_at, max(last, before.starts_at)))
    return tuple(alerts)


def add_reason(alert: Alert, why: str) -> Alert:
    """Return a firing alert with the reason added to its description."""
    if not why or not alert.fires:
        return alert
    description = alert.annotations["description"]
    return msgspec.structs.replace(
        alert, annotations={**alert.annotations, "description": f"{description} {why}."}
    )


def _alert(watchdog: Watchdog, fingerprint: str, starts_at: float, ends_at: float | None) -> Alert:
    labels = {"alertname": _ALERTNAME, "severity": "critical", "source": watchdog.name}
    annotations = {"summary": "Alerts do not arrive any more."}
    if ends_at is None:  # a resolved alert has no description: the limit may have changed
        annotations["description"] = (
            f"{watchdog.name}: its watchdog alert has not come for over {watchdog.max_silence:g} s, so "
            "Prometheus, Alertmanager or the way from there is broken, and nothing else may be reported."
        )
    return Alert(fingerprint, starts_at, ends_at, labels, annotations)
