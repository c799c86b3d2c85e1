"""Deduplication: which alerts of a delivery are news, and what to remember of them; pure.

Alertmanager delivers at least once: a pair of them delivers twice, a restarted one again, and long after.
None of its own names for a group is an identity (the key changes with the route tree, the address with the
replica), so an occurrence is an alert's fingerprint and the time it started.

A whole delivery lists every alert of its group. An alert that fired through the same group and is missing
from it is silenced, inhibited or over: it is a doubt, which is settled when the page is sent (see
`reconciliation.missing_alerts`). Only for that is the group of each alert remembered; an alert that another
route delivers is no doubt of this delivery.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

import msgspec

from waexporter.paging.model import Alert, Doubt, Item, ItemKind, Page, Webhook

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

DUPLICATE_WITHIN = 120.0  # seconds after people were told, in which the same alert is a duplicate
# How long after an alert ended, as far as is known, an older start counts as a stale delivery. It does not
# for ever: where Prometheus was cut off from Alertmanager, an alert may go on with the start that it had.
STALE_WITHIN = 600.0
# Alertmanager repeats firing alerts, at the latest once a day by our example. An alert that another group has
# not repeated for longer is missing: after an edit of the route tree, that group may never deliver again.
LONGEST_REPEAT = 25 * 3_600.0  # seconds
_UNREAD_WITHIN = 3_600.0  # seconds in which a thread's unreadable alerts are paged once
NO_LABELS: Final = b"{}"
_IDENTIFYING: Final = ("alertname", "severity", "target", "node", "instance")  # labels that are remembered


class Presence(StrEnum):
    """Whether an alert without a known end was in the last delivery of its group."""

    LISTED = "heard"  # it was in it
    MISSING = "missed"  # it was not in it; why, is not known yet
    LOST = "lost"  # it was not in it, and people were told so; until its incident is over, nothing is clear


class AlertRecord(msgspec.Struct, frozen=True, gc=False):
    """What is remembered of an alert; `notified_at` and `seen_at` are on the pager's clock."""

    fingerprint: str
    thread: str
    starts_at: float  # wall clock, the earliest start that was delivered
    ends_at: float | None  # wall clock; None: no end is known
    notified_at: float
    latest_at: float = 0.0  # wall clock, the latest start that was delivered
    seen_at: float = 0.0
    group: str = ""  # key of the group that it was last delivered in
    presence: Presence = Presence.LISTED
    labels: bytes = NO_LABELS  # those that people know it by, as JSON

    @property
    def is_known_to_fire(self) -> bool:
        """Whether it fired when it was last delivered, and nothing else is known."""
        return self.ends_at is None and self.presence is Presence.LISTED


class Decision(msgspec.Struct, frozen=True):
    """What to do about a delivery: send a page or none, and what to remember."""

    page: Page | None
    records: tuple[AlertRecord, ...]  # to be saved on disk
    touched: tuple[AlertRecord, ...] = ()  # only seen again: after a restart, what is on disk will do
    forgotten: tuple[str, ...] = ()  # fingerprints of records to delete


LABELS = msgspec.json.Decoder(dict[str, str])


def deduplicate(
    webhook: Webhook,
    known: Mapping[str, AlertRecord],
    open_: Iterable[str],
    now: float,
    wall: float,
) -> Decision:
    """Return what is new in a delivery, as a page, and what to remember of it.

    `known` has the records of alerts by fingerprint, `open_` the fingerprints of the thread's alerts without
    a known end; `now` is on the pager's clock. An alert that looks stale is a doubt where Alertmanager can be
    queried.
    """
    items, stale, records = _classify_all(webhook, known, now)
    open_before = [known[each] for each in open_ if each in known]
    others = [each for each in open_before if each.fingerprint not in records]
    is_new = _is_new_incident(items, open_before)
    lost = [each for each in others if each.presence is Presence.LOST]
    doubts = (*_doubts(webhook, others, now), *stale)
    missing = [
        msgspec.structs.replace(known[doubt.alert.fingerprint], presence=Presence.MISSING)
        for doubt in doubts
        if doubt.is_missing and known[doubt.alert.fingerprint].is_known_to_fire
    ]
    unread = _record_unread(webhook, known, now, wall)
    saved, touched = list[AlertRecord](), list[AlertRecord]()
    for record in records.values():
        (saved if _must_be_saved(record, known.get(record.fingerprint)) else touched).append(record)
    saved += [*missing, *unread]
    if not (items or missing or unread or stale):
        return Decision(None, tuple(saved), tuple(touched))
    forgotten, left = (lost, []) if is_new else ([], lost)
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


def identifying_labels(record: AlertRecord) -> dict[str, str]:
    """Return the labels that people know an alert by, as far as they are remembered."""
    return LABELS.decode(record.labels)


# --- what is remembered --------------------------------------------------------------------------


def _new_record(
    webhook: Webhook, alert: Alert, before: AlertRecord | None, kind: ItemKind | None, now: float
) -> AlertRecord | None:
    """Return the record of an alert after a delivery; None: the record stays as it was."""
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
        _encode_labels(alert) if before is None or before.labels == NO_LABELS else before.labels,
    )


def _encode_labels(alert: Alert) -> bytes:
    return msgspec.json.encode({name: alert.labels[name] for name in _IDENTIFYING if name in alert.labels})


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
    """Return the record that people are told of unreadable alerts; none if they were told lately."""
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

    Alerts missing from an earlier delivery are among them until people are told: both may go out as one.
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
