"""What is news beside what was told before: occurrences, duplicates, stale deliveries, the all-clear."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from waexporter.paging.alert_record import AlertRecord, Presence
from waexporter.paging.dedup import DUPLICATE_WITHIN, LONGEST_REPEAT, STALE_WITHIN, deduplicate, start_after
from waexporter.paging.model import Alert, AlertGroup, Doubt, Item, ItemKind, Page, Webhook

if TYPE_CHECKING:
    from collections.abc import Sequence

T0 = 1_700_000_000.0


class Desk:
    """Remembers what was decided, as the journal does."""

    def __init__(self) -> None:
        self.known: dict[str, AlertRecord] = {}
        self.pages: list[Page] = []
        self.can_query = False
        self.now = T0

    def take(
        self,
        *alerts: Alert,
        truncated: int = 0,
        thread: str = "thread",
        group: str | None = "group",
        unread: int = 0,
    ) -> Page | None:
        """Deduplicate a delivery of a group; without one, the alerts are our own."""
        is_open = {each.fingerprint for each in self.known.values() if each.thread == thread and _fires(each)}
        of = None if group is None else AlertGroup(group)
        is_whole = bool(group) and not truncated + unread
        webhook = Webhook(thread, alerts, truncated, of, unread, is_whole=is_whole, can_query=self.can_query)
        decision = deduplicate(webhook, self.known, is_open, self.now, self.now)
        self.known |= {each.fingerprint: each for each in (*decision.records, *decision.touched)}
        for fingerprint in decision.forgotten:
            del self.known[fingerprint]
        if decision.page is not None:
            self.pages.append(decision.page)
        return decision.page

    def kinds(self, *alerts: Alert, truncated: int = 0) -> dict[str, ItemKind]:
        page = self.take(*alerts, truncated=truncated)
        return {} if page is None else {item.alert.fingerprint: item.kind for item in page.items}


def _fires(memory: AlertRecord) -> bool:
    return memory.ends_at is None


def fires(name: str = "a", start: float = T0) -> Alert:
    return Alert(name, start)


def resolved(name: str = "a", start: float = T0, end: float = T0 + 60.0) -> Alert:
    return Alert(name, start, end)


def test_the_first_delivery_fires_and_the_end_resolves() -> None:
    desk = Desk()

    first = desk.take(fires())
    desk.now += 60.0
    second = desk.take(resolved())

    assert first == Page(
        "thread", (Item(fires(), ItemKind.FIRED),), received_at=T0, group=AlertGroup("group")
    )
    assert second is not None
    assert (second.items[0].kind, second.is_all_clear) == (ItemKind.RESOLVED, True)


@pytest.mark.parametrize("alert", [fires(), resolved()])
def test_the_same_state_soon_after_is_a_duplicate(alert: Alert) -> None:
    desk = Desk()
    desk.take(alert)
    desk.now += DUPLICATE_WITHIN - 0.1

    assert desk.take(alert) is None


def test_the_same_state_later_is_a_reminder_and_from_then_on_the_time_counts_anew() -> None:
    desk = Desk()
    desk.take(fires())
    desk.now += DUPLICATE_WITHIN

    assert desk.kinds(fires()) == {"a": ItemKind.REMINDED}
    desk.now += DUPLICATE_WITHIN - 0.1
    assert desk.kinds(fires()) == {}


def test_an_end_is_paged_once_however_late_it_comes_again() -> None:
    desk = Desk()
    desk.take(fires())
    desk.take(resolved())
    desk.now += 86_400.0

    assert desk.take(resolved()) is None


def test_a_later_start_of_what_fires_is_the_same_incident() -> None:
    """A pair of Prometheus sees it some seconds apart."""
    desk = Desk()
    desk.take(fires())

    assert desk.kinds(fires(start=T0 + 15.0)) == {}
    desk.now += DUPLICATE_WITHIN
    reminder = desk.take(fires(start=T0 + 15.0))
    assert reminder is not None
    assert reminder.items == (Item(fires(start=T0), ItemKind.REMINDED),), (
        "its age is that of the earliest start"
    )


def test_an_end_ends_the_incident_with_its_earliest_start() -> None:
    desk = Desk()
    desk.take(fires(start=T0 + 15.0))
    desk.take(fires(start=T0))

    page = desk.take(resolved(start=T0 + 15.0, end=T0 + 90.0))

    assert page is not None
    assert page.items == (Item(Alert("a", T0, T0 + 90.0), ItemKind.RESOLVED),)


def test_an_end_before_the_latest_start_is_none() -> None:
    desk = Desk()
    desk.take(fires(start=T0))
    desk.take(fires(start=T0 + 100.0))

    assert desk.take(resolved(start=T0, end=T0 + 60.0)) is None


def test_a_new_occurrence_after_an_end_is_paged() -> None:
    desk = Desk()
    desk.take(resolved(end=T0 + 60.0))

    assert desk.kinds(fires(start=T0 + 60.5)) == {"a": ItemKind.FIRED}


def test_a_firing_that_began_before_the_recorded_end_is_a_stale_delivery() -> None:
    desk = Desk()
    desk.take(fires())
    desk.take(resolved(end=T0 + 60.0))

    assert desk.kinds(fires()) == {}
    assert desk.kinds(fires(start=T0 + 60.0)) == {}


def test_a_stale_delivery_is_a_doubt_where_somebody_can_be_asked() -> None:
    desk = Desk()
    desk.take(fires())
    desk.take(resolved(end=T0 + 60.0))
    desk.can_query = True

    page = desk.take(fires())

    assert page is not None
    assert (page.items, page.is_all_clear) == ((), False)
    assert page.doubts == (Doubt(fires(), T0, is_missing=False, is_stale=True),)
    assert desk.known["a"].ends_at == T0 + 60.0


def test_it_is_not_stale_for_ever() -> None:
    desk = Desk()
    desk.take(fires())
    desk.take(resolved())
    desk.now += STALE_WITHIN

    assert desk.kinds(fires()) == {"a": ItemKind.FIRED}


def test_an_end_of_an_earlier_occurrence_does_not_end_this_one() -> None:
    desk = Desk()
    desk.take(fires(start=T0 + 100.0))

    assert desk.take(resolved(end=T0 + 60.0)) is None
    assert desk.known["a"].ends_at is None


def test_a_pair_that_disagrees_about_the_start_pages_once() -> None:
    desk = Desk()
    desk.take(fires(start=T0))
    desk.take(fires(start=T0 + 5.0))
    for _ in range(4):
        desk.now += DUPLICATE_WITHIN
        assert desk.kinds(fires(start=T0)) == {"a": ItemKind.REMINDED}
        assert desk.kinds(fires(start=T0 + 5.0)) == {}


def test_a_clock_that_was_set_back_makes_no_reminder_of_a_duplicate_nor_keeps_a_reminder_back() -> None:
    desk = Desk()
    desk.take(fires())
    desk.now -= 60.0
    assert desk.take(fires()) is None
    desk.now -= 3_600.0
    assert desk.kinds(fires()) == {"a": ItemKind.REMINDED}


def test_the_false_all_clear_of_a_truncated_delivery_is_none() -> None:
    """With max_alerts, Alertmanager says resolved of what is left."""
    desk = Desk()
    desk.take(fires("a"), truncated=5)

    page = desk.take(resolved("a"), truncated=5)

    assert page is not None
    assert not page.is_all_clear


def test_an_all_clear_waits_for_every_alert_of_the_thread() -> None:
    desk = Desk()
    desk.take(fires("a"), fires("b"))

    first = desk.take(resolved("a"), fires("b"))
    second = desk.take(resolved("a"), resolved("b"))

    assert first is not None
    assert second is not None
    assert (first.is_all_clear, first.still_firing) == (False, 1)
    assert (second.is_all_clear, second.still_firing) == (True, 0)


def test_an_alert_in_a_page_is_not_counted_as_another_that_still_fires() -> None:
    desk = Desk()
    desk.take(fires("a"), fires("b"))
    desk.now += DUPLICATE_WITHIN

    page = desk.take(fires("a"), resolved("b"))

    assert page is not None
    assert page.still_firing == 0
    assert not page.is_all_clear


def test_what_is_known_of_an_alert_holds_in_whichever_thread_it_comes() -> None:
    """An edit of the route tree, or of group_by, tells nobody the same again."""
    desk = Desk()
    desk.take(fires(), thread="before")

    assert desk.take(fires(), thread="after") is None


def test_one_alert_twice_in_a_delivery_is_paged_once() -> None:
    page = Desk().take(fires(), fires())

    assert page is not None
    assert len(page.items) == 1


@pytest.mark.parametrize(
    ("before", "wall", "start"),
    [
        (None, T0, T0),
        (AlertRecord("a", "t", T0, None, T0), T0 + 1.0, T0 + 1.0),
        (AlertRecord("a", "t", T0, T0 + 5.0, T0), T0 + 9.0, T0 + 9.0),
        (AlertRecord("a", "t", T0, T0 + 5.0, T0), T0 - 9.0, T0 + 5.001),
    ],
)
def test_an_alert_of_our_own_starts_after_its_last_end(
    before: AlertRecord | None, wall: float, start: float
) -> None:
    assert start_after(before, wall) == start


# --- what a delivery leaves out ------------------------------------------------------------------


def in_doubt(page: Page | None) -> dict[str, bool]:
    """Return the alerts that a page doubts, and whether they are missing from their own group."""
    return {} if page is None else {doubt.alert.fingerprint: doubt.is_missing for doubt in page.doubts}


def test_what_its_group_leaves_out_is_in_doubt_until_it_is_paged_and_never_still_firing() -> None:
    desk = Desk()
    desk.take(fires("a"), fires("b"))

    first = desk.take(resolved("a"))
    desk.now += DUPLICATE_WITHIN
    second = desk.take(fires("a", T0 + 100.0))

    assert first is not None
    assert second is not None
    assert (in_doubt(first), first.still_firing, first.is_all_clear) == ({"b": True}, 0, False)
    assert (in_doubt(second), second.still_firing, second.is_all_clear) == ({"b": True}, 0, False)


def test_what_was_left_out_and_not_paged_yet_keeps_the_next_page_from_being_clear() -> None:
    """Both may be read in one message, and the last page is taken to know best."""
    desk = Desk()
    desk.take(fires("a"), fires("b"))
    desk.take(fires("a"))

    last = desk.take(resolved("a"))

    assert last is not None
    assert (in_doubt(last), last.is_all_clear) == ({"b": True}, False)
    assert desk.known["b"].presence is Presence.MISSING


def test_what_is_left_out_is_news_even_if_nothing_else_is() -> None:
    desk = Desk()
    desk.take(fires("a"), fires("b"))

    page = desk.take(fires("a"))

    assert page is not None
    assert (page.items, in_doubt(page), page.still_firing) == ((), {"b": True}, 1)
    assert desk.take(fires("a")) is None, "it is said once"


def test_what_is_seen_again_before_it_is_paged_fires_as_before() -> None:
    desk = Desk()
    desk.take(fires("a"), fires("b"))
    desk.take(fires("a"))

    assert desk.take(fires("a"), fires("b")) is None
    assert desk.known["b"].presence is Presence.LISTED


@pytest.mark.parametrize(("truncated", "unread"), [(1, 0), (0, 1)])
def test_a_list_that_is_not_whole_leaves_nothing_out(truncated: int, unread: int) -> None:
    desk = Desk()
    desk.take(fires("a"), fires("b"))

    page = desk.take(resolved("a"), truncated=truncated, unread=unread)

    assert page is not None
    assert True not in in_doubt(page).values()
    assert (page.still_firing, page.is_all_clear) == (0, False)


def test_what_another_route_delivers_is_not_left_out_and_not_called_firing() -> None:
    desk = Desk()
    desk.take(fires("a"), group="one")
    desk.take(fires("b"), group="two")

    page = desk.take(resolved("b"), group="two")

    assert page is not None
    assert (in_doubt(page), page.still_firing, page.is_all_clear) == ({"a": False}, 0, False)
    assert desk.known["a"].is_known_to_fire


def test_after_an_edit_of_the_route_tree_what_is_not_repeated_for_a_day_is_left_out() -> None:
    desk = Desk()
    desk.take(fires("a"), fires("b"), group="before")
    desk.now += LONGEST_REPEAT + 1.0

    page = desk.take(fires("a"), group="after")

    assert in_doubt(page) == {"b": True}


def test_news_of_our_own_are_no_list() -> None:
    desk = Desk()
    desk.take(fires("a"), group=None)

    page = desk.take(fires("b"), group=None)

    assert page is not None
    assert (in_doubt(page), page.still_firing) == ({}, 1)


def test_what_was_lost_keeps_its_incident_from_being_clear_and_not_the_next_one() -> None:
    desk = Desk()
    desk.take(fires("a"), fires("b"), fires("c"))
    desk.take(resolved("a"), fires("c"))
    desk.known["b"] = structs.replace(desk.known["b"], presence=Presence.LOST)

    end = desk.take(resolved("c"))
    desk.now += 10_000.0
    desk.take(fires("d", T0 + 10_000.0))
    next_end = desk.take(resolved("d", T0 + 10_000.0, T0 + 10_060.0))

    assert end is not None
    assert next_end is not None
    assert (end.lost, end.is_all_clear) == (1, False)
    assert next_end.is_all_clear
    assert "b" not in desk.known


def test_what_was_lost_and_comes_again_is_news() -> None:
    desk = Desk()
    desk.take(fires("a"), fires("b"))
    desk.take(fires("a"))
    desk.known["b"] = structs.replace(desk.known["b"], presence=Presence.LOST)

    assert desk.kinds(fires("a"), fires("b")) == {"b": ItemKind.FIRED}


def test_an_alert_that_can_not_be_read_is_paged_once_in_an_hour() -> None:
    desk = Desk()
    desk.take(fires())

    first, second = desk.take(fires(), unread=1), desk.take(fires(), unread=1)
    desk.now += 3_600.0
    third = desk.take(unread=1)

    assert first is not None
    assert (first.items, first.unread, second) == ((), 1, None)
    assert third is not None


def test_what_is_in_doubt_is_known_by_its_labels() -> None:
    desk = Desk()
    labels = {"alertname": "Down", "target": "line", "job": "x"}
    desk.take(Alert("a", T0, labels=labels, annotations={"summary": "s"}), fires("b"))

    page = desk.take(resolved("b"))

    assert page is not None
    assert page.doubts == (Doubt(Alert("a", T0, labels={"alertname": "Down", "target": "line"}), T0),)


# --- properties --------------------------------------------------------------------------------

NAMES = ("a", "b", "c")


@st.composite
def histories(draw: st.DrawFn) -> list[tuple[float, tuple[Alert, ...], int, bool]]:
    """Draw deliveries of a thread: (seconds since the one before, alerts, truncated, whether it is a replay).

    Alerts really fire and end, over and over; whoever delivers says how they stand, and replays at will.
    """
    wall = T0
    states: dict[str, Alert] = {}
    deliveries: list[tuple[float, tuple[Alert, ...], int, bool]] = []
    for _ in range(draw(st.integers(1, 25))):
        pause = draw(st.sampled_from([0.0, 1.0, 5.0, 30.0, 119.0, 121.0, 700.0, 4_000.0]))
        wall += pause
        is_replay = draw(st.booleans())
        if deliveries and is_replay:
            _, alerts, truncated, _ = draw(st.sampled_from(deliveries))
            deliveries.append((pause, alerts, truncated, True))
            continue
        for name in draw(st.sets(st.sampled_from(NAMES))):
            wall += 1.0
            pause += 1.0
            old = states.get(name)
            states[name] = Alert(name, old.starts_at, wall) if old and old.fires else Alert(name, wall)
        alerts = tuple(states.values())
        truncated = draw(st.sampled_from([0, 0, 0, 2])) if alerts else 0
        kept = alerts[: max(1, len(alerts) - truncated)] if truncated else alerts
        deliveries.append((pause, tuple(draw(st.permutations(kept))), truncated, False))
    return deliveries


def occurrences(items: Sequence[Item]) -> set[tuple[str, float]]:
    return {(item.alert.fingerprint, item.alert.starts_at) for item in items if item.alert.fires}


@given(histories())
def test_whatever_fires_is_paged_as_firing_and_not_as_ended_since(
    history: list[tuple[float, tuple[Alert, ...], int, bool]],
) -> None:
    desk = Desk()
    told: dict[str, ItemKind] = {}
    for pause, alerts, truncated, is_replay in history:
        desk.now += pause
        page = desk.take(*alerts, truncated=truncated)
        told |= {item.alert.fingerprint: item.kind for item in page.items} if page else {}
        if not is_replay:
            assert all(told[each.fingerprint].fires for each in alerts if each.fires)


@given(histories())
def test_no_all_clear_while_anything_fires_or_is_unknown(
    history: list[tuple[float, tuple[Alert, ...], int, bool]],
) -> None:
    desk = Desk()
    told: dict[str, ItemKind] = {}
    for pause, alerts, truncated, _ in history:
        desk.now += pause
        page = desk.take(*alerts, truncated=truncated)
        if page is not None:
            told |= {item.alert.fingerprint: item.kind for item in page.items}
            is_over = all(kind is ItemKind.RESOLVED for kind in told.values())
            assert page.is_all_clear == (is_over and truncated == 0)


@given(histories())
def test_a_delivery_that_comes_again_tells_nothing(
    history: list[tuple[float, tuple[Alert, ...], int, bool]],
) -> None:
    desk = Desk()
    for pause, alerts, truncated, _ in history:
        desk.now += pause
        desk.take(*alerts, truncated=truncated)
        before = dict(desk.known)
        assert desk.take(*alerts, truncated=truncated) is None
        assert desk.known == before


@given(histories())
def test_an_occurrence_is_never_paged_as_firing_twice_within_the_time_of_duplicates(
    history: list[tuple[float, tuple[Alert, ...], int, bool]],
) -> None:
    desk = Desk()
    last: dict[tuple[str, float], float] = {}
    for pause, alerts, truncated, _ in history:
        desk.now += pause
        page = desk.take(*alerts, truncated=truncated)
        for told in occurrences(page.items if page else ()):
            assert desk.now - last.get(told, 0.0) >= DUPLICATE_WITHIN
            last[told] = desk.now
