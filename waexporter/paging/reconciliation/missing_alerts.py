"""What a page says about the alerts that were missing from its delivery; pure.

Alertmanager is queried just before the page is sent, and knows whether such an alert still fires, is silenced
or inhibited, or is gone. If it can't be queried, or was started too recently to have every alert again, the
page only says that the alert is not heard of any more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec

from waexporter.paging.alert_record import Presence
from waexporter.paging.model import Doubt, Item, ItemKind, Page

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from waexporter.paging.alert_record import AlertRecord
    from waexporter.paging.model import AlertGroup

# A page without a firing alert is sent this long after its alerts were last seen: one of a pair of
# Alertmanagers may lag behind, and the other delivers up to 15 s later (cluster.peer-timeout).
GRACE = 20.0  # seconds
# Prometheus sends every alert to Alertmanager again about once a minute (rules.alert.resend-delay), so an
# Alertmanager that has run for longer has every alert.
_COMPLETE_AFTER = 300.0  # seconds
ROUNDING = 1.0  # seconds: the dates of HTTP have no fractions


class GroupReply(NamedTuple):
    """The alerts that Alertmanager has of a group."""

    kinds: Mapping[str, ItemKind]  # by fingerprint: FIRED, SILENCED or INHIBITED
    age: float | None = None  # seconds since Alertmanager's start, by its own clock; None: unknown
    at: float = 0.0  # when the reply was received, on the pager's clock
    unread: int = 0  # alerts whose fingerprint can't be read; any alert may be one of them
    has_seen_group: bool = True  # an earlier reply had alerts of the group; if none had, it may be another's

    def would_have(self, seen_at: float) -> bool:
        """Return whether the reply would list an alert that was last seen at `seen_at` and is not over.

        Only durations are compared, because Alertmanager's clock and ours may differ.
        """
        if self.age is None or self.unread or not self.has_seen_group:
            return False
        return self.age >= _COMPLETE_AFTER or 0 <= self.at - seen_at <= self.age - ROUNDING


def needs_query(page: Page) -> bool:
    """Return whether Alertmanager must be queried before a page is sent."""
    return may_be_known(page.group) and bool(page.doubts or page.lost or page.is_all_clear)


def may_be_known(group: AlertGroup | None) -> bool:
    """Return whether Alertmanager may have alerts of a group."""
    return group is not None and bool(group.key) and group.is_of_alertmanager


def grace_left(page: Page, now: float) -> float:
    """Return how many more seconds a page waits for another replica; `now` is on the pager's clock."""
    seen = [doubt.seen_at for doubt in page.doubts if doubt.is_missing]
    if not seen or any(item.kind.fires for item in page.items):
        return 0.0
    return min(max(max(seen) + GRACE - now, 0.0), GRACE)


def reconcile(page: Page, reply: GroupReply | None, fires_since: Callable[[Doubt], bool | None]) -> Page:
    """Return a page as it is sent: without doubts.

    `fires_since` returns True for a doubtful alert that was seen firing after the page was received, False
    for one that ended after that, and None for neither.
    """
    since = [(doubt, fires_since(doubt)) for doubt in page.doubts]
    doubts = [doubt for doubt, fires in since if fires is None and not doubt.is_stale]
    page = _with_later_deliveries(page, since, reply)
    return _without_reply(page, doubts) if reply is None else _with_reply(page, doubts, reply)


def _with_later_deliveries(
    page: Page, since: Sequence[tuple[Doubt, bool | None]], reply: GroupReply | None
) -> Page:
    """Return a page with the doubtful alerts that are known to fire: stale ones as items, others counted."""
    again = sum(fires is True and not doubt.is_stale for doubt, fires in since)
    goes_on = (
        Item(doubt.alert, ItemKind.FIRED) for doubt, fires in since if _goes_on(doubt, reply, fires=fires)
    )
    return msgspec.structs.replace(
        page, items=(*page.items, *goes_on), still_firing=page.still_firing + again
    )


def _without_reply(page: Page, doubts: Sequence[Doubt]) -> Page:
    """Return a page that reports its doubtful alerts as not heard of any more."""
    missing = tuple(Item(doubt.alert, ItemKind.UNHEARD) for doubt in doubts if doubt.is_missing)
    unsure = sum(not doubt.is_missing for doubt in doubts)
    return msgspec.structs.replace(page, items=(*page.items, *missing), doubts=(), unsure=unsure)


