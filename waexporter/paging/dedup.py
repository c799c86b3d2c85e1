"""Deduplication: which alerts of a delivery are new, and what to remember of them; pure.

Alertmanager delivers at least once: a pair delivers everything twice, and a restarted one repeats old
deliveries. No name of a group identifies it (its key changes with the route tree, its address with the
replica), so an occurrence is identified by the alert's fingerprint and its start.

A whole delivery lists every alert of its group. If an alert that fired in the same group is missing from it,
that alert is silenced, inhibited or over. It is then a doubt, and is reconciled when the page is sent (see
`reconciliation.missing_alerts`). The group of each alert is remembered for this purpose only: an alert that
another route delivers is no doubt of this delivery.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from waexporter.paging.alert_record import (
    NO_LABELS,
    AlertRecord,
    Presence,
    encode_labels,
    identifying_labels,
)
from waexporter.paging.model import Alert, Doubt, Item, ItemKind, Page, Webhook

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

DUPLICATE_WITHIN = 120.0  # seconds after people were notified, in which the same alert is a duplicate
# For how long after the end of an alert a delivery with an older start is stale. Later it is not: after
# Prometheus was cut off from Alertmanager, an alert may still fire with its old start.
STALE_WITHIN = 600.0  # seconds
# Alertmanager repeats firing alerts; with our example configuration at least once a day. An alert of another
# group that was not repeated for longer is missing: after an edit of the route tree, that group may never
# deliver again.
LONGEST_REPEAT = 25 * 3_600.0  # seconds
_UNREAD_WITHIN = 3_600.0  # seconds in which a thread's unreadable alerts are paged once


class Decision(msgspec.Struct, frozen=True):
    """What to do about a delivery: which page to send, if any, and what to remember."""

    page: Page | None
    records: tuple[AlertRecord, ...]  # to be saved on disk
    touched: tuple[AlertRecord, ...] = ()  # to be kept in memory only: their alerts were just seen again
    forgotten: tuple[str, ...] = ()  # fingerprints of records to delete


def deduplicate(
    webhook: Webhook,
    known: Mapping[str, AlertRecord],
    open_alerts: Iterable[str],
    now: float,
    wall: float,
) -> Decision:
    """Return what is new in a delivery, as a page, and what to remember of it.

    `known` has the records of alerts by fingerprint, `open_alerts` the fingerprints of the thread's alerts
    without a known end; `now` is on the pager's clock. An alert that looks stale is a doubt if Alertmanager
    can be queried.
    """
    items, stale, records = _classify_all(webhook, known, now)
    open_before = [known[each] for each in open_alerts if each in known]
    others = [each for each in open_before if each.fingerprint not in records]
    doubts = (*_doubts(webhook, others, now), *stale)
    missing = _newly_missing(doubts, known)
    unread = _record_unread(webhook, known, now, wall)
    saved, touched = _split_records(records.values(), known)
    saved += [*missing, *unread]
    if not (items or missing or unread or stale):
        return Decision(None, tuple(saved), tuple(touched))
    lost = [each for each in others if each.presence is Presence.LOST]
    # A new incident begins without the lost alerts of the last one.
    forgotten, left = (lost, []) if _is_new_incident(items, open_before) else ([], lost)
    page = Page(
        webhook.thread,
        tuple(items),
        webhook.truncated,
        _count_still_firing(webhook, records, others, {item.alert.fingerprint for item in items}),
        wall,
        webhook.group,
        doubts,
        webhook.unread,
        len(left),
        min((each.seen_at for each in left), default=0.0),
        is_partial=webhook.is_partial,
    )
    return Decision(page, tuple(saved), tuple(touched), tuple(each.fingerprint for each in forgotten))


def _newly_missing(doubts: Iterable[Doubt], known: Mapping[str, AlertRecord]) -> list[AlertRecord]:
    """Return the records of the alerts that were listed until now and are missing from this delivery."""
    records = (known[doubt.alert.fingerprint] for doubt in doubts if doubt.is_missing)
    return [
        msgspec.structs.replace(record, presence=Presence.MISSING)
        for record in records
        if record.is_known_to_fire
    ]


def _split_records(
    records: Iterable[AlertRecord], known: Mapping[str, AlertRecord]
) -> tuple[list[AlertRecord], list[AlertRecord]]:
    """Return the records to save on disk, and those to keep in memory only."""
    saved, touched = list[AlertRecord](), list[AlertRecord]()
    for record in records:
        (saved if _must_be_saved(record, known.get(record.fingerprint)) else touched).append(record)
    return saved, touched


def _classify_all(
    webhook: Webhook, known: Mapping[str, AlertRecord], now: float
) -> tuple[list[Item], list[Doubt], dict[str, AlertRecord]]:
    """Return the alerts that are new, those that look stale, and the records of all, by fingerprint."""
    items, stale = list[Item](), list[Doubt]()
    records: dict[str, AlertRecord] = {}
    for alert in webhook.alerts:
        before = records.get(alert.fingerprint) or known.get(alert.fingerprint)
        kind = classify(alert, before, now)
        record = _new_record(webhook, alert, before, kind, now)
        if kind is not None:
            items.append(Item(_with_earliest_start(alert, record), kind))
        elif webhook.can_query and alert.fires and before is not None and before.ends_at is not None:
            stale.append(Doubt(alert, before.seen_at, is_missing=False, is_stale=True))
        if record is not None:
            records[alert.fingerprint] = record
    return items, stale, records


def classify(alert: Alert, before: AlertRecord | None, now: float) -> ItemKind | None:
    """Return what a page says of an alert; None for a duplicate or a stale delivery."""
    if before is None or (before.ends_at is None and before.presence is Presence.LOST):
        return ItemKind.FIRED if alert.fires else ItemKind.RESOLVED
    # After the clock of a restarted process was set back, an age may be negative.
    age = abs(now - before.notified_at)
    if before.ends_at is None:
        if alert.ends_at is not None:
            return None if alert.ends_at < max(before.latest_at, before.starts_at) else ItemKind.RESOLVED
        # A later start is the same incident: of a pair of Prometheus each has its own.
        return None if age < DUPLICATE_WITHIN else ItemKind.REMINDED
    if alert.fires:
        is_stale = alert.starts_at <= before.ends_at and age < STALE_WITHIN
        return None if is_stale else ItemKind.FIRED
    return ItemKind.RESOLVED if alert.starts_at > before.ends_at else None


def start_after(before: AlertRecord | None, start: float) -> float:
    """Return a start for an alert of our own, after its last end even if the clock was set back since."""
    return start if before is None or before.ends_at is None else max(start, before.ends_at + 0.001)


# --- what is remembered --------------------------------------------------------------------------


def _new_record(
    webhook: Webhook, alert: Alert, before: AlertRecord | None, kind: ItemKind | None, now: float
) -> AlertRecord | None:
    """Return the record of an alert after a delivery; None: the record does not change."""
    if kind is None and (before is None or before.ends_at is not None or not alert.fires):
        return None
    goes_on = before is not None and before.ends_at is None and before.presence is not Presence.LOST
    starts_at = min(alert.starts_at, before.starts_at) if before and goes_on else alert.starts_at
    latest_at = max(alert.starts_at, before.latest_at) if before and goes_on else alert.starts_at
    return AlertRecord(
        alert.fingerprint,
        webhook.thread,
        starts_at,
        alert.ends_at,
        now if kind is not None or before is None else before.notified_at,
        latest_at,
        now,
        webhook.group.key if webhook.group else "",
        Presence.LISTED,
        encode_labels(alert) if before is None or before.labels == NO_LABELS else before.labels,
    )


def _with_earliest_start(alert: Alert, record: AlertRecord | None) -> Alert:
    """Return an alert with the earliest start of its incident."""
    if record is None or record.starts_at == alert.starts_at:
        return alert
    return msgspec.structs.replace(alert, starts_at=record.starts_at)


def _must_be_saved(record: AlertRecord, before: AlertRecord | None) -> bool:
    """Return whether more changed than when an alert was seen, and through which route."""
    seen = {
        "seen_at": record.seen_at,
        "group": record.group,
        "thread": record.thread,
        "labels": record.labels,
    }
    return before is None or msgspec.structs.replace(before, **seen) != record


def _is_new_incident(items: Iterable[Item], before: Iterable[AlertRecord]) -> bool:
    """Return whether an incident begins: an alert fires, and none of the thread was known to."""
    fires = any(item.kind is ItemKind.FIRED for item in items)
    return fires and all(each.presence is Presence.LOST for each in before)


def _record_unread(
    webhook: Webhook, known: Mapping[str, AlertRecord], now: float, wall: float
) -> list[AlertRecord]:
    """Return a record that people are notified of unreadable alerts; empty if they were lately."""
    if not webhook.unread:
        return []
    fingerprint = f"waexporter:unread:{webhook.thread}"
    before = known.get(fingerprint)
    if before is not None and abs(now - before.notified_at) < _UNREAD_WITHIN:
        return []
    return [AlertRecord(fingerprint, webhook.thread, wall, wall, now, wall, now)]


# --- alerts that a delivery leaves out ------------------------------------------------------------------


def _doubts(webhook: Webhook, others: Iterable[AlertRecord], now: float) -> Iterable[Doubt]:
    """Yield the alerts that fired as far as is known, and that a delivery does not list.

    Alerts that an earlier delivery lacked are included until people were notified of that, because both pages
    may be sent in one message.
    """
    group = webhook.group
    if group is None:
        return  # alerts of our own do not come as a list
    listed = {alert.fingerprint for alert in webhook.alerts}
    for record in others:
        if record.presence is Presence.LOST:
            continue
        is_of_group = bool(group.key) and record.group == group.key
        if is_of_group and webhook.truncated:
            continue  # it is counted among the truncated alerts
        is_left_out = webhook.is_whole and record.fingerprint not in listed
        is_missing = record.presence is Presence.MISSING or (
            is_left_out and (is_of_group or now - record.seen_at > LONGEST_REPEAT)
        )
        alert = Alert(record.fingerprint, record.starts_at, None, identifying_labels(record))
        yield Doubt(alert, record.seen_at, is_missing)


def _count_still_firing(
    webhook: Webhook, records: Mapping[str, AlertRecord], others: Iterable[AlertRecord], in_page: set[str]
) -> int:
    """Count the firing alerts that are not in the page."""
    here = sum(each.ends_at is None for name, each in records.items() if name not in in_page)
    ours = sum(each.is_known_to_fire for each in others) if webhook.group is None else 0
    return here + ours
