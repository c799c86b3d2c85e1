"""What became of the alerts that a delivery left out, when its page is told; pure.

Asked, Alertmanager knows: it still stands for them, has them silenced or inhibited, or has them no more.
Where it can't be asked, or has been running for too short a time to have heard of everything again, people
are told no more than that nothing was heard.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec

from waexporter.paging.dedup import Presence
from waexporter.paging.model import Doubt, Item, ItemKind, Page

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from waexporter.paging.dedup import AlertRecord
    from waexporter.paging.model import AlertGroup

# For so long after an alert was heard of, a page that only says what is over waits: of a pair of
# Alertmanagers one may lag behind, and the other speaks up to 15 s later (cluster.peer-timeout).
GRACE = 20.0  # seconds
# Prometheus repeats every alert to Alertmanager within little more than a minute (rules.alert.resend-delay).
_WELL_INFORMED = 300.0  # seconds after its start
ROUNDING = 1.0  # seconds: the dates of HTTP have no fractions


class GroupReply(NamedTuple):
    """What Alertmanager has of a group, by fingerprint."""

    kinds: Mapping[str, ItemKind]  # FIRED, SILENCED or INHIBITED
    age: float | None = None  # seconds since its start, by its own clock; None: it is not known
    at: float = 0.0  # when it was given, on the pager's clock
    unread: int = 0  # alerts whose fingerprint can't be read; any alert may be one of them
    had_it: bool = True  # it was seen with alerts of this group; else they may be another Alertmanager's

    def knows_of(self, seen_at: float) -> bool:
        """Return whether it would have an alert that was heard of then, if that were not over.

        Its clock and ours may differ, so spans of time are compared, and never their ends.
        """
        if self.age is None or self.unread or not self.had_it:
            return False
        return self.age >= _WELL_INFORMED or 0 <= self.at - seen_at <= self.age - ROUNDING


def needs_query(page: Page) -> bool:
    """Return whether Alertmanager is to be asked before a page is told."""
    return may_be_known(page.group) and bool(page.doubts or page.lost or page.is_all_clear)


def may_be_known(group: AlertGroup | None) -> bool:
    """Return whether Alertmanager may have a group."""
    return group is not None and bool(group.key) and group.is_of_alertmanager


def grace_left(page: Page, now: float) -> float:
    """Return for how many seconds a page waits where nobody can be asked; `now` is on the pager's clock."""
    heard = [doubt.seen_at for doubt in page.doubts if doubt.is_missing]
    if not heard or any(item.kind.fires for item in page.items):
        return 0.0
    return min(max(max(heard) + GRACE - now, 0.0), GRACE)


def reconcile(page: Page, answer: GroupReply | None, heard: Callable[[Doubt], bool | None]) -> Page:
    """Return a page as it is told: without doubts.

    `heard` tells whether a doubtful alert was heard to fire since the page came, or to end; None: neither.
    """
    since = [(doubt, heard(doubt)) for doubt in page.doubts]
    doubts = [doubt for doubt, fires in since if fires is None and not doubt.is_stale]
    again = sum(fires is True and not doubt.is_stale for doubt, fires in since)
    goes_on = (
        Item(doubt.alert, ItemKind.FIRED) for doubt, fires in since if _goes_on(doubt, answer, fires=fires)
    )
    page = msgspec.structs.replace(
        page, items=(*page.items, *goes_on), still_firing=page.still_firing + again
    )
    if answer is None:
        return _unasked(page, doubts)
    told = {item.alert.fingerprint for item in page.items}
    items, unsure, left = list(page.items), 0, 0
    for doubt in doubts:
        kind = _kind(doubt, answer)
        left += kind is None or kind is ItemKind.UNHEARD
        if kind is None:
            unsure += 1
        elif not kind.fires:
            items.append(Item(doubt.alert, kind))
            told.add(doubt.alert.fingerprint)
    over = {item.alert.fingerprint for item in page.items if item.kind.is_over}
    others = {name: kind for name, kind in answer.kinds.items() if name not in told or name in over}
    is_sure = answer.knows_of(page.lost_seen_at)
    if page.group is not None and not page.group.labels:
        # What has none of the labels that alerts are grouped by can't be told from what has them.
        is_sure = is_sure and not others
        ours = over.union(doubt.alert.fingerprint for doubt in page.doubts)
        others = {name: kind for name, kind in others.items() if name in ours}
    firing = sum(kind.fires for kind in others.values())
    still_firing = max(page.still_firing, firing)
    # What can't be told apart is counted once: it may be what is left, or what fires.
    left += still_firing + sum(item.kind.fires for item in page.items)
    return msgspec.structs.replace(
        page,
        items=tuple(items),
        doubts=(),
        still_firing=still_firing,
        muted=len(others) - firing,
        lost=0 if is_sure else page.lost,
        unsure=unsure + max(answer.unread - left, 0),
    )


