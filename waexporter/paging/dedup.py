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

DUPLICATE_WITHIN = 120.0  # seconds after it was told, in which the same news is no news
# How long after an alert ended (as we heard) an older start is taken for a stale delivery. It is not for
# ever: where Prometheus was cut off from Alertmanager, an alert may go on with the start that it had.
STALE_WITHIN = 600.0
# Alertmanager repeats what fires, at the latest once a day by our example. What another group has not said
# again for longer is heard of no more: after an edit of the route tree, it may deliver nothing ever again.
LONGEST_REPEAT = 25 * 3_600.0  # seconds
_UNREAD_WITHIN = 3_600.0  # seconds in which an unreadable alert of one thread is said once
NO_LABELS: Final = b"{}"
_KNOWN_BY: Final = ("alertname", "severity", "target", "node", "instance")  # labels that are remembered


class Presence(StrEnum):
    """How an alert without an end stands."""

    LISTED = "heard"  # it was among those of its group
    MISSING = "missed"  # its group left it out, which is still to be settled
    LOST = "lost"  # people were told so; until its incident is over, nothing is clear


class AlertRecord(msgspec.Struct, frozen=True, gc=False):
    """What is remembered of an alert; `notified_at` and `seen_at` are on the pager's clock."""

    fingerprint: str
    thread: str
    starts_at: float  # wall clock, the earliest that was said
    ends_at: float | None  # wall clock; None: no end is known
    notified_at: float
    latest_at: float = 0.0  # wall clock, the latest start that was said
    seen_at: float = 0.0
    group: str = ""  # it was last heard through
    presence: Presence = Presence.LISTED
    labels: bytes = NO_LABELS  # those that people know it by, as JSON

    @property
    def is_known_to_fire(self) -> bool:
        """Whether it was heard to fire, and nothing else since."""
        return self.ends_at is None and self.presence is Presence.LISTED


class Decision(msgspec.Struct, frozen=True):
    """What a delivery comes to: a page or none, and what to remember of it."""

    page: Page | None
    records: tuple[AlertRecord, ...]  # worth a place on disk
    touched: tuple[
        AlertRecord, ...
    ] = ()  # heard again, and nothing else: what is in the file will do after a restart
    forgotten: tuple[str, ...] = ()


LABELS = msgspec.json.Decoder(dict[str, str])


def deduplicate(
    webhook: Webhook,
    known: Mapping[str, AlertRecord],
    open_: Iterable[str],
    now: float,
    wall: float,
) -> Decision:
    """Decide what a delivery says that is new.

    `known` has the record of alerts by fingerprint, `open_` the fingerprints of the thread's alerts of which
    no end is known; `now` is on the pager's clock. What looks stale is a doubt where somebody can be asked.
    """
    items, stale = list[Item](), list[Doubt]()
    records: dict[str, AlertRecord] = {}
    for alert in webhook.alerts:
        before = records.get(alert.fingerprint) or known.get(alert.fingerprint)
        kind = classify(alert, before, now)
        record = _new_record(webhook, alert, before, kind, now)
        if kind is not None:
            items.append(Item(_with_earliest_start(alert, record), kind))
        elif webhook.can_ask and alert.fires and before is not None and before.ends_at is not None:
            stale.append(Doubt(alert, before.seen_at, is_missing=False, is_stale=True))
        if record is not None:
            records[alert.fingerprint] = record
    before_it = [known[each] for each in open_ if each in known]
    others = [each for each in before_it if each.fingerprint not in records]
    lost = [each for each in others if each.presence is Presence.LOST]
    is_new = _is_new_incident(items, before_it)
    forgotten = tuple(each.fingerprint for each in lost) if is_new else ()
    doubts = (*_doubts(webhook, others, now), *stale)
    missed = [
        msgspec.structs.replace(known[doubt.alert.fingerprint], presence=Presence.MISSING)
        for doubt in doubts
        if doubt.is_missing and known[doubt.alert.fingerprint].is_known_to_fire
    ]
    unread = _unread(webhook, known, now, wall)
    kept, touched = list[AlertRecord](), list[AlertRecord]()
    for record in records.values():
        is_kept = _must_be_saved(record, known.get(record.fingerprint))
        (kept if is_kept else touched).append(record)
    kept += [*missed, *unread]
    if not (items or missed or unread or stale):
        return Decision(None, tuple(kept), tuple(touched))
    told = {item.alert.fingerprint for item in items}
    left = [] if is_new else lost
    page = Page(
        webhook.thread,
        tuple(items),
        webhook.truncated,
        _count_still_firing(webhook, records, others, told),
        wall,
        webhook.group,
        doubts,
        webhook.unread,
        len(left),
        min((each.seen_at for each in left), default=0.0),
        is_partial=webhook.is_partial,
    )
    return Decision(page, tuple(kept), tuple(touched), forgotten)


