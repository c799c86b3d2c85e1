"""Pages merged into one: the latest state of every alert, in the order people read them; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from waexporter.model.severity import RANKS, Severity, classify_word
from waexporter.paging.model import Alert, Item, ItemKind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from waexporter.paging.model import Page

PLACE_LABELS: Final = ("target", "node", "instance")  # labels of the place of an alert, widest first


class AlertSummary(msgspec.Struct, frozen=True):
    """One alert of a message, in its latest state."""

    alert: Alert
    kind: ItemKind
    resolved_before_sent: bool = False  # it ended before a message said that it fired
    rank: Severity = Severity.UNKNOWN  # the meaning of its severity

    @property
    def fires(self) -> bool:
        """Whether it fires as far as is known."""
        return self.kind.fires

    @property
    def severity(self) -> str:
        """The label `severity` in lower case; empty if there is none."""
        return self.alert.labels.get("severity", "").strip().lower()

    @property
    def is_critical(self) -> bool:
        """Whether it fires and is critical."""
        return self.fires and self.rank is Severity.CRITICAL

    @property
    def may_be_critical(self) -> bool:
        """Whether it fires with an unknown severity."""
        return self.fires and self.rank is Severity.UNKNOWN

    @property
    def places(self) -> tuple[str, ...]:
        """Its places: target and node; the instance if it has neither."""
        *places, instance = (self.alert.labels.get(name, "") for name in PLACE_LABELS)
        return tuple(filter(None, places)) or ((instance,) if instance else ())


class Digest(msgspec.Struct, frozen=True):
    """The content of one message."""

    alerts: tuple[AlertSummary, ...]  # firing before resolved, critical first
    pages: int
    others_firing: int  # alerts that fire and are not among `alerts`
    truncated: int  # alerts whose state is unknown
    is_all_clear: bool
    received_at: float  # wall-clock seconds; that of the oldest page
    unsure: int = 0  # others that fired, and whose end was not reported
    muted: int = 0  # others that are silenced or inhibited
    lost: int = 0  # others that an earlier page reported as not heard of any more
    unread: int = 0  # alerts that could not be read
    is_partial: bool = False  # the number of alerts that Alertmanager left out is not known

    @property
    def firing(self) -> int:
        """The number of alerts that fire."""
        return sum(each.fires for each in self.alerts)

    @property
    def resolved(self) -> int:
        """The number of alerts that Alertmanager reported as resolved."""
        return self.count(ItemKind.RESOLVED)

    def count(self, kind: ItemKind) -> int:
        """Return the number of alerts of a kind."""
        return sum(each.kind is kind for each in self.alerts)


def merge_pages(pages: Sequence[Page], severities: Mapping[str, Severity]) -> Digest:
    """Return the digest of pages in the order they were received: a later one overrides an earlier one.

    Alerts are identified by their fingerprints. The order of alerts within a page makes no difference.
    `severities` are the words that the configuration adds.
    """
    last = {page.thread: page for page in pages}
    histories: dict[str, list[Item]] = {}
    threads: dict[str, set[str]] = {}
    for page in pages:
        items = _by_fingerprint(page)
        threads.setdefault(page.thread, set()).update(items)
        for fingerprint, item in items.items():
            histories.setdefault(fingerprint, []).append(item)
    alerts = {
        fingerprint: _ranked(_latest(history), severities) for fingerprint, history in histories.items()
    }
    firing = {fingerprint for fingerprint, each in alerts.items() if each.fires}
    is_over = bool(alerts) and all(each.kind.is_over for each in alerts.values())
    return Digest(
        alerts=tuple(sorted(alerts.values(), key=_reading_order)),
        pages=len(pages),
        others_firing=sum(_others(page, threads[page.thread] & firing) for page in last.values()),
        truncated=sum(page.truncated for page in last.values()),
        is_all_clear=is_over and all(page.is_all_clear for page in last.values()),
        received_at=min((page.received_at for page in pages), default=0.0),
        unsure=sum(page.unsure for page in last.values()),
        muted=sum(page.muted for page in last.values()),
        lost=sum(page.lost for page in last.values()),
        unread=sum(page.unread for page in pages),
        is_partial=any(page.is_partial for page in last.values()),
    )


def _by_fingerprint(page: Page) -> Mapping[str, Item]:
    """Return the items of a page by fingerprint; if an alert has several, the one with the latest state."""
    items: dict[str, Item] = {}
    for item in page.items:
        other = items.get(item.alert.fingerprint)
        items[item.alert.fingerprint] = item if other is None else max(item, other, key=_progress)
    return items


def _progress(item: Item) -> tuple[object, ...]:
    alert = item.alert
    texts = sorted(alert.labels.items()), sorted(alert.annotations.items())
    return alert.starts_at, alert.ends_at or 0.0, item.kind, texts


def _latest(history: Sequence[Item]) -> AlertSummary:
    """Return the latest state of an alert, and whether a message has already reported that it fired."""
    latest = history[-1]
    is_unsent = any(item.kind is ItemKind.FIRED for item in history)
    if latest.kind.fires:
        return AlertSummary(latest.alert, ItemKind.FIRED if is_unsent else ItemKind.REMINDED)
    is_resolved = latest.kind is ItemKind.RESOLVED
    return AlertSummary(latest.alert, latest.kind, resolved_before_sent=is_unsent and is_resolved)


def _ranked(summary: AlertSummary, severities: Mapping[str, Severity]) -> AlertSummary:
    return msgspec.structs.replace(summary, rank=classify_word(summary.severity, severities))


def _others(page: Page, firing: set[str]) -> int:
    """Return the number of alerts of a thread that fire and are in none of its pages; `page` is the last."""
    in_earlier_pages = firing.difference(item.alert.fingerprint for item in page.items)
    return max(0, page.still_firing - len(in_earlier_pages))


def _reading_order(summary: AlertSummary) -> tuple[object, ...]:
    labels = summary.alert.labels
    return (
        not summary.fires,
        summary.resolved_before_sent,
        RANKS[summary.rank],
        summary.severity,
        summary.kind is ItemKind.REMINDED,  # a new alert is not left out before a known one
        labels.get("alertname", ""),
        summary.places,
        summary.alert.fingerprint,
    )