def presence_after(before: Page, after: Page) -> dict[str, Presence | None]:
    """Return how the doubtful alerts of a page stand once it is told; None: they are over."""
    told = {item.alert.fingerprint: item.kind for item in after.items}
    found: dict[str, Presence | None] = {}
    for doubt in before.doubts:
        if doubt.is_stale:
            continue  # its incident is over, or goes on
        kind = told.get(doubt.alert.fingerprint, ItemKind.FIRED)
        is_over, is_left = kind.is_over, not kind.fires
        found[doubt.alert.fingerprint] = None if is_over else Presence.LOST if is_left else Presence.LISTED
    return found


def seen_firing_since(doubt: Doubt, record: AlertRecord | None) -> bool | None:
    """Return whether an alert was heard to fire after it came into doubt, or to end; None: neither."""
    if record is None:
        return None
    if record.seen_at <= doubt.seen_at and (record.ends_at is not None) is doubt.is_stale:
        return None
    return record.ends_at is None


def record_changes(
    pages: Iterable[tuple[Page, Page]], known: Mapping[str, AlertRecord]
) -> tuple[list[AlertRecord], list[str]]:
    """Return the records that pages, before and after they were settled, change, and what they forget."""
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


def _goes_on(doubt: Doubt, answer: GroupReply | None, *, fires: bool | None) -> bool:
    """Return whether what looked stale is to be told: it fires, as Alertmanager says or said before."""
    is_there = answer is not None and answer.kinds.get(doubt.alert.fingerprint) is ItemKind.FIRED
    return doubt.is_stale and (is_there if fires is None else fires)


def _going_on(before: Page, after: Page, known: Mapping[str, AlertRecord]) -> Iterator[AlertRecord]:
    """Yield records of alerts that were over, and fire on as is told now."""
    told = {item.alert.fingerprint for item in after.items if item.kind.fires}
    for doubt in before.doubts:
        record = known.get(doubt.alert.fingerprint)
        if doubt.is_stale and doubt.alert.fingerprint in told and record and record.ends_at is not None:
            start = doubt.alert.starts_at
            yield msgspec.structs.replace(record, starts_at=start, latest_at=start, ends_at=None)


def _unasked(page: Page, doubts: Sequence[Doubt]) -> Page:
    missing = tuple(Item(doubt.alert, ItemKind.UNHEARD) for doubt in doubts if doubt.is_missing)
    unsure = sum(not doubt.is_missing for doubt in doubts)
    return msgspec.structs.replace(page, items=(*page.items, *missing), doubts=(), unsure=unsure)


def _kind(doubt: Doubt, answer: GroupReply) -> ItemKind | None:
    """Return what is to be said of a doubtful alert; None: that its end was not heard."""
    if (found := answer.kinds.get(doubt.alert.fingerprint)) is not None:
        return found
    if answer.knows_of(doubt.seen_at):
        return ItemKind.GONE
    return ItemKind.UNHEARD if doubt.is_missing else None
