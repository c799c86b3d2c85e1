"""The first lines of a message (state and counts) and its last line (what is left out); pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from waexporter.paging.messages.text import format_duration, format_times
from waexporter.paging.messages.unresolved import count_unknown, count_unresolved
from waexporter.paging.model import ItemKind
from waexporter.timefmt import plural

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from waexporter.paging.messages.digest import AlertSummary, Digest

_LATE: Final = 120.0  # seconds: an older page is called delayed


def first_lines(digest: Digest, now: datetime) -> str:
    """Return the state and the counts, and a line about the delay if the page is late."""
    state = _state_of_pages(digest) if digest.pages > 1 else _state_of_page(digest)
    delay = now.timestamp() - digest.received_at
    (received,) = format_times(now, digest.received_at)
    if received is None or delay <= _LATE:
        return state
    late = "Oldest page delayed" if digest.pages > 1 else "Delayed"
    return f"{state}\n{late} {format_duration(delay)}, received {received}"


def last_line(digest: Digest, shown: int) -> str:
    """Return a line that counts the alerts that are not shown; empty if all are.

    Alerts that Alertmanager left out are counted as unknown.
    """
    hidden = digest.alerts[shown:]
    more = len(hidden) + digest.truncated
    if not more:
        return ""
    kinds = _count_kinds(hidden, is_all=not digest.truncated)
    text = f"+{more} more" + (f" ({', '.join(kinds)})" if kinds else "")
    if not digest.truncated:
        return text
    part = "" if digest.truncated == more else f"{digest.truncated} of them "
    its = "its" if digest.truncated == 1 else "their"
    warning = "" if digest.firing else " This is no all-clear."
    return f"{text}, {part}left out by Alertmanager: {its} state is unknown.{warning}"


def _state_of_page(digest: Digest) -> str:
    """Return state and counts of one page: a phone shows this much of it on its lock screen."""
    if digest.is_all_clear:
        return _all_clear(digest)
    if digest.firing:
        return ", ".join([_firing(digest), *_other_counts(digest)])
    unresolved = list(count_unresolved((alert.kind for alert in digest.alerts), digest.lost))
    known = [f"{digest.others_firing} still firing"] if digest.others_firing else []
    unseen = list(count_unknown(digest))
    unknown = [f"{digest.truncated} unknown"] if digest.truncated else []
    if digest.resolved:
        total = digest.resolved + digest.others_firing + digest.truncated
        of = "resolved" if total == digest.resolved and (unresolved or unseen) else f"of {total}"
        return ", ".join([f"RESOLVED: {digest.resolved} {of}", *unresolved, *known, *unknown, *unseen])
    head = "UPDATE" if unresolved or digest.unread else "NO NEWS"
    return f"{head}: " + ", ".join([*unresolved, *known, *unknown, *unseen] or ["no alerts"])


def _state_of_pages(digest: Digest) -> str:
    """Return state and counts of several pages in one message."""
    firing = digest.firing
    head = f"DIGEST: {digest.pages} pages"
    if digest.is_all_clear:
        return f"{head}, {_all_clear(digest)}"
    critical = sum(alert.is_critical for alert in digest.alerts)
    fires = [f"{firing} firing" + (f" ({critical} critical)" if critical else "")]
    return ", ".join([head, *fires, *_other_counts(digest)])


def _all_clear(digest: Digest) -> str:
    resolved = [f"{digest.resolved} resolved"] if digest.resolved else []
    return "ALL CLEAR: " + ", ".join([*resolved, *count_unresolved(alert.kind for alert in digest.alerts)])


def _firing(digest: Digest) -> str:
    alerts = plural(digest.firing, "alert")
    new = sum(alert.kind is ItemKind.FIRED for alert in digest.alerts)
    if not new:
        state = f"REMINDER: {alerts} still firing"
    else:
        state = f"FIRING: {alerts}" + (f" ({new} new)" if new < digest.firing else "")
    critical = sum(alert.is_critical for alert in digest.alerts)
    return f"{state}, {critical} critical" if critical else state


def _other_counts(digest: Digest) -> list[str]:
    """Return the counts of everything but the alerts that fire."""
    counts = (
        (digest.resolved, "resolved"),
        (digest.others_firing, f"{'other' if digest.others_firing == 1 else 'others'} still firing"),
        (digest.truncated, "unknown"),
    )
    known = [f"{count} {words}" for count, words in counts if count]
    return [*known, *count_unresolved(alert.kind for alert in digest.alerts), *count_unknown(digest)]


def _count_kinds(hidden: Sequence[AlertSummary], *, is_all: bool) -> list[str]:
    """Return counts of hidden alerts; `none critical` only if that is known of all that fire."""
    critical = sum(alert.is_critical for alert in hidden)
    unclear = sum(alert.may_be_critical for alert in hidden)
    resolved = sum(alert.kind is ItemKind.RESOLVED for alert in hidden)
    counts = ((critical, "critical"), (unclear, "of unknown severity"), (resolved, "resolved"))
    kinds = [f"{count} {kind}" for count, kind in counts if count]
    kinds += count_unresolved(alert.kind for alert in hidden)
    if is_all and any(alert.fires for alert in hidden) and not critical and not unclear:
        kinds.insert(0, "none critical")
    return kinds
