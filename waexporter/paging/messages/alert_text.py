"""The text of one alert in a message; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from waexporter.paging.messages.annotations import DASHBOARD, DESCRIPTION, RUNBOOK, SILENCE, SUMMARY, pick
from waexporter.paging.messages.dashboard_links import link_at_alert
from waexporter.paging.messages.digest import PLACE_LABELS
from waexporter.paging.messages.text import format_duration, format_times, paragraph, safe_link, single_line
from waexporter.paging.messages.unresolved import explain_unresolved, is_unresolved, unresolved_title
from waexporter.paging.model import ItemKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from waexporter.paging.messages.digest import AlertSummary

# Maximum lengths, in UTF-16 code units:
_HEADLINE: Final = 200
_NAME: Final = 80
_SEVERITY: Final = 20
_MAX_LABELS: Final = 20  # shown of one alert
_LINKS: Final = (("Runbook", RUNBOOK), ("Dashboard", DASHBOARD))
_LINKS_WHILE_FIRING: Final = (*_LINKS, ("Silence", SILENCE))


class AlertText(msgspec.Struct, frozen=True):
    """The text of one alert; similar alerts in a row share a headline, and alerts of one name the links."""

    name: str = ""
    headline: str = ""
    place: str = ""  # the target, the node or the instance, after the name if the headline lacks it
    text: str = ""

    def render(self, before: AlertText, links: Iterable[str]) -> str:
        """Return the lines of this alert; the headline is left out if the alert before has the same."""
        is_repeated = self.place and self.headline == before.headline
        headline = "" if is_repeated else self.headline
        return "\n".join(filter(None, [headline, self.place, self.text, *links]))


def describe_alert(summary: AlertSummary, now: datetime, room: int) -> AlertText:
    """Return the text of an alert, with a description of at most `room` UTF-16 code units."""
    labels, annotations = summary.alert.labels, summary.alert.annotations
    sentence = single_line(pick(annotations, *SUMMARY), _HEADLINE)
    name = single_line(labels.get("alertname", ""), _NAME)
    places = [single_line(place, _NAME) for place in summary.places]
    headline = sentence or name or single_line(_other_labels(summary), _HEADLINE) or "an alert without a name"
    key = labels.get("alertname") or summary.alert.fingerprint
    if summary.resolved_before_sent:
        place = " / ".join(filter(None, [name, *places])) or headline
        return AlertText(key, f"{_severity(summary)}: {place}: {_times_unsent(summary, now)}")
    first = f"{_severity(summary)}: {headline}"
    place = " / ".join(filter(None, [name if sentence else "", *places]))
    if is_unresolved(summary.kind):
        (start,) = format_times(now, summary.alert.starts_at)
        return AlertText(key, first, place, explain_unresolved(summary.kind, start))
    description = paragraph(pick(annotations, *DESCRIPTION), room)
    if not description and not sentence and name:
        description = single_line(_other_labels(summary), min(room, _HEADLINE))
    if description and not summary.fires:
        description = f"Was: {description}"  # the annotations are those from when the alert fired
    return AlertText(key, first, place, "\n".join(filter(None, [description, _times(summary, now)])))


def find_links(summary: AlertSummary) -> Iterator[tuple[str, str]]:
    """Yield each link of an alert that fires or has ended: unchanged, and with the time of the alert."""
    if summary.resolved_before_sent or is_unresolved(summary.kind):
        return
    starts_at, ends_at = summary.alert.starts_at, None if summary.fires else summary.alert.ends_at
    for label, names in _LINKS_WHILE_FIRING if summary.fires else _LINKS:
        urls = (safe_link(summary.alert.annotations.get(name, "")) for name in names)
        if url := next(filter(None, urls), None):
            timed = link_at_alert(url, starts_at, ends_at) if names is DASHBOARD else url
            yield f"{label}: {url}", f"{label}: {timed}"


def _severity(summary: AlertSummary) -> str:
    """Return the severity of an alert that fires; else its state, with the severity that it had."""
    severity = single_line(summary.severity, _SEVERITY)
    if summary.fires:
        return severity.upper() or "ALERT"
    state = unresolved_title(summary.kind) if is_unresolved(summary.kind) else "RESOLVED"
    return f"{state} ({severity})" if severity else state


def _other_labels(summary: AlertSummary) -> str:
    """Return the labels that no other line shows."""
    shown_elsewhere = {"alertname", "severity", *PLACE_LABELS}
    labels = sorted(summary.alert.labels.items())
    shown = [f"{name}={value}" for name, value in labels if name not in shown_elsewhere]
    return ", ".join(shown[:_MAX_LABELS])


def _times(summary: AlertSummary, now: datetime) -> str:
    """Return since when an alert fires, or from when to when it fired."""
    starts_at, ends_at = summary.alert.starts_at, summary.alert.ends_at
    start, end = format_times(now, starts_at, ends_at if not summary.fires else None)
    if not summary.fires:
        begin = f"Fired {start}, cleared" if start else "Cleared"
        if ends_at is None or end is None:
            return f"{begin}, since when is unknown"
        is_span = start and ends_at >= starts_at  # else clocks differ
        return f"{begin} {end}" + (f" ({format_duration(ends_at - starts_at)})" if is_span else "")
    begin = "Since" if summary.kind is ItemKind.FIRED else "Reminder: still firing since"
    if start is None:
        return f"{begin} an unknown time"
    # An age below zero would only show that clocks differ.
    span = now.timestamp() - starts_at
    return f"{begin} {start}" + (f" ({format_duration(span)})" if span >= 0 else "")


def _times_unsent(summary: AlertSummary, now: datetime) -> str:
    """Return the times of an alert that ended before a page about it was sent."""
    alert = summary.alert
    start, end, until = format_times(now, alert.starts_at, alert.ends_at, now.timestamp())
    facts = [f"fired {start}"] if start else []
    facts += [f"cleared {end}"] if end else []
    return ", ".join([*facts, f"could not be delivered until {until}"])
