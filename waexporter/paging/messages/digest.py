"""What several pages come to: of every alert its latest state, in the order people read; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from waexporter.model.severity import RANKS, Severity, rank_word
from waexporter.paging.model import Alert, Item, ItemKind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from waexporter.paging.model import Page

PLACES: Final = ("target", "node", "instance")  # the labels that say where, widest first


class AlertSummary(msgspec.Struct, frozen=True):
    """What is told of one alert."""

    alert: Alert
    kind: ItemKind
    resolved_before_sent: bool = False  # it ended before anybody could be told that it fired
    rank: Severity = Severity.UNKNOWN  # what its severity means

    @property
    def fires(self) -> bool:
        """Whether it fires as far as is known."""
        return self.kind.fires

    @property
    def severity(self) -> str:
        """The severity in lower case, in its author's word; empty if there is none."""
        return self.alert.labels.get("severity", "").strip().lower()

    @property
    def is_critical(self) -> bool:
        """Whether it fires and wakes somebody."""
        return self.fires and self.rank is Severity.CRITICAL

    @property
    def may_be_critical(self) -> bool:
        """Whether it fires and nobody knows how bad that is."""
        return self.fires and self.rank is Severity.UNKNOWN

    @property
    def places(self) -> tuple[str, ...]:
        """Where it happens: target and node; for an alert that has neither, where it was measured."""
        *where, measured = (self.alert.labels.get(name, "") for name in PLACES)
        return tuple(filter(None, where)) or ((measured,) if measured else ())


class Digest(msgspec.Struct, frozen=True):
    """What one message has to tell."""

    told: tuple[AlertSummary, ...]  # firing before resolved, critical first
    pages: int
    others_firing: int  # alerts that fire and are not among those told
    truncated: int  # alerts of which nobody knows the state
    is_all_clear: bool
    received_at: float  # wall-clock seconds; of the page that has waited longest
    unsure: int = 0  # others that fired, and of which no end was heard
    muted: int = 0  # others that are silenced or inhibited
    lost: int = 0  # others that were told to be heard of no more
    unread: int = 0  # alerts that could not be read
    is_partial: bool = False  # how many were left out is not known

    @property
    def firing(self) -> int:
        """How many of the alerts fire."""
        return sum(each.fires for each in self.told)

    @property
    def resolved(self) -> int:
        """How many of the alerts have ended, as Alertmanager said."""
        return self.count(ItemKind.RESOLVED)

    def count(self, kind: ItemKind) -> int:
        """Count the alerts of which this is said."""
        return sum(each.kind is kind for each in self.told)


def gather(pages: Sequence[Page], severities: Mapping[str, Severity]) -> Digest:
    """Merge pages, given in the order they came in: a later one knows better than an earlier one.

    Alerts are known by their fingerprints. The order of alerts within a page means nothing. `severities` are
    the words of this house.
    """
    last = {page.thread: page for page in pages}
    histories: dict[str, list[Item]] = {}
    threads: dict[str, set[str]] = {}
    for page in pages:
        items = _by_fingerprint(page)
        threads.setdefault(page.thread, set()).update(items)
        for fingerprint, item in items.items():
            histories.setdefault(fingerprint, []).append(item)
    told = {fingerprint: _ranked(_latest(history), severities) for fingerprint, history in histories.items()}
    firing = {fingerprint for fingerprint, each in told.items() if each.fires}
    is_over = bool(told) and all(each.kind.is_over for each in told.values())
    return Digest(
        told=tuple(sorted(told.values(), key=_reading_order)),
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
    """Give the items of a page by fingerprint; of several of one alert the one that says most of its end."""
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
    """Give the latest state of an alert, and whether it is news to those who are told."""
    latest = history[-1]
    is_unheard = any(item.kind is ItemKind.FIRED for item in history)
    if not latest.kind.fires and latest.kind is not ItemKind.RESOLVED:
        return AlertSummary(latest.alert, latest.kind)
    if latest.kind is ItemKind.RESOLVED:
        return AlertSummary(latest.alert, ItemKind.RESOLVED, resolved_before_sent=is_unheard)
    return AlertSummary(latest.alert, ItemKind.FIRED if is_unheard else ItemKind.REMINDED)


def _ranked(told: AlertSummary, severities: Mapping[str, Severity]) -> AlertSummary:
    return msgspec.structs.replace(told, rank=rank_word(told.severity, severities))


def _others(page: Page, firing: set[str]) -> int:
    """Count the alerts of a thread that fire and are told in none of its pages, `page` being its last one."""
    told_before = firing.difference(item.alert.fingerprint for item in page.items)
    return max(0, page.still_firing - len(told_before))


def _reading_order(told: AlertSummary) -> tuple[object, ...]:
    labels = told.alert.labels
    return (
        not told.fires,
        told.resolved_before_sent,
        RANKS[told.rank],
        told.severity,
        told.kind is ItemKind.REMINDED,  # what is new must not be what is left out for want of room
        labels.get("alertname", ""),
        told.places,
        told.alert.fingerprint,
    )