def _with_reply(page: Page, doubts: Sequence[Doubt], reply: GroupReply) -> Page:
    """Return a page with what Alertmanager knows of its doubtful alerts, and of the others of its group."""
    kinds = [(doubt, _kind(doubt, reply)) for doubt in doubts]
    items = (
        *page.items,
        *(Item(doubt.alert, kind) for doubt, kind in kinds if kind is not None and not kind.fires),
    )
    others = _others_in_group(page, items, reply)
    is_sure = reply.would_have(page.lost_seen_at)
    if page.group is not None and not page.group.labels:
        # Without labels to group by, alerts of other groups can't be told from those of this one.
        is_sure = is_sure and not others
        ours = {item.alert.fingerprint for item in page.items if item.kind.is_over}
        ours.update(doubt.alert.fingerprint for doubt in page.doubts)
        others = {name: kind for name, kind in others.items() if name in ours}
    firing = sum(kind.fires for kind in others.values())
    still_firing = max(page.still_firing, firing)
    # An alert that the reply has without a fingerprint may be any of these, so it is not counted again.
    counted = sum(kind is None or kind is ItemKind.UNHEARD for _, kind in kinds)
    counted += still_firing + sum(item.kind.fires for item in page.items)
    return msgspec.structs.replace(
        page,
        items=items,
        doubts=(),
        still_firing=still_firing,
        muted=len(others) - firing,
        lost=0 if is_sure else page.lost,
        unsure=sum(kind is None for _, kind in kinds) + max(reply.unread - counted, 0),
    )


def _others_in_group(page: Page, items: Iterable[Item], reply: GroupReply) -> dict[str, ItemKind]:
    """Return the alerts of a reply that no item shows, by fingerprint.

    Those that an item reports as over are included: they fire again.
    """
    over = {item.alert.fingerprint for item in page.items if item.kind.is_over}
    shown = {item.alert.fingerprint for item in items} - over
    return {name: kind for name, kind in reply.kinds.items() if name not in shown}


def _goes_on(doubt: Doubt, reply: GroupReply | None, *, fires: bool | None) -> bool:
    """Return whether an alert that looked stale fires, by a later delivery or else by Alertmanager."""
    is_listed = reply is not None and reply.kinds.get(doubt.alert.fingerprint) is ItemKind.FIRED
    return doubt.is_stale and (is_listed if fires is None else fires)


def _kind(doubt: Doubt, reply: GroupReply) -> ItemKind | None:
    """Return how the page reports a doubtful alert; None: as one whose end is not known."""
    if (found := reply.kinds.get(doubt.alert.fingerprint)) is not None:
        return found
    if reply.would_have(doubt.seen_at):
        return ItemKind.GONE
    return ItemKind.UNHEARD if doubt.is_missing else None


# --- the records after a page ---------------------------------------------------------------------


def presence_after(before: Page, after: Page) -> dict[str, Presence | None]:
    """Return the presence of each doubtful alert once its page is sent; None: it is over."""
    kinds = {item.alert.fingerprint: item.kind for item in after.items}
    found: dict[str, Presence | None] = {}
    for doubt in before.doubts:
        if doubt.is_stale:
            continue  # its incident is over, or goes on
        kind = kinds.get(doubt.alert.fingerprint, ItemKind.FIRED)
        is_over, is_left = kind.is_over, not kind.fires
        found[doubt.alert.fingerprint] = None if is_over else Presence.LOST if is_left else Presence.LISTED
    return found


def seen_firing_since(doubt: Doubt, record: AlertRecord | None) -> bool | None:
    """Return True if an alert was seen firing since it is in doubt, False if it ended, None if neither."""
    if record is None:
        return None
    if record.seen_at <= doubt.seen_at and (record.ends_at is not None) is doubt.is_stale:
        return None
    return record.ends_at is None


def record_changes(
    pages: Iterable[tuple[Page, Page]], known: Mapping[str, AlertRecord]
) -> tuple[list[AlertRecord], list[str]]:
    """Return the records to change and the fingerprints to forget, for pages before and after `reconcile`."""
    changed: list[AlertRecord] = []
    gone: list[str] = []
    for before, after in pages:
        found = presence_after(before, after)
        changed += _going_on(before, after, known)
        for doubt in before.doubts:
            fingerprint = doubt.alert.fingerprint
            if doubt.is_stale:
                continue
            presence, record = found[fingerprint], known.get(fingerprint)
            if record is None or seen_firing_since(doubt, record) is not None:
                continue
            if presence is None:
                gone.append(fingerprint)
            elif presence is not record.presence:
                changed.append(msgspec.structs.replace(record, presence=presence))
    return changed, gone


def _going_on(before: Page, after: Page, known: Mapping[str, AlertRecord]) -> Iterator[AlertRecord]:
    """Yield the changed records of stale alerts that turned out to fire still."""
    firing = {item.alert.fingerprint for item in after.items if item.kind.fires}
    for doubt in before.doubts:
        record = known.get(doubt.alert.fingerprint)
        if doubt.is_stale and doubt.alert.fingerprint in firing and record and record.ends_at is not None:
            start = doubt.alert.starts_at
            yield msgspec.structs.replace(record, starts_at=start, latest_at=start, ends_at=None)
