"""What the pager does by itself: watchdogs, verdicts, the heartbeat."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs

from tests.paging.fakes import BUSY, WALL
from waexporter.errors import UnreachableError
from waexporter.model import PagerSettings, State, Verdict

if TYPE_CHECKING:
    from pathlib import Path


from tests.paging.desk import Desk

# --- watchdogs ---------------------------------------------------------------------------------


def test_a_watchdog_pages_nobody_while_it_comes(desk: Desk) -> None:
    desk.receive(desk.alert("Watchdog"))
    desk.clock.move(180.0)
    desk.receive(desk.alert("Watchdog"))
    desk.pager.upkeep.tick()

    assert desk.run() == 0


def test_its_silence_pages_and_its_return_does_even_across_a_restart(desk: Desk) -> None:
    desk.receive(desk.alert("Watchdog"))
    desk.clock.move(100.0)
    desk.restart()
    desk.pager.upkeep.tick()
    assert desk.run() == 0
    desk.clock.move(91.0)

    for _ in range(3):
        desk.pager.upkeep.tick()
    desk.run()
    assert len(desk.texts()) == 1
    assert "WaExporterWatchdogMissing" in desk.texts()[0]

    desk.receive(desk.alert("Watchdog"))
    desk.pager.upkeep.tick()
    desk.run()
    assert len(desk.texts()) == 2


def test_a_daemon_that_was_gone_for_long_gives_watchdogs_time_to_be_seen_again(desk: Desk) -> None:
    desk.receive(desk.alert("Watchdog"))
    desk.pager.stop()
    desk.clock.move(3600.0)
    desk.restart()

    desk.pager.upkeep.tick()
    told_at_once = desk.run()
    desk.clock.move(91.0)
    desk.pager.upkeep.tick()

    assert told_at_once == 0
    assert desk.run() == 1


def test_a_watchdog_that_ended_is_no_sign_of_life(desk: Desk) -> None:
    desk.clock.move(100.0)
    desk.receive(desk.alert("Watchdog", ended=True))

    assert desk.pager.status(1).silences[0].seconds == 100.0


def test_a_watchdog_that_nobody_expects_is_logged_once_and_pages_nobody(tmp_path: Path) -> None:
    desk = Desk(tmp_path, PagerSettings(state_dir=str(tmp_path)))
    with capture_logs() as said:
        for _ in range(3):
            desk.receive(desk.alert("Watchdog"))

    assert desk.run() == 0
    assert [line["log_level"] for line in said] == ["warning"]
    desk.pager.stop()


# --- the built-in watch ------------------------------------------------------------------------


def test_a_verdict_that_holds_pages_and_so_does_its_end(desk: Desk) -> None:
    desk.verdicts = [("alpha", Verdict(State.DOWN, since=WALL, began=desk.clock.steady))]
    for _ in range(125):
        desk.pager.upkeep.tick()
        desk.clock.move(1.0)
    desk.run()
    assert ["WhatsAppDown" in text for text in desk.texts()] == [True]

    desk.verdicts = [("alpha", Verdict(State.OK, since=desk.clock.wall, began=desk.clock.steady))]
    for _ in range(125):
        desk.receive(desk.alert("Watchdog"))
        desk.pager.upkeep.tick()
        desk.clock.move(1.0)
    desk.run()
    assert len(desk.texts()) == 2


@pytest.mark.parametrize("jump", [3_600.0, -3_600.0], ids=["forward", "back"])
def test_a_clock_that_jumps_while_a_verdict_holds_changes_nothing(desk: Desk, jump: float) -> None:
    desk.verdicts = [("alpha", Verdict(State.DOWN, since=WALL, began=desk.clock.steady))]
    desk.clock.move(60.0)
    desk.clock.wall += jump
    desk.pager.upkeep.tick()
    assert desk.run() == 0

    desk.clock.move(60.0)
    desk.pager.upkeep.tick()

    assert desk.run() == 1
    assert "(2 min)" in desk.texts()[0]
    assert "Delayed" not in desk.texts()[0]


def test_a_restart_does_not_begin_the_time_of_a_verdict_anew(desk: Desk) -> None:
    desk.verdicts = [("alpha", Verdict(State.DOWN, since=WALL, began=desk.clock.steady))]
    desk.pager.upkeep.tick()
    desk.clock.move(100.0)
    desk.pager.upkeep.tick()
    desk.restart()
    desk.verdicts = [("alpha", Verdict(State.DOWN, since=desk.clock.wall, began=desk.clock.steady))]

    desk.clock.move(20.0)
    desk.pager.upkeep.tick()

    assert desk.run() == 1
    assert "(2 min)" in desk.texts()[0]


def test_without_watch_nobody_looks_at_verdicts(tmp_path: Path) -> None:
    desk = Desk(tmp_path, PagerSettings(state_dir=str(tmp_path)))
    desk.verdicts = [("alpha", Verdict(State.DOWN, since=WALL - 3_600.0))]

    desk.pager.upkeep.tick()

    assert desk.run() == 0
    desk.pager.stop()


# --- the heartbeat -----------------------------------------------------------------------------


def test_the_heartbeat_beats_while_all_is_well(desk: Desk) -> None:
    desk.pager.upkeep.tick()

    desk.pager.upkeep.send_heartbeat()

    assert desk.heartbeat.heard == [("", "")]


def test_it_says_what_keeps_people_from_being_paged(desk: Desk) -> None:
    desk.way("alpha").usual = BUSY
    desk.receive(desk.alert())
    desk.run()
    desk.clock.move(181.0)

    desk.pager.upkeep.send_heartbeat()

    [(suffix, body)] = desk.heartbeat.heard
    assert suffix == "/fail"
    assert body.splitlines() == ["watchdog eu: silent for 181 s", "a page has been waiting for 181 s"]


def test_a_page_that_waits_as_long_as_it_may_is_no_reason(desk: Desk) -> None:
    desk.way("alpha").usual = BUSY
    desk.receive(desk.alert())
    desk.clock.move(desk.settings.fallback_after + 60.0)

    assert desk.pager.upkeep.problems() == ()


@pytest.mark.parametrize(
    ("status", "error"),
    [(404, None), (404, UnreachableError("no connection")), (302, None), (500, None)],
    ids=["unknown", "unreachable", "a redirect, such as to sign in", "broken"],
)
def test_a_heartbeat_that_is_not_taken_is_logged_once(
    desk: Desk, status: int, error: Exception | None
) -> None:
    desk.heartbeat.status, desk.heartbeat.error = status, error
    with capture_logs() as said:
        for _ in range(3):
            desk.pager.upkeep.send_heartbeat()
    assert [line["event"] for line in said] == ["the heartbeat was not taken"]

    desk.heartbeat.status, desk.heartbeat.error = 200, None
    desk.pager.upkeep.send_heartbeat()
    desk.heartbeat.status = 500
    with capture_logs() as said:
        desk.pager.upkeep.send_heartbeat()
    assert said[0]["why"] == "answered 500"


@pytest.mark.parametrize(
    "body",
    [
        b"<!DOCTYPE html><title>Sign in</title>",
        b"<script>location='/login'</script>",
        b"OK (not found)",
        b"OK (rate limited)\n",
        b'{"ok":false,"msg":"Monitor not found or not active: T0K3N."}',
    ],
    ids=["a page to sign in", "a script that signs in", "unknown", "too often", "a no"],
)
def test_a_good_status_whose_body_says_no_took_no_heartbeat(desk: Desk, body: bytes) -> None:
    desk.heartbeat.body = body

    with capture_logs() as said:
        desk.pager.upkeep.send_heartbeat()

    [line] = said
    assert line["event"] == "the heartbeat was not taken"
    assert line["why"].startswith("answered 200")
    assert "T0K3N" not in line["why"], "it may repeat the address, which is a secret"


@pytest.mark.parametrize("body", [b"", b"OK", b'{"ok":true}', b"\xff", b"OK (test)"], ids=repr)
def test_a_good_status_without_a_no_took_the_heartbeat(desk: Desk, body: bytes) -> None:
    desk.heartbeat.body = body

    with capture_logs() as said:
        desk.pager.upkeep.send_heartbeat()

    assert not said
