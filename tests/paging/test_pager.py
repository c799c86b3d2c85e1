"""The pager as a whole: what comes in, what is kept, what it does after a restart or with other settings."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from tests.paging.desk import EU, Desk, FakeHeartbeat
from tests.paging.fakes import GROUP
from waexporter.errors import WebhookError
from waexporter.model import Secret, Watchdog, WebhookAuth


def test_an_alert_comes_in_and_goes_out(desk: Desk) -> None:
    desk.receive(desk.alert())
    assert [entry.state.value for entry in desk.pager.status(5).latest] == ["pending"]

    desk.run()

    assert [entry.state.value for entry in desk.pager.status(5).latest] == ["accepted"]
    assert "Down" in desk.texts()[0]


def test_a_webhook_delivered_twice_pages_once(desk: Desk) -> None:
    for _ in range(2):
        desk.receive(desk.alert())

    desk.run()

    assert len(desk.texts()) == 1
    assert desk.value("waexporter_pages_total", channel="whatsapp", result="suppressed") == 1


def test_what_is_no_webhook_is_refused(desk: Desk) -> None:
    with pytest.raises(WebhookError):
        desk.pager.receive(b"{}")


def test_what_was_not_out_goes_out_after_a_restart_in_order(desk: Desk) -> None:
    desk.receive(desk.alert("One"))
    desk.receive(desk.alert("Two"))
    desk.clock.move(30.0)
    desk.restart()

    desk.pager.start()
    ends = time.monotonic() + 60.0
    while desk.delivery.pending():
        assert time.monotonic() < ends
        time.sleep(0.01)

    sent = [alert.fingerprint for message in desk.way("alpha").sent for alert in message.alerts]
    assert sent == ["One", "Two"]


def test_a_restart_keeps_ages_groups_watchdogs_and_what_was_paged(desk: Desk) -> None:
    desk.receive(desk.alert("Down"), desk.alert("Watchdog"))
    desk.pager.remember_group("alpha", GROUP)
    desk.run()
    accepted_at = desk.clock.wall
    desk.receive(desk.alert("Other"))
    desk.clock.move(50.0)

    desk.restart()
    assert desk.pager.status(5).pending == 1, "asked for the first time, the journal is opened"

    assert desk.pager.status(5).oldest == pytest.approx(50.0)
    assert desk.pager.remembered_group("alpha") == GROUP
    assert [silence.seconds for silence in desk.pager.status(1).silences] == [pytest.approx(50.0)]
    last = desk.value("waexporter_page_last_success_timestamp_seconds", channel="whatsapp")
    assert last == accepted_at
    desk.receive(desk.alert("Down"))
    assert desk.pager.status(5).pending == 1, "it was told before"


def test_a_start_long_ago_by_a_clock_that_jumped_ages_nothing(desk: Desk) -> None:
    desk.receive(desk.alert("Watchdog"))
    desk.receive(desk.alert())
    desk.clock.wall += 3_600.0

    desk.pager.upkeep.tick()

    assert desk.pager.status(5).oldest == 0.0
    assert [silence.seconds for silence in desk.pager.status(1).silences] == [0.0]
    assert not desk.pager.upkeep.problems()


@pytest.mark.parametrize("jump", [3_600.0, -3_600.0], ids=["forward", "back"])
def test_a_page_that_waited_is_as_old_as_the_steady_clock_says(desk: Desk, jump: float) -> None:
    desk.receive(desk.alert())
    desk.clock.move(300.0)
    desk.clock.wall += jump

    desk.run()

    assert "Delayed 5 min" in desk.texts()[0]


# --- threads -----------------------------------------------------------------------------------


def test_a_page_is_handed_on_before_the_next_one_of_its_thread_can_be_decided(desk: Desk) -> None:
    """Else a resolved alert might be told before it fired."""
    held: list[bool] = []
    take = desk.delivery.enqueue

    def look(*arguments: object) -> None:
        held.append(desk.journal._lock.locked())
        take(*arguments)  # type: ignore[arg-type]

    desk.delivery.enqueue = look  # type: ignore[method-assign,assignment]

    desk.receive(desk.alert())

    assert held == [True]


# --- other settings ----------------------------------------------------------------------------

US = Watchdog("us", (("alertname", "Watchdog"), ("prometheus", "us")), 60.0)


def test_other_watchdogs_are_expected_from_the_moment_they_are_configured(desk: Desk) -> None:
    desk.pager.start()
    desk.clock.move(170.0)
    settings = replace(desk.settings, watchdogs=(US,), watch=False)

    desk.pager.reconfigure(settings, desk.outlets, desk.heartbeat)

    assert desk.value("waexporter_watchdog_age_seconds", source="us") == 0.0
    assert desk.value("waexporter_watchdog_age_seconds", source="eu") is None
    desk.clock.move(59.0)
    desk.pager.upkeep.tick()
    assert desk.pager.status(5).latest == ()
    desk.clock.move(2.0)
    desk.pager.upkeep.tick()
    [entry] = desk.pager.status(5).latest
    assert entry.page.items[0].alert.labels["source"] == "us"


def test_a_watchdog_that_was_away_for_a_while_begins_anew(desk: Desk) -> None:
    without = replace(desk.settings, watchdogs=())
    desk.pager.start()
    desk.pager.reconfigure(without, desk.outlets, desk.heartbeat)
    desk.clock.move(10_000.0)

    desk.pager.reconfigure(desk.settings, desk.outlets, desk.heartbeat)

    assert [silence.seconds for silence in desk.pager.status(1).silences] == [0.0]


def test_a_watchdog_that_stays_has_been_silent_for_as_long_as_before(desk: Desk) -> None:
    desk.pager.start()
    desk.clock.move(100.0)

    desk.pager.reconfigure(replace(desk.settings, watchdogs=(US, EU)), desk.outlets, desk.heartbeat)

    assert [(each.source, each.seconds) for each in desk.pager.status(1).silences] == [
        ("us", 0.0),
        ("eu", 100.0),
    ]


def test_the_heartbeat_goes_where_it_is_expected_now(desk: Desk) -> None:
    other = FakeHeartbeat()

    desk.pager.reconfigure(desk.settings, desk.outlets, other)
    desk.pager.upkeep.send_heartbeat()

    assert (desk.heartbeat.heard, len(other.heard)) == ([], 1)


def test_what_came_in_before_goes_out_by_the_settings_after(desk: Desk) -> None:
    desk.receive(desk.alert())
    settings = replace(desk.settings, webhook=WebhookAuth(secret=Secret("new")))

    desk.pager.reconfigure(settings, desk.outlets, desk.heartbeat)
    desk.receive(desk.alert("Second"))
    desk.run()

    assert desk.pager.settings.webhook.secret == Secret("new")
    assert [entry.state.value for entry in desk.pager.status(5).latest] == ["accepted", "accepted"]
    assert len(desk.texts()) == 1  # of one thread, so told together