def classify(alert: Alert, before: AlertRecord | None, now: float) -> ItemKind | None:
    """Say what is to be told of an alert; None: nothing, for it is a duplicate or a stale delivery."""
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
    """Give an alert of our own a start after its last end, even where the clock was set back in between."""
    return start if before is None or before.ends_at is None else max(start, before.ends_at + 0.001)


def identifying_labels(record: AlertRecord) -> dict[str, str]:
    """Return the labels that people know an alert by, as far as they are remembered."""
    return LABELS.decode(record.labels)


# --- what is remembered --------------------------------------------------------------------------


def _new_record(
    webhook: Webhook, alert: Alert, before: AlertRecord | None, kind: ItemKind | None, now: float
) -> AlertRecord | None:
    """Return what to remember of an alert after a delivery; None: what was known stays as it was."""
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
    return msgspec.json.encode({name: alert.labels[name] for name in _KNOWN_BY if name in alert.labels})


def _with_earliest_start(alert: Alert, record: AlertRecord | None) -> Alert:
    """Return an alert with the earliest start that was said of its incident."""
    if record is None or record.starts_at == alert.starts_at:
        return alert
    return msgspec.structs.replace(alert, starts_at=record.starts_at)


def _must_be_saved(record: AlertRecord, before: AlertRecord | None) -> bool:
    """Return whether more changed than when an alert was heard, and through which route."""
    heard = {
        "seen_at": record.seen_at,
        "group": record.group,
        "thread": record.thread,
        "labels": record.labels,
    }
    return before is None or msgspec.structs.replace(before, **heard) != record


def _is_new_incident(items: Iterable[Item], before: Iterable[AlertRecord]) -> bool:
    """Return whether an incident begins: something fires, and nothing of the thread was known to."""
    fires = any(item.kind is ItemKind.FIRED for item in items)
    return fires and all(each.presence is Presence.LOST for each in before)


def _unread(webhook: Webhook, known: Mapping[str, AlertRecord], now: float, wall: float) -> list[AlertRecord]:
    """Remember that people are told of alerts that could not be read; nothing while they know of them."""
    if not webhook.unread:
        return []
    fingerprint = f"waexporter:unread:{webhook.thread}"
    before = known.get(fingerprint)
    if before is not None and abs(now - before.notified_at) < _UNREAD_WITHIN:
        return []
    return [AlertRecord(fingerprint, webhook.thread, wall, wall, now, wall, now)]


# --- what a delivery leaves out ------------------------------------------------------------------


def _doubts(webhook: Webhook, others: Iterable[AlertRecord], now: float) -> Iterable[Doubt]:
    """Yield the alerts that fired as far as is known, and of which a delivery says nothing.

    What an earlier delivery left out is among them until people are told: both pages may be read as one.
    """
    group = webhook.group
    if group is None:
        return  # news of our own are no list
    listed = {alert.fingerprint for alert in webhook.alerts}
    for record in others:
        if record.presence is Presence.LOST:
            continue
        is_of_group = bool(group.key) and record.group == group.key
        if is_of_group and webhook.truncated:
            continue  # counted among those left out
        is_left_out = webhook.is_whole and record.fingerprint not in listed
        is_missing = record.presence is Presence.MISSING or (
            is_left_out and (is_of_group or now - record.seen_at > LONGEST_REPEAT)
        )
        alert = Alert(record.fingerprint, record.starts_at, None, identifying_labels(record))
        yield Doubt(alert, record.seen_at, is_missing)


def _count_still_firing(
    webhook: Webhook, records: Mapping[str, AlertRecord], others: Iterable[AlertRecord], told: set[str]
) -> int:
    """Count what is said to fire, and is not told in the page: nothing else is known to."""
    here = sum(each.ends_at is None for name, each in records.items() if name not in told)
    ours = sum(each.is_known_to_fire for each in others) if webhook.group is None else 0
    return here + ours
