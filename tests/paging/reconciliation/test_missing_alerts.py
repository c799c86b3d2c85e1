"""What is said of alerts that a delivery left out: as Alertmanager says, or no more than is known."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from tests.paging.fakes import WALL
from waexporter.paging.alert_record import AlertRecord, Presence
from waexporter.paging.messages.compose import compose
from waexporter.paging.model import Alert, AlertGroup, Doubt, Item, ItemKind, Page
from waexporter.paging.reconciliation.missing_alerts import (
    GRACE,
    GroupReply,
    grace_left,
    needs_query,
    presence_after,
    reconcile,
    record_changes,
    seen_firing_since,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

GROUP = AlertGroup("key", "on-call", {"target": "line"})
FIRED, SILENCED, INHIBITED = ItemKind.FIRED, ItemKind.SILENCED, ItemKind.INHIBITED


def down(*, ended: bool = True) -> Item:
    alert = Alert("down", WALL - 600.0, WALL - 60.0 if ended else None, {"alertname": "Down"})
    return Item(alert, ItemKind.RESOLVED if ended else ItemKind.FIRED)


def doubt(name: str = "slow", *, is_missing: bool = True, seen_at: float = WALL - 300.0) -> Doubt:
    labels = {"alertname": name.title(), "severity": "warning", "target": "line"}
    return Doubt(Alert(name, WALL - 900.0, None, labels), seen_at, is_missing)


def a_page(
    *doubts: Doubt, lost: int = 0, still_firing: int = 0, group: AlertGroup = GROUP, item: Item | None = None
) -> Page:
    return Page(
        "t",
        (item or down(),),
        still_firing=still_firing,
        received_at=WALL,
        group=group,
        doubts=doubts,
        lost=lost,
        lost_seen_at=WALL - 300.0,
    )


def head(page: Page) -> str:
    return compose([page], WALL).split("\n")[0]


def asked(kinds: Mapping[str, ItemKind], unread: int = 0) -> GroupReply:
    """Return the reply of an Alertmanager that has been running for a day."""
    return GroupReply(kinds, age=86_400.0, at=WALL, unread=unread)


@dataclass(frozen=True)
class Row:
    """A page, what Alertmanager has of its group, and the first line of what people read."""

    says: str
    page: Page
    answer: GroupReply | None
    head: str
    presence_after: Mapping[str, Presence | None] = field(default_factory=dict)


UNHEARD = "not heard of any more (silenced, inhibited or ended)"
LOST, HEARD = {"slow": Presence.LOST}, {"slow": Presence.LISTED}
YOUNG = GroupReply({}, age=60.0, at=WALL)
ROWS = [
    Row("nobody to ask", a_page(doubt()), None, f"RESOLVED: 1 resolved, 1 {UNHEARD}", LOST),
    Row(
        "it is gone",
        a_page(doubt()),
        asked({}),
        "ALL CLEAR: 1 resolved, 1 gone from Alertmanager",
        {"slow": None},
    ),
    Row("it is active", a_page(doubt()), asked({"slow": FIRED}), "RESOLVED: 1 of 2, 1 still firing", HEARD),
    Row(
        "it is silenced",
        a_page(doubt()),
        asked({"slow": SILENCED}),
        "RESOLVED: 1 resolved, 1 silenced",
        LOST,
    ),
    Row(
        "it is inhibited",
        a_page(doubt()),
        asked({"slow": INHIBITED}),
        "RESOLVED: 1 resolved, 1 inhibited",
        LOST,
    ),
    Row(
        "Alertmanager was never seen with the group",
        a_page(doubt(), lost=1),
        asked({})._replace(has_seen_group=False),
        f"RESOLVED: 1 resolved, 2 {UNHEARD}",
        LOST,
    ),
    Row(
        "nobody knows since when Alertmanager runs",
        a_page(doubt()),
        GroupReply({}, at=WALL),
        f"RESOLVED: 1 resolved, 1 {UNHEARD}",
        LOST,
    ),
    Row(
        "one was lost, and nobody knows since when Alertmanager runs",
        a_page(lost=1),
        GroupReply({}, at=WALL),
        f"RESOLVED: 1 resolved, 1 {UNHEARD}",
    ),
    Row(
        "it has just started, and our clock was set back since",
        a_page(doubt(seen_at=WALL + 3_000.0)),
        YOUNG,
        f"RESOLVED: 1 resolved, 1 {UNHEARD}",
        LOST,
    ),
    Row(
        "an alert without a fingerprint may be it",
        a_page(doubt()),
        asked({}, unread=1),
        f"RESOLVED: 1 resolved, 1 {UNHEARD}",
        LOST,
    ),
    Row(
        "two alerts without a fingerprint, and it may be one of them",
        a_page(doubt()),
        asked({}, unread=2),
        f"RESOLVED: 1 resolved, 1 {UNHEARD}, no end heard of 1 other",
        LOST,
    ),
    Row(
        "an alert without a fingerprint, and nothing else is in doubt",
        a_page(),
        asked({}, unread=1),
        "RESOLVED: 1 resolved, no end heard of 1 other",
    ),
    Row(
        "an alert without a fingerprint may be what fires",
        a_page(still_firing=1),
        asked({}, unread=1),
        "RESOLVED: 1 of 2, 1 still firing",
    ),
    Row("Alertmanager has just started", a_page(doubt()), YOUNG, f"RESOLVED: 1 resolved, 1 {UNHEARD}", LOST),
    Row(
        "it has just started, and before the alert was heard of",
        a_page(doubt(seen_at=WALL - 30.0)),
        YOUNG,
        "ALL CLEAR: 1 resolved, 1 gone from Alertmanager",
        {"slow": None},
    ),
    Row(
        "another route, nobody to ask",
        a_page(doubt(is_missing=False)),
        None,
        "RESOLVED: 1 resolved, no end heard of 1 other",
        HEARD,
    ),
    Row(
        "another route, and it is active",
        a_page(doubt(is_missing=False)),
        asked({"slow": FIRED}),
        "RESOLVED: 1 of 2, 1 still firing",
        HEARD,
    ),
    Row(
        "another route, and Alertmanager has just started",
        a_page(doubt(is_missing=False)),
        YOUNG,
        "RESOLVED: 1 resolved, no end heard of 1 other",
        HEARD,
    ),
    Row("nothing is in doubt", a_page(), None, "ALL CLEAR: 1 resolved"),
    Row("nothing is in doubt, and none is left", a_page(), asked({}), "ALL CLEAR: 1 resolved"),
    Row("another one fires", a_page(), asked({"new": FIRED}), "RESOLVED: 1 of 2, 1 still firing"),
    Row(
        "another one is silenced",
        a_page(),
        asked({"old": SILENCED}),
        "RESOLVED: 1 resolved, 1 other silenced or inhibited",
    ),
    Row("it fires again", a_page(), asked({"down": FIRED}), "RESOLVED: 1 of 2, 1 still firing"),
    Row("one was lost before", a_page(lost=1), None, f"RESOLVED: 1 resolved, 1 {UNHEARD}"),
    Row("one was lost, and none is left", a_page(lost=1), asked({}), "ALL CLEAR: 1 resolved"),
    Row(
        "one was lost, and it has just started",
        a_page(lost=1),
        YOUNG,
        f"RESOLVED: 1 resolved, 1 {UNHEARD}",
    ),
    Row(
        "it says less than the delivery",
        a_page(still_firing=2),
        asked({"other": FIRED}),
        "RESOLVED: 1 of 3, 2 still firing",
    ),
    Row(
        "grouped by nothing, others are no part of it",
        a_page(doubt(), group=AlertGroup("key", "on-call")),
        asked({"slow": SILENCED, "elsewhere": FIRED}),
        "RESOLVED: 1 resolved, 1 silenced",
        LOST,
    ),
    Row(
        "grouped by nothing, one was lost, and something is there",
        a_page(lost=1, group=AlertGroup("key", "on-call")),
        asked({"elsewhere": FIRED}),
        f"RESOLVED: 1 resolved, 1 {UNHEARD}",
    ),
    Row(
        "something fires",
        a_page(doubt(), item=down(ended=False)),
        None,
        f"FIRING: 1 alert, 1 {UNHEARD}",
        LOST,
    ),
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.says)
def test_people_are_told_what_is_known(row: Row) -> None:
    settled = reconcile(row.page, row.answer, lambda _: None)

    assert head(settled) == row.head
    assert presence_after(row.page, settled) == row.presence_after


@pytest.mark.parametrize(
    ("kind", "title", "words"),
    [
        (
            ItemKind.UNHEARD,
            "NOT HEARD OF ANY MORE",
            "It is silenced, inhibited or has ended; which of these is not known.",
        ),
        (ItemKind.GONE, "GONE", "Alertmanager, asked, has it no more."),
        (ItemKind.SILENCED, "SILENCED", "It is silenced in Alertmanager."),
        (ItemKind.INHIBITED, "INHIBITED", "Another alert inhibits it in Alertmanager."),
    ],
)
def test_an_alert_that_left_is_paged_with_what_is_known_of_it(kind: ItemKind, title: str, words: str) -> None:
    text = compose([Page("t", (Item(doubt().alert, kind),), received_at=WALL)], WALL)

    assert text.endswith(f"\n\n{title} (warning): Slow\nline\nFired 21:58 UTC. {words}")


@pytest.mark.parametrize(
    ("memory", "head_"),
    [
        (
            AlertRecord("slow", "t", 0.0, None, 0.0, seen_at=WALL - 300.0),
            f"RESOLVED: 1 resolved, 1 {UNHEARD}",
        ),
        (None, f"RESOLVED: 1 resolved, 1 {UNHEARD}"),
        (AlertRecord("slow", "t", 0.0, None, 0.0, seen_at=WALL - 1.0), "RESOLVED: 1 of 2, 1 still firing"),
        (AlertRecord("slow", "t", 0.0, WALL, 0.0, seen_at=WALL - 1.0), "ALL CLEAR: 1 resolved"),
    ],
)
def test_what_was_seen_since_outweighs_the_doubt(memory: AlertRecord | None, head_: str) -> None:
    settled = reconcile(a_page(doubt()), None, lambda each: seen_firing_since(each, memory))

    assert head(settled) == head_


def test_what_is_paged_is_remembered_unless_it_was_seen_since() -> None:
    before = a_page(doubt("gone"), doubt("silenced"), doubt("again"))
    known = {
        name: AlertRecord(name, "t", 0.0, None, 0.0, seen_at=WALL - 300.0, presence=Presence.MISSING)
        for name in ("gone", "silenced")
    }
    known["again"] = AlertRecord("again", "t", 0.0, None, 0.0, seen_at=WALL)
    after = reconcile(
        before,
        asked({"silenced": SILENCED}),
        lambda each: seen_firing_since(each, known[each.alert.fingerprint]),
    )

    changed, forgotten = record_changes([(before, after)], known)

    assert [(each.fingerprint, each.presence) for each in changed] == [("silenced", Presence.LOST)]
    assert forgotten == ["gone"]


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        (a_page(doubt(seen_at=WALL - 5.0)), GRACE - 5.0),
        (a_page(doubt(seen_at=WALL - GRACE)), 0.0),
        (a_page(doubt(seen_at=WALL + 9_999.0)), GRACE),
        (a_page(doubt(seen_at=WALL - 5.0, is_missing=False)), 0.0),
        (a_page(doubt(seen_at=WALL - 5.0), item=down(ended=False)), 0.0),
        (a_page(), 0.0),
    ],
)
def test_what_only_ends_waits_for_another_replica_and_what_fires_waits_for_nobody(
    page: Page, expected: float
) -> None:
    assert grace_left(page, WALL) == expected


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        (a_page(doubt()), True),
        (a_page(), True),
        (a_page(still_firing=1), False),
        (a_page(item=down(ended=False)), False),
        (a_page(group=AlertGroup()), False),
        (a_page(group=AlertGroup("key", "on-call", is_of_alertmanager=False)), False),
        (Page("t", (down(),)), False),
    ],
)
def test_alertmanager_is_asked_where_there_is_a_question(page: Page, *, expected: bool) -> None:
    assert needs_query(page) is expected
