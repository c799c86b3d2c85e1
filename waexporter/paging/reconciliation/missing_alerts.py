"""What became of the alerts that are missing from a delivery, when its page is sent; pure.

Alertmanager knows it, if it is queried: an alert still fires, is silenced or inhibited, or is gone. Where
Alertmanager can't be queried, or started too recently to have got every alert again, people are only told
that the alert did not come again.
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

# A page without a firing alert waits for so long after its alerts were seen: of a pair of Alertmanagers one
# may lag behind, and the other delivers up to 15 s later (cluster.peer-timeout).
GRACE = 20.0  # seconds
# Prometheus repeats every alert to Alertmanager within little more than a minute (rules.alert.resend-delay).
_WELL_INFORMED = 300.0  # seconds after its start
ROUNDING = 1.0  # seconds: the dates of HTTP have no fractions


class GroupReply(NamedTuple):
    """The alerts that Alertmanager has of a group."""

    kinds: Mapping[str, ItemKind]  # by fingerprint: FIRED, SILENCED or INHIBITED
    age: float | None = None  # seconds since its start, by its own clock; None: unknown
    at: float = 0.0  # when it came, on the pager's clock
    unread: int = 0  # alerts whose fingerprint can't be read; any alert may be one of them
    has_seen_group: bool = True  # it once had alerts of the group; else they may be another Alertmanager's

    def would_have(self, seen_at: float) -> bool:
        """Return whether it would have an alert that was last seen then, if that were not over.

        Its clock and ours may differ, so durations are compared, and never times.
        """
        if self.age is None or self.unread or not self.has_seen_group:
            return False
        return self.age >= _WELL_INFORMED or 0 <= self.at - seen_at <= self.age - ROUNDING


def needs_query(page: Page) -> bool:
    """Return whether Alertmanager is to be queried before a page is sent."""
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

    `fires_since` returns True for a doubtful alert that was seen firing since the page came, False for one
    that ended since, and None for neither.
    """
    since = [(doubt, fires_since(doubt)) for doubt in page.doubts]
    doubts = [doubt for doubt, fires in since if fires is None and not doubt.is_stale]
    again = sum(fires is True and not doubt.is_stale for doubt, fires in since)
    goes_on = (
        Item(doubt.alert, ItemKind.FIRED) for doubt, fires in since if _goes_on(doubt, reply, fires=fires)
    )
    page = msgspec.structs.replace(
        page, items=(*page.items, *goes_on), still_firing=page.still_firing + again
    )
    if reply is None:
        return _without_reply(page, doubts)
    in_page = {item.alert.fingerprint for item in page.items}
    items, unsure, left = list(page.items), 0, 0
    for doubt in doubts:
        kind = _kind(doubt, reply)
        left += kind is None or kind is ItemKind.UNHEARD
        if kind is None:
            unsure += 1
        elif not kind.fires:
            items.append(Item(doubt.alert, kind))
            in_page.add(doubt.alert.fingerprint)
    over = {item.alert.fingerprint for item in page.items if item.kind.is_over}
    others = {name: kind for name, kind in reply.kinds.items() if name not in in_page or name in over}
    is_sure = reply.would_have(page.lost_seen_at)
    if page.group is not None and not page.group.labels:
        # Without labels to group by, the alerts of this group look like those of any other.
        is_sure = is_sure and not others
        ours = over.union(doubt.alert.fingerprint for doubt in page.doubts)
        others = {name: kind for name, kind in others.items() if name in ours}
    firing = sum(kind.fires for kind in others.values())
    still_firing = max(page.still_firing, firing)
    # An unreadable alert may be one that left or one that fires, so it is counted once.
    left += still_firing + sum(item.kind.fires for item in page.items)
    return msgspec.structs.replace(
        page,
        items=tuple(items),
        doubts=(),
        still_firing=still_firing,
        muted=len(others) - firing,
        lost=0 if is_sure else page.lost,
        unsure=unsure + max(reply.unread - left, 0),
    )


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
    """Return True if an alert was seen firing after the doubt arose, False if it ended, None if neither."""
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


def _goes_on(doubt: Doubt, reply: GroupReply | None, *, fires: bool | None) -> bool:
    """Return whether an alert that looked stale fires, as Alertmanager says or a later delivery said."""
    is_there = reply is not None and reply.kinds.get(doubt.alert.fingerprint) is ItemKind.FIRED
    return doubt.is_stale and (is_there if fires is None else fires)


def _going_on(before: Page, after: Page, known: Mapping[str, AlertRecord]) -> Iterator[AlertRecord]:
    """Yield the records of alerts that were over, and fire again in the page as it is sent."""
    firing = {item.alert.fingerprint for item in after.items if item.kind.fires}
    for doubt in before.doubts:
        record = known.get(doubt.alert.fingerprint)
        if doubt.is_stale and doubt.alert.fingerprint in firing and record and record.ends_at is not None:
            start = doubt.alert.starts_at
            yield msgspec.structs.replace(record, starts_at=start, latest_at=start, ends_at=None)


def _without_reply(page: Page, doubts: Sequence[Doubt]) -> Page:
    missing = tuple(Item(doubt.alert, ItemKind.UNHEARD) for doubt in doubts if doubt.is_missing)
    unsure = sum(not doubt.is_missing for doubt in doubts)
    return msgspec.structs.replace(page, items=(*page.items, *missing), doubts=(), unsure=unsure)


def _kind(doubt: Doubt, reply: GroupReply) -> ItemKind | None:
    """Return what the page says of a doubtful alert; None: that its end is not known."""
    if (found := reply.kinds.get(doubt.alert.fingerprint)) is not None:
        return found
    if reply.would_have(doubt.seen_at):
        return ItemKind.GONE
    return ItemKind.UNHEARD if doubt.is_missing else None
