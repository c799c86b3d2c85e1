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


class Standing(StrEnum):
    """How an alert without an end stands."""

    HEARD = "heard"  # it was among those of its group
    MISSED = "missed"  # its group left it out, which is still to be settled
    LOST = "lost"  # people were told so; until its incident is over, nothing is clear


class Memory(msgspec.Struct, frozen=True, gc=False):
    """What is remembered of an alert; `told_at` and `heard_at` are on the pager's clock."""

    fingerprint: str
    thread: str
    starts_at: float  # wall clock, the earliest that was said
    ends_at: float | None  # wall clock; None: no end is known
    told_at: float
    latest_at: float = 0.0  # wall clock, the latest start that was said
    heard_at: float = 0.0
    group: str = ""  # it was last heard through
    standing: Standing = Standing.HEARD
    labels: bytes = NO_LABELS  # those that people know it by, as JSON

    @property
    def is_known_to_fire(self) -> bool:
        """Whether it was heard to fire, and nothing else since."""
        return self.ends_at is None and self.standing is Standing.HEARD


class Decision(msgspec.Struct, frozen=True):
    """What a delivery comes to: a page or none, and what to remember of it."""

    page: Page | None
    memories: tuple[Memory, ...]  # worth a place on disk
    touched: tuple[
        Memory, ...
    ] = ()  # heard again, and nothing else: what is in the file will do after a restart
    forgotten: tuple[str, ...] = ()


LABELS = msgspec.json.Decoder(dict[str, str])


def decide(
    webhook: Webhook,
    known: Mapping[str, Memory],
    open_: Iterable[str],
    now: float,
    wall: float,
) -> Decision:
    """Decide what a delivery says that is new.

    `known` has the memory of alerts by fingerprint, `open_` the fingerprints of the thread's alerts of which
    no end is known; `now` is on the pager's clock. What looks stale is a doubt where somebody can be asked.
    """
    items, stale = list[Item](), list[Doubt]()
    memories: dict[str, Memory] = {}
    for alert in webhook.alerts:
        before = memories.get(alert.fingerprint) or known.get(alert.fingerprint)
        kind = tell(alert, before, now)
        memory = _remember(webhook, alert, before, kind, now)
        if kind is not None:
            items.append(Item(_as_remembered(alert, memory), kind))
        elif webhook.can_ask and alert.fires and before is not None and before.ends_at is not None:
            stale.append(Doubt(alert, before.heard_at, is_missing=False, is_stale=True))
        if memory is not None:
            memories[alert.fingerprint] = memory
    before_it = [known[each] for each in open_ if each in known]
    others = [each for each in before_it if each.fingerprint not in memories]
    lost = [each for each in others if each.standing is Standing.LOST]
    is_new = _begins(items, before_it)
    forgotten = tuple(each.fingerprint for each in lost) if is_new else ()
    doubts = (*_doubts(webhook, others, now), *stale)
    missed = [
        msgspec.structs.replace(known[doubt.alert.fingerprint], standing=Standing.MISSED)
        for doubt in doubts
        if doubt.is_missing and known[doubt.alert.fingerprint].is_known_to_fire
    ]
    unread = _unread(webhook, known, now, wall)
    kept, touched = list[Memory](), list[Memory]()
    for memory in memories.values():
        is_kept = _is_worth_writing(memory, known.get(memory.fingerprint))
        (kept if is_kept else touched).append(memory)
    kept += [*missed, *unread]
    if not (items or missed or unread or stale):
        return Decision(None, tuple(kept), tuple(touched))
    told = {item.alert.fingerprint for item in items}
    left = [] if is_new else lost
    page = Page(
        webhook.thread,
        tuple(items),
        webhook.truncated,
        _count_still_firing(webhook, memories, others, told),
        wall,
        webhook.group,
        doubts,
        webhook.unread,
        len(left),
        min((each.heard_at for each in left), default=0.0),
        is_partial=webhook.is_partial,
    )
    return Decision(page, tuple(kept), tuple(touched), forgotten)


def tell(alert: Alert, before: Memory | None, now: float) -> ItemKind | None:
    """Say what is to be told of an alert; None: nothing, for it is a duplicate or a stale delivery."""
    if before is None or (before.ends_at is None and before.standing is Standing.LOST):
        return ItemKind.FIRED if alert.fires else ItemKind.RESOLVED
    # After the clock of a restarted process was set back, an age may be negative.
    age = abs(now - before.told_at)
    if before.ends_at is None:
        if alert.ends_at is not None:
            return None if alert.ends_at < max(before.latest_at, before.starts_at) else ItemKind.RESOLVED
        # A later start is the same incident: of a pair of Prometheus each has its own.
        return None if age < DUPLICATE_WITHIN else ItemKind.REMINDED
    if alert.fires:
        is_stale = alert.starts_at <= before.ends_at and age < STALE_WITHIN
        return None if is_stale else ItemKind.FIRED
    return ItemKind.RESOLVED if alert.starts_at > before.ends_at else None


