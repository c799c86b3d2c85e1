"""The JSON document of GET /api/v1/pages, for the daemon, which writes it, and for its clients.

A client may read it from an older daemon: fields that older versions lack have a default.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from waexporter.paging.messages.annotations import summary_of
from waexporter.web.formatting import iso

if TYPE_CHECKING:
    from waexporter.paging.intake.refused_senders import RefusedSender
    from waexporter.paging.journal.entry import Attempt, JournalEntry
    from waexporter.paging.model import Item
    from waexporter.paging.pager import PagerStatus

MAX_ALERTS: Final = 20  # of one page; a page may have hundreds


class AttemptDocument(msgspec.Struct, kw_only=True):
    """One attempt to deliver a page."""

    at: str | None = None  # ISO 8601, as all times here
    way: str = ""
    recipient: str = ""
    code: str = ""
    why: str = ""


class AlertDocument(msgspec.Struct, kw_only=True):
    """One alert of a page."""

    kind: str = ""
    alertname: str = ""
    target: str = ""
    severity: str = ""
    summary: str = ""
    fingerprint: str = ""
    starts: str | None = None
    ends: str | None = None


class PageDocument(msgspec.Struct, kw_only=True):
    """One page of the journal."""

    number: int
    state: str
    channel: str = ""
    destination: str = ""
    attempts: int = 0
    repeats: int = 0
    why: str = ""
    tried: list[AttemptDocument] = []
    received: str | None = None
    done: str | None = None
    alerts: int = 0
    firing: int = 0
    truncated: int = 0
    unlisted: int = 0
    unread: int = 0
    shown: list[AlertDocument] = []


class WatchdogDocument(msgspec.Struct, kw_only=True):
    """One watchdog: an alert that must come again and again."""

    source: str
    silent_seconds: float
    max_silence_seconds: float
    heard: bool = True  # since the daemon was first started


class RefusedDocument(msgspec.Struct, kw_only=True):
    """The webhooks of one sender that were rejected since its last accepted one."""

    sender: str
    agent: str
    status: int | None
    why: str
    webhooks: int
    since: str | None
    last: str | None


class PageListDocument(msgspec.Struct, kw_only=True):
    """The state of the pager and its newest pages."""

    at: str | None
    pending: int
    oldest_pending_seconds: float = 0.0
    journal: str
    watchdogs: list[WatchdogDocument] = []
    unexpected_watchdogs: list[str] = []
    refused: list[RefusedDocument] = []
    pages: list[PageDocument]


def page_list_document(status: PagerStatus, now: float) -> PageListDocument:
    """Return the pager's state as a document; `now` in wall-clock seconds."""
    return PageListDocument(
        at=iso(now),
        pending=status.pending,
        oldest_pending_seconds=round(status.oldest, 3),
        journal=status.problem or "ok",
        watchdogs=[
            WatchdogDocument(
                source=silence.source,
                silent_seconds=round(silence.seconds, 3),
                max_silence_seconds=silence.limit,
                heard=silence.was_seen,
            )
            for silence in status.silences
        ],
        unexpected_watchdogs=list(status.unexpected_watchdogs),
        refused=[_refused_document(each) for each in status.refused],
        pages=[page_document(entry) for entry in status.latest],
    )


def page_document(entry: JournalEntry) -> PageDocument:
    """Return one page as a document."""
    items = entry.page.items
    return PageDocument(
        number=entry.number,
        state=entry.state,
        channel=entry.channel,
        destination=entry.destination,
        attempts=entry.attempts,
        repeats=entry.repeats,
        why=entry.why,
        tried=[_attempt_document(attempt) for attempt in entry.tried],
        received=iso(entry.page.received_at),
        done=iso(entry.done_at),
        alerts=len(items),
        firing=sum(1 for item in items if item.kind.fires),
        truncated=entry.page.truncated,
        unlisted=len(entry.page.doubts),
        unread=entry.page.unread,
        shown=[_alert_document(item) for item in items[:MAX_ALERTS]],
    )


def _refused_document(refused: RefusedSender) -> RefusedDocument:
    return RefusedDocument(
        sender=refused.sender.address,
        agent=refused.sender.agent,
        status=refused.refusal.status,
        why=refused.refusal.why,
        webhooks=refused.count,
        since=iso(refused.since.wall),
        last=iso(refused.last.wall),
    )


def _attempt_document(attempt: Attempt) -> AttemptDocument:
    return AttemptDocument(
        at=iso(attempt.at),
        way=attempt.way,
        recipient=attempt.recipient,
        code=attempt.code,
        why=attempt.why,
    )


def _alert_document(item: Item) -> AlertDocument:
    alert = item.alert
    return AlertDocument(
        kind=item.kind,
        alertname=alert.labels.get("alertname", ""),
        target=alert.labels.get("target", ""),
        severity=alert.labels.get("severity", ""),
        summary=summary_of(alert.annotations),
        fingerprint=alert.fingerprint,
        starts=iso(alert.starts_at),
        ends=iso(alert.ends_at),
    )
