"""The built-in watch: pages on verdicts, for those without Prometheus; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from waexporter.model import State
from waexporter.paging.dedup import start_after
from waexporter.paging.model import Alert

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from waexporter.model import Instant, Verdict
    from waexporter.paging.dedup import AlertRecord

_WORDS = {
    State.DOWN: ("WhatsAppDown", "critical", "The WhatsApp client is down."),
    State.DEGRADED: ("WhatsAppDegraded", "warning", "The WhatsApp client is degraded."),
    State.UNKNOWN: ("WhatsAppUnknown", "warning", "Nothing is known of the WhatsApp client."),
}
# A verdict clears the pages of these others: one that is degraded is not down any more, one that is down
# has not stopped to be degraded.
_CLEARS = {
    State.OK: (State.DOWN, State.DEGRADED, State.UNKNOWN),
    State.DEGRADED: (State.DOWN, State.UNKNOWN),
    State.UNKNOWN: (),
    State.DOWN: (State.UNKNOWN,),
}
_MOST_PROBLEMS = 5


def list_news(
    verdicts: Iterable[tuple[str, Verdict]], known: Mapping[str, AlertRecord], watch_for: float, now: Instant
) -> dict[str, tuple[Alert, ...]]:
    """List by target what changed for good: a verdict counts once it has held for `watch_for` seconds.

    What was told before is in `known`; so a verdict that flutters pages nobody, nor clears anything. An alert
    begins where its verdict began, by the wall clock as it is now.
    """
    news = {}
    for target, verdict in verdicts:
        held = now.steady - verdict.began
        if held >= watch_for:
            alerts = tuple(_news_of(target, verdict, known, now.wall - held))
            if alerts:
                news[target] = alerts
    return news


def _news_of(
    target: str, verdict: Verdict, known: Mapping[str, AlertRecord], since: float
) -> Iterator[Alert]:
    before = known.get(_fingerprint(target, verdict.state))
    if verdict.state in _WORDS and not (before is not None and before.is_known_to_fire):
        yield _alert(target, verdict.state, verdict, start_after(before, since), None)
    for state in _CLEARS[verdict.state]:
        before = known.get(_fingerprint(target, state))
        if before is not None and before.ends_at is None:
            yield _alert(target, state, verdict, before.starts_at, max(since, before.starts_at))


def _fingerprint(target: str, state: State) -> str:
    return f"waexporter:watch:{state.value}:{target}"


def _alert(target: str, state: State, verdict: Verdict, starts_at: float, ends_at: float | None) -> Alert:
    """Return an alert; an end is without a description, for the verdict of now says nothing of what was."""
    name, severity, summary = _WORDS[state]
    labels = {"alertname": name, "severity": severity, "target": target}
    if state is not State.DEGRADED:
        labels["affects_channel"] = "whatsapp"
    annotations = {"summary": summary}
    if ends_at is None:
        problems = [problem.words for problem in verdict.problems[:_MOST_PROBLEMS]]
        description = "; ".join(problems) or f"the verdict is {verdict.state.value}"
        annotations["description"] = f"{target}: {description}"
    return Alert(_fingerprint(target, state), starts_at, ends_at, labels, annotations)
