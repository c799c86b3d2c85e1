"""The pager on the status page: pending pages, the last pages, watchdogs, refused webhooks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from waexporter.config.shipped_files import find_runbooks
from waexporter.paging.channels.remedies import describe_attempts
from waexporter.paging.journal.entry import PageState
from waexporter.paging.messages.annotations import summary_of
from waexporter.paging.routing import split_destination
from waexporter.timefmt import first_names, humanize_seconds
from waexporter.web.formatting import KIND_WORDS, count_without_item, format_time

if TYPE_CHECKING:
    from collections.abc import Container, Sequence

    from waexporter.paging.intake.refused_senders import RefusedSender
    from waexporter.paging.intake.watchdog_times import Silence
    from waexporter.paging.journal.entry import JournalEntry
    from waexporter.paging.model import Item
    from waexporter.paging.pager import PagerStatus
    from waexporter.web.formatting import FormattedTime

SHOWN_PAGES: Final = 5
_SHOWN_REFUSALS = 5  # senders
_SHOWN_NAMES = 3  # of targets
_SHOWN_ALERTS = 4  # of one page
_MAX_SUMMARY_LENGTH = 200  # characters
# The classes of verdicts, so that each colour has the same meaning everywhere.
_CSS_CLASSES: Final = {
    PageState.ACCEPTED: "ok",
    PageState.PENDING: "degraded",
    PageState.FAILED: "down",
    PageState.DAMAGED: "down",
}
_SYMBOLS: Final = {
    PageState.ACCEPTED: "✓",
    PageState.PENDING: "…",
    PageState.FAILED: "✕",
    PageState.DAMAGED: "✕",
}


@dataclass(frozen=True, slots=True)
class AlertLine:
    """One alert of a page, in words."""

    kind: str  # one of KIND_WORDS
    css_class: str
    name: str
    target: str
    severity: str
    summary: str
    runbook: str | None


@dataclass(frozen=True, slots=True)
class PageLine:
    """One page and how it was delivered."""

    number: int
    state: str
    css_class: str
    symbol: str
    received: FormattedTime | None
    outcome: str  # how it was sent, or the number of attempts
    alerts: tuple[AlertLine, ...]
    rest: str  # the number of alerts that are not shown; empty without any
    why: str
    ways: tuple[str, ...] = ()  # that were tried, if there were several


@dataclass(frozen=True, slots=True)
class WatchdogLine:
    """One watchdog and when it was last seen."""

    name: str
    css_class: str
    words: str


@dataclass(frozen=True, slots=True)
class RefusalLine:
    """The refused webhooks of one sender."""

    words: str
    why: str
    since: FormattedTime | None
    last: FormattedTime | None


@dataclass(frozen=True, slots=True)
class PagerSection:
    """The section about the pager."""

    css_class: str
    waiting: str  # the pages that are pending; empty without any
    problem: str  # why the journal can't be written; empty when it can
    watchdogs: tuple[WatchdogLine, ...]
    unread: str  # targets whose on-call group nobody reads; empty if there are none, or if that is not known
    refused: str  # the number of refused webhooks and the time of the last one; empty without any
    refusals: tuple[RefusalLine, ...]
    unexpected_watchdogs: tuple[str, ...]  # labels of Watchdog alerts that match no configured watchdog
    pages: tuple[PageLine, ...]


def describe_pager(status: PagerStatus, now: float, unread: Sequence[str] = ()) -> PagerSection:
    """Return the section about a pager; `unread` are the targets whose on-call group nobody reads."""
    runbooks = find_runbooks()
    watchdogs = tuple(_watchdog_line(silence) for silence in status.silences)
    is_broken = status.problem is not None or any(watchdog.css_class == "down" for watchdog in watchdogs)
    is_failing = bool(status.latest) and status.latest[0].state is PageState.FAILED
    is_troubled = bool(status.pending or status.refused or unread)
    return PagerSection(
        css_class="down" if is_broken or is_failing else "degraded" if is_troubled else "ok",
        waiting=_describe_pending(status),
        problem=status.problem or "",
        watchdogs=watchdogs,
        unread=_describe_unread(unread),
        refused=_describe_refused(status, now),
        refusals=tuple(_refusal_line(each, now) for each in status.refused[:_SHOWN_REFUSALS]),
        unexpected_watchdogs=status.unexpected_watchdogs[:_SHOWN_NAMES],
        pages=tuple(page_line(entry, runbooks, now) for entry in status.latest),
    )


def _describe_pending(status: PagerStatus) -> str:
    if not status.pending:
        return ""
    if status.pending == 1:
        return f"1 page has been waiting for {humanize_seconds(status.oldest)}"
    return f"{status.pending} pages are waiting, the oldest for {humanize_seconds(status.oldest)}"


def _describe_unread(names: Sequence[str]) -> str:
    return f"nobody reads a page in the group of {first_names(names, _SHOWN_NAMES)}" if names else ""


def _describe_refused(status: PagerStatus, now: float) -> str:
    """Return the number of refused webhooks and the time of the last one."""
    if not status.refused:
        return ""
    count = sum(each.count for each in status.refused)
    last = humanize_seconds(max(now - max(each.last.wall for each in status.refused), 0.0))
    return f"{count} {'webhook was' if count == 1 else 'webhooks were'} refused, the last {last} ago"


def _refusal_line(refused: RefusedSender, now: float) -> RefusalLine:
    times = "once" if refused.count == 1 else f"{refused.count} times"
    status, why = refused.refusal
    return RefusalLine(
        f"from {refused.sender}, {'cut off' if status is None else f'answered {status}'}, {times}",
        why[:1].upper() + why[1:],
        format_time(refused.since.wall, now),
        format_time(refused.last.wall, now),
    )


def _watchdog_line(silence: Silence) -> WatchdogLine:
    is_silent = silence.seconds > silence.limit
    if not silence.was_seen:
        words = f"has never come, expected for {humanize_seconds(silence.seconds)}"
        css_class = "down" if is_silent else "unknown"
    elif is_silent:
        words, css_class = f"silent for {humanize_seconds(silence.seconds)}", "down"
    else:
        words, css_class = f"heard {humanize_seconds(silence.seconds)} ago", "ok"
    return WatchdogLine(
        silence.source, css_class, f"{words}, at most {humanize_seconds(silence.limit)} allowed"
    )


def page_line(entry: JournalEntry, runbooks: Container[str], now: float) -> PageLine:
    """Return one page and how it was delivered."""
    page = entry.page
    more = len(page.items) - _SHOWN_ALERTS
    ways = tuple(describe_attempts(entry.tried))
    rest = [f"{more} more"] if more > 0 else []
    rest += count_without_item(page, "that Alertmanager left out")
    return PageLine(
        number=entry.number,
        state=entry.state.value,
        css_class=_CSS_CLASSES[entry.state],
        symbol=_SYMBOLS[entry.state],
        received=format_time(page.received_at, now),
        outcome=_describe_outcome(entry),
        alerts=tuple(_alert_line(item, runbooks) for item in page.items[:_SHOWN_ALERTS]),
        rest=f"and {' and '.join(rest)}" if rest else "",
        why=entry.why,
        ways=ways if len(ways) > 1 else (),
    )


def _describe_outcome(entry: JournalEntry) -> str:
    """Return how a page was sent, after what time, and after how many attempts."""
    words = []
    if entry.channel:
        # Only WhatsApp has a target and a recipient, `target/group`; other channels have neither.
        target, to = split_destination(entry.destination)
        words.append(f"by {entry.channel} through {target}, to {to}" if target else f"by {entry.channel}")
    if entry.state is PageState.ACCEPTED and entry.done_at is not None:
        words.append(f"after {humanize_seconds(entry.done_at - entry.page.received_at)}")
    if entry.state is PageState.DAMAGED:
        words.append("set aside")
    elif entry.attempts != 1:
        words.append(f"{entry.attempts} attempts" if entry.attempts else "not tried yet")
    if entry.repeats:
        words.append(f"{entry.repeats} of them may be read twice")
    return ", ".join(words)


def _alert_line(item: Item, runbooks: Container[str]) -> AlertLine:
    labels, summary = item.alert.labels, summary_of(item.alert.annotations)
    if len(summary) > _MAX_SUMMARY_LENGTH:
        summary = f"{summary[:_MAX_SUMMARY_LENGTH].rstrip()}…"
    name = labels.get("alertname", "")
    return AlertLine(
        kind=KIND_WORDS[item.kind],
        css_class="down" if item.kind.fires else "ok" if item.kind.is_over else "unknown",
        name=name,
        target=labels.get("target", ""),
        severity=labels.get("severity", ""),
        summary=summary,
        runbook=name if name in runbooks else None,
    )
