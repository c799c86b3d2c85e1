"""What a delivery of alerts means beside what was told before; pure.

Alertmanager delivers at least once: a pair of them twice, a restarted one again, and long after. None of its
own names for a group is an identity (the key changes with the route tree, the address with the replica), so
an occurrence is an alert's fingerprint and the time it started.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from waexporter.paging.alerts import Alert, Item, Kind, Page, Webhook

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

DUPLICATE_WITHIN = 120.0  # seconds after it was told, in which the same news is no news
# How long after an alert ended (as we heard) an older start is taken for a stale delivery. It is not for
# ever: where Prometheus was cut off from Alertmanager, an alert may go on with the start that it had.
STALE_WITHIN = 600.0


class Memory(msgspec.Struct, frozen=True, gc=False):
    """What is remembered of an alert; `told_at` is on the pager's clock, the others on the wall clock."""

    fingerprint: str
    thread: str
    starts_at: float
    ends_at: float | None  # None while it fires
    told_at: float


class Decision(msgspec.Struct, frozen=True):
    """What a delivery comes to: a page or none, and what to remember."""

    page: Page | None
    memories: tuple[Memory, ...]


def decide(
    webhook: Webhook,
    known: Mapping[str, Memory],
    firing: Iterable[str],
    now: float,
    wall: float,
) -> Decision:
    """Decide what a delivery says that is new.

    `known` has the memory of alerts by fingerprint, `firing` the fingerprints of the thread's alerts that
    fire as far as is known; `now` is on the pager's clock.
    """
    items: list[Item] = []
    memories: dict[str, Memory] = {}
    still_firing = set(firing)
    for alert in webhook.alerts:
        before = memories.get(alert.fingerprint) or known.get(alert.fingerprint)
        kind = tell(alert, before, now)
        if kind is not None:
            items.append(Item(alert, kind))
            memories[alert.fingerprint] = Memory(
                alert.fingerprint, webhook.thread, _start(alert, before), alert.ends_at, now
            )
    if not items:
        return Decision(None, ())
    still_firing -= memories.keys()
    page = Page(webhook.thread, tuple(items), webhook.truncated, len(still_firing), wall)
    return Decision(page, tuple(memories.values()))


def tell(alert: Alert, before: Memory | None, now: float) -> Kind | None:
    """Say what is to be told of an alert; None: nothing, for it is a duplicate or a stale delivery."""
    if before is None:
        return Kind.FIRED if alert.fires else Kind.RESOLVED
    # After the clock of a restarted process was set back, an age may be negative.
    age = abs(now - before.told_at)
    if before.ends_at is None:
        return _tell_of_firing(alert, before, age)
    if alert.fires:
        is_stale = alert.starts_at <= before.ends_at and age < STALE_WITHIN
        return None if is_stale else Kind.FIRED
    return Kind.RESOLVED if alert.starts_at > before.ends_at else None


def start_after(before: Memory | None, wall: float) -> float:
    """Give an alert of our own a start after its last end, even where the clock was set back in between."""
    return wall if before is None or before.ends_at is None else max(wall, before.ends_at + 0.001)


def _start(alert: Alert, before: Memory | None) -> float:
    """Give the start to remember: the latest, since of a pair of Alertmanagers one may lag behind."""
    if alert.fires and before is not None and before.ends_at is None:
        return max(alert.starts_at, before.starts_at)
    return alert.starts_at


def _tell_of_firing(alert: Alert, before: Memory, age: float) -> Kind | None:
    """Say what is to be told of an alert that fired when it was last heard of."""
    if alert.ends_at is not None:
        return None if alert.ends_at < before.starts_at else Kind.RESOLVED
    if alert.starts_at > before.starts_at:
        return Kind.FIRED
    return None if age < DUPLICATE_WITHIN else Kind.REMINDED
