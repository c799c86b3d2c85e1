"""Alerts about verdicts, for an installation without Prometheus (`pager.watch`); pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from waexporter.model import State
from waexporter.paging.dedup import start_after
from waexporter.paging.model import Alert

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from waexporter.model import Instant, Verdict
    from waexporter.paging.alert_record import AlertRecord

_ALERTS = {
    State.DOWN: ("WhatsAppDown", "critical", "The WhatsApp client is down."),
    State.DEGRADED: ("WhatsAppDegraded", "warning", "The WhatsApp client is degraded."),
    State.UNKNOWN: ("WhatsAppUnknown", "warning", "Nothing is known of the WhatsApp client."),
}
# The states whose alerts a verdict resolves: a client that is degraded is not down any more, one that is down
# may still be degraded.
_CLEARS = {
    State.OK: (State.DOWN, State.DEGRADED, State.UNKNOWN),
    State.DEGRADED: (State.DOWN, State.UNKNOWN),
    State.UNKNOWN: (),
    State.DOWN: (State.UNKNOWN,),
}
_MAX_PROBLEMS = 5


def find_verdict_alerts(
    verdicts: Iterable[tuple[str, Verdict]], known: Mapping[str, AlertRecord], watch_for: float, now: Instant
) -> dict[str, tuple[Alert, ...]]:
    """Return the new and the resolved alerts, by target; a verdict counts once it lasted `watch_for` seconds.

    So a verdict that flaps neither fires nor resolves an alert. `known` has the records of earlier alerts. An
    alert starts when its verdict began, on the present wall clock.
    """
    changed = {}
    for target, verdict in verdicts:
        duration = now.steady - verdict.began
        if duration >= watch_for:
            alerts = tuple(_alerts_of(target, verdict, known, now.wall - duration))
            if alerts:
                changed[target] = alerts
    return changed


def _alerts_of(
    target: str, verdict: Verdict, known: Mapping[str, AlertRecord], since: float
) -> Iterator[Alert]:
    before = known.get(_fingerprint(target, verdict.state))
    if verdict.state in _ALERTS and not (before is not None and before.is_known_to_fire):
        yield _alert(target, verdict.state, verdict, start_after(before, since), None)
    for state in _CLEARS[verdict.state]:
        before = known.get(_fingerprint(target, state))
        if before is not None and before.ends_at is None:
            yield _alert(target, state, verdict, before.starts_at, max(since, before.starts_at))


def _fingerprint(target: str, state: State) -> str:
    return f"waexporter:watch:{state.value}:{target}"


def _alert(target: str, state: State, verdict: Verdict, starts_at: float, ends_at: float | None) -> Alert:
    """Return an alert; a resolved one has no description: the present verdict does not describe the past."""
    name, severity, summary = _ALERTS[state]
    labels = {"alertname": name, "severity": severity, "target": target}
    if state is not State.DEGRADED:
        labels["affects_channel"] = "whatsapp"
    annotations = {"summary": summary}
    if ends_at is None:
        problems = [problem.words for problem in verdict.problems[:_MAX_PROBLEMS]]
        description = "; ".join(problems) or f"the verdict is {verdict.state.value}"
        annotations["description"] = f"{target}: {description}"
    return Alert(_fingerprint(target, state), starts_at, ends_at, labels, annotations)
