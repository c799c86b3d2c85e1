"""Several pages in one message: every alert in its latest state."""

from __future__ import annotations

import pytest

from tests.paging.shapes import (
    DAY,
    HOUR,
    MINUTE,
    NOW,
    alert,
    down,
    fired,
    first_line,
    over,
    page,
    reminded,
    resolved,
)
from waexporter.paging.messages.compose import compose
from waexporter.paging.model import Alert, Item, ItemKind, Page


def test_every_alert_is_shown_in_its_latest_state() -> None:
    one, two, three = down(3, age=30 * MINUTE)
    pages = [
        page(*fired(one, two), *reminded(three)),
        page(*resolved(over(one, 60), over(three, 60)), still_firing=1),
    ]

    text = compose(pages, NOW)

    assert text.startswith(
        "DIGEST: 2 pages, 1 firing (1 critical), 2 resolved\n\nCRITICAL: A WhatsApp client"
    )
    assert "WhatsAppDown / shop-0: fired 02:01, cleared 02:30, could not be delivered until 02:31 UTC" in text
    assert "Fired 02:01, cleared 02:30 UTC (29 min)" in text  # people know that this one fired
    assert text.count("WhatsAppDown / shop-1\n") == 1


def test_an_alert_that_fires_again_is_firing() -> None:
    one = alert("WhatsAppDown", age=HOUR)
    again = alert("WhatsAppDown", age=MINUTE)

    text = compose([page(*fired(one)), page(*resolved(over(one, 300))), page(*fired(again))], NOW)

    assert text.startswith("DIGEST: 3 pages, 1 firing (1 critical)\n")
    assert "Since 02:30 UTC (1 min)" in text


def test_an_alert_that_is_twice_in_a_page_is_shown_in_its_latest_state() -> None:
    ended, again = over(alert("WhatsAppDown", age=HOUR), 300), alert("WhatsAppDown", age=MINUTE)

    texts = {
        compose([page(*items)], NOW)
        for items in (
            (*resolved(ended), *fired(again)),
            (*fired(again), *resolved(ended)),
            (*fired(again), *resolved(ended), *fired(again)),
        )
    }

    assert texts == {compose([page(*fired(again))], NOW)}


def test_an_alert_that_is_twice_in_a_page_has_ended_if_one_of_them_has() -> None:
    fires = alert("WhatsAppDown", age=HOUR)

    texts = {
        compose([page(*items)], NOW)
        for items in (
            (*fired(fires), *resolved(over(fires, 300))),
            (*resolved(over(fires, 300)), *fired(fires)),
        )
    }

    # Whoever contradicts himself is not believed that all is clear.
    assert [text.split("\n")[0] for text in texts] == ["RESOLVED: 1 of 1"]


def test_an_alert_that_began_in_the_future_has_no_age() -> None:
    text = compose([page(*fired(alert("WhatsAppDown", age=-5 * MINUTE)))], NOW)

    assert "\nSince 02:36 UTC\n" in text


def test_alerts_without_labels_are_shown_one_by_one() -> None:
    text = compose([page(*fired(Alert("a", NOW), Alert("b", NOW)))], NOW)

    assert text.count("ALERT: an alert without a name\nSince 02:31 UTC (0 s)") == 2


def test_an_alert_that_ended_on_another_day_than_it_began_has_its_date() -> None:
    one = alert("WhatsAppDown", age=DAY)

    text = compose([page(*fired(one)), page(*resolved(over(one, 60)))], NOW)

    assert "fired 2026-03-13 02:31, cleared 02:30, could not be delivered until 02:31 UTC" in text


@pytest.mark.parametrize(
    ("first", "second", "line"),
    [
        # Of the two others that fired with the second page, the first page tells one.
        (
            page(*fired(*down(1))),
            page(*resolved(*down(2)[1:]), still_firing=2),
            "DIGEST: 2 pages, 1 firing (1 critical), 1 resolved, 1 other still firing",
        ),
        (
            page(*resolved(*down(1)), still_firing=1),
            page(*resolved(*down(2)[1:])),
            "DIGEST: 2 pages, ALL CLEAR: 2 resolved",
        ),
        (
            page(*resolved(*down(1)), truncated=3),
            page(*resolved(*down(2)[1:])),
            "DIGEST: 2 pages, ALL CLEAR: 2 resolved",
        ),
        (
            page(*resolved(*down(1))),
            page(*resolved(*down(2)[1:]), truncated=3),
            "DIGEST: 2 pages, 0 firing, 2 resolved, 3 unknown",
        ),
        (
            page(*resolved(*down(1)), still_firing=1, thread="a"),
            page(*resolved(*down(2)[1:]), thread="b"),
            "DIGEST: 2 pages, 0 firing, 2 resolved, 1 other still firing",
        ),
        # The second page can't be right that all is clear, since no end of the first alert was reported.
        (
            page(*fired(*down(1))),
            page(*resolved(*down(2)[1:])),
            "DIGEST: 2 pages, 1 firing (1 critical), 1 resolved",
        ),
    ],
)
def test_all_is_clear_if_the_last_page_of_every_thread_is(first: Page, second: Page, line: str) -> None:
    assert first_line(first, second) == line


@pytest.mark.parametrize("kind", list(ItemKind))
def test_nothing_is_clear_while_an_alert_of_the_message_is_not_over(kind: ItemKind) -> None:
    first = page(Item(alert("WhatsAppBuildExpiring"), kind))
    second = page(*resolved(*down(1)))

    assert ("ALL CLEAR" in first_line(first, second)) is kind.is_over