def start_after(before: Memory | None, start: float) -> float:
    """Give an alert of our own a start after its last end, even where the clock was set back in between."""
    return start if before is None or before.ends_at is None else max(start, before.ends_at + 0.001)


def known_by(memory: Memory) -> dict[str, str]:
    """Return the labels that people know an alert by, as far as they are remembered."""
    return LABELS.decode(memory.labels)


# --- what is remembered --------------------------------------------------------------------------


def _remember(
    webhook: Webhook, alert: Alert, before: Memory | None, kind: ItemKind | None, now: float
) -> Memory | None:
    """Return what to remember of an alert after a delivery; None: what was known stays as it was."""
    if kind is None and (before is None or before.ends_at is not None or not alert.fires):
        return None
    goes_on = before is not None and before.ends_at is None and before.standing is not Standing.LOST
    starts_at = min(alert.starts_at, before.starts_at) if before and goes_on else alert.starts_at
    latest_at = max(alert.starts_at, before.latest_at) if before and goes_on else alert.starts_at
    return Memory(
        alert.fingerprint,
        webhook.thread,
        starts_at,
        alert.ends_at,
        now if kind is not None or before is None else before.told_at,
        latest_at,
        now,
        webhook.group.key if webhook.group else "",
        Standing.HEARD,
        _known_by(alert) if before is None or before.labels == NO_LABELS else before.labels,
    )


def _known_by(alert: Alert) -> bytes:
    return msgspec.json.encode({name: alert.labels[name] for name in _KNOWN_BY if name in alert.labels})


def _as_remembered(alert: Alert, memory: Memory | None) -> Alert:
    """Return an alert with the earliest start that was said of its incident."""
    if memory is None or memory.starts_at == alert.starts_at:
        return alert
    return msgspec.structs.replace(alert, starts_at=memory.starts_at)


def _is_worth_writing(memory: Memory, before: Memory | None) -> bool:
    """Return whether more changed than when an alert was heard, and through which route."""
    heard = {
        "heard_at": memory.heard_at,
        "group": memory.group,
        "thread": memory.thread,
        "labels": memory.labels,
    }
    return before is None or msgspec.structs.replace(before, **heard) != memory


def _begins(items: Iterable[Item], before: Iterable[Memory]) -> bool:
    """Return whether an incident begins: something fires, and nothing of the thread was known to."""
    fires = any(item.kind is ItemKind.FIRED for item in items)
    return fires and all(each.standing is Standing.LOST for each in before)


def _unread(webhook: Webhook, known: Mapping[str, Memory], now: float, wall: float) -> list[Memory]:
    """Remember that people are told of alerts that could not be read; nothing while they know of them."""
    if not webhook.unread:
        return []
    fingerprint = f"waexporter:unread:{webhook.thread}"
    before = known.get(fingerprint)
    if before is not None and abs(now - before.told_at) < _UNREAD_WITHIN:
        return []
    return [Memory(fingerprint, webhook.thread, wall, wall, now, wall, now)]


# --- what a delivery leaves out ------------------------------------------------------------------


def _doubts(webhook: Webhook, others: Iterable[Memory], now: float) -> Iterable[Doubt]:
    """Yield the alerts that fired as far as is known, and of which a delivery says nothing.

    What an earlier delivery left out is among them until people are told: both pages may be read as one.
    """
    group = webhook.group
    if group is None:
        return  # news of our own are no list
    listed = {alert.fingerprint for alert in webhook.alerts}
    for memory in others:
        if memory.standing is Standing.LOST:
            continue
        is_of_group = bool(group.key) and memory.group == group.key
        if is_of_group and webhook.truncated:
            continue  # counted among those left out
        is_left_out = webhook.is_whole and memory.fingerprint not in listed
        is_missing = memory.standing is Standing.MISSED or (
            is_left_out and (is_of_group or now - memory.heard_at > LONGEST_REPEAT)
        )
        alert = Alert(memory.fingerprint, memory.starts_at, None, known_by(memory))
        yield Doubt(alert, memory.heard_at, is_missing)


def _count_still_firing(
    webhook: Webhook, memories: Mapping[str, Memory], others: Iterable[Memory], told: set[str]
) -> int:
    """Count what is said to fire, and is not told in the page: nothing else is known to."""
    here = sum(each.ends_at is None for name, each in memories.items() if name not in told)
    ours = sum(each.is_known_to_fire for each in others) if webhook.group is None else 0
    return here + ours
