"""The pager as a whole: what comes in, what is kept, what goes on by itself, what it says of itself."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs

from tests.paging.fakes import BUSY, GROUP, WALL, Rig
from waexporter.errors import JournalError, UnreachableError, WebhookError
from waexporter.model import PagerSettings, Secret, State, Verdict, Watchdog, WebhookAuth
from waexporter.paging.pager import Pager
from waexporter.timefmt import to_datetime
from waexporter.transport.exchange import Reply

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

EU = Watchdog("eu", (("alertname", "Watchdog"),), 180.0)


class FakeHeartbeat:
    """Where the heartbeat goes: remembers, and answers as it is told."""

    def __init__(self) -> None:
        self.status = 200
        self.body = b"OK"
        self.error: Exception | None = None
        self.heard: list[tuple[str, str]] = []

    def post(self, body: bytes, timeout: float, suffix: str = "") -> Reply:
        assert timeout > 0
        return self._answer(suffix, body.decode())

    def get(self, timeout: float) -> Reply:
        assert timeout > 0
        return self._answer("", "")

    def _answer(self, suffix: str, body: str) -> Reply:
        self.heard.append((suffix, body))
        if self.error is not None:
            raise self.error
        return Reply(self.status, self.body)


class Desk(Rig):
    """A pager whose workers are not started: what is due goes out by `run`."""

    def __init__(self, folder: Path, settings: PagerSettings) -> None:
        super().__init__(folder, settings)
        self.verdicts: list[tuple[str, Verdict]] = []
        self.heartbeat = FakeHeartbeat()
        self._begin()

    def restart(self) -> None:
        """Begin anew, as a restarted daemon does."""
        self.pager.stop()
        self._begin()

    def _begin(self) -> None:
        self.pager = Pager(
            self.settings,
            self.outlets,
            self.context,
            lambda: self.verdicts,
            self.heartbeat,
        )
        self.delivery, self.journal = self.pager._delivery, self.pager._journal

    def receive(self, *alerts: dict[str, object], truncated: int = 0) -> None:
        said = {"version": "4", "groupLabels": {"a": "b"}, "alerts": alerts, "truncatedAlerts": truncated}
        self.pager.receive(json.dumps(said).encode())

    def alert(self, name: str = "Down", *, ended: bool = False) -> dict[str, object]:
        start, end = to_datetime(WALL), to_datetime(self.clock.wall)
        assert start is not None
        assert end is not None
        said: dict[str, object] = {"labels": {"alertname": name}, "startsAt": start.isoformat()}
        said["fingerprint"] = name
        if ended:
            return said | {"status": "resolved", "endsAt": end.isoformat()}
        return said | {"status": "firing"}

    def texts(self) -> list[str]:
        return [message.text for message in self.way("alpha").sent]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    settings = PagerSettings(state_dir=str(tmp_path / "state"), watchdogs=(EU,), watch=True)
    made = Desk(tmp_path / "state", settings)
    yield made
    made.pager.stop()


def break_journal(desk: Desk) -> None:
    """Put a folder where the journal's file is to be."""
    desk.journal.close()
    desk.journal.path.unlink(missing_ok=True)
    desk.journal.path.mkdir(parents=True)


def mend_journal(desk: Desk) -> None:
    desk.journal.path.rmdir()


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


def test_a_restart_keeps_ages_groups_watchdogs_and_what_was_told(desk: Desk) -> None:
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


def test_a_daemon_that_was_gone_for_long_gives_watchdogs_time_to_be_heard_again(desk: Desk) -> None:
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


def test_a_watchdog_that_nobody_expects_is_said_once_and_pages_nobody(tmp_path: Path) -> None:
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


@pytest.mark.parametrize("jump", [3_600.0, -3_600.0], ids=["forward", "back"])
def test_a_page_that_waited_is_as_old_as_the_steady_clock_says(desk: Desk, jump: float) -> None:
    desk.receive(desk.alert())
    desk.clock.move(300.0)
    desk.clock.wall += jump

    desk.run()

    assert "Delayed 5 min" in desk.texts()[0]


def test_without_watch_nobody_looks_at_verdicts(tmp_path: Path) -> None:
    desk = Desk(tmp_path, PagerSettings(state_dir=str(tmp_path)))
    desk.verdicts = [("alpha", Verdict(State.DOWN, since=WALL - 3_600.0))]

    desk.pager.upkeep.tick()

    assert desk.run() == 0
    desk.pager.stop()


# --- what a delivery leaves out ------------------------------------------------------------------


class FakeAlertmanager:
    """Has alerts, or can't be asked; knows how often it was."""

    def __init__(self, *alerts: dict[str, object]) -> None:
        self.asked = 0
        self.status = 200
        self.have(*alerts)

    def have(self, *alerts: dict[str, object]) -> None:
        """Reply with these alerts from now on."""
        self.body = json.dumps(alerts).encode()

    def read(self, timeout: float, suffix: str) -> Reply:
        assert timeout > 0
        self.asked += suffix.startswith("/api/v2/alerts")
        if suffix.startswith("/api/v2/alerts"):
            return Reply(self.status, self.body)
        return Reply(200, b'{"uptime": "2023-11-14T22:13:20Z"}', date=WALL + 86_400.0)


def group_of(desk: Desk, *alerts: dict[str, object]) -> None:
    """Deliver all that a group of Alertmanager has."""
    group_of_another(desk, "4", *alerts)


def group_of_another(desk: Desk, version: str, *alerts: dict[str, object]) -> None:
    """Deliver all that a group has in Alertmanager's form of a version."""
    said = {"groupKey": "{}:{}", "receiver": "on-call", "groupLabels": {"a": "b"}, "alerts": alerts}
    desk.pager.receive(json.dumps(said | {"version": version}).encode())


def ask(desk: Desk, *alerts: dict[str, object]) -> FakeAlertmanager:
    """Reconfigure the pager to query an Alertmanager with these alerts."""
    alertmanager = FakeAlertmanager(*alerts)
    desk.pager.reconfigure(desk.settings, desk.outlets._replace(alertmanager=alertmanager), desk.heartbeat)
    return alertmanager


def active(name: str) -> dict[str, object]:
    """Return an alert as Alertmanager lists it."""
    return {"fingerprint": name, "labels": {"a": "b"}, "status": {"state": "active"}}


def test_without_anybody_to_ask_the_end_waits_a_little_and_says_no_more_than_is_known(desk: Desk) -> None:
    group_of(desk, desk.alert("One"), desk.alert("Two"))
    desk.run()
    group_of(desk, desk.alert("One", ended=True))
    assert desk.run() == 0, "of a pair of Alertmanagers the other one may speak yet"

    desk.clock.move(20.0)
    desk.run()

    head = desk.texts()[1].split("\n")[0]
    assert head == "RESOLVED: 1 resolved, 1 not heard of any more (silenced, inhibited or ended)"


def test_two_pages_in_one_message_are_no_all_clear_while_nobody_heard_of_one_alert(desk: Desk) -> None:
    group_of(desk, desk.alert("One"), desk.alert("Two"))
    desk.run()
    group_of(desk, desk.alert("One"))
    group_of(desk, desk.alert("One", ended=True))

    desk.clock.move(20.0)
    desk.run()

    head = desk.texts()[1].split("\n")[0]
    assert (
        head
        == "DIGEST: 2 pages, 0 firing, 1 resolved, 1 not heard of any more (silenced, inhibited or ended)"
    )


def test_what_fires_ends_the_wait_of_the_pages_before_it(desk: Desk) -> None:
    group_of(desk, desk.alert("One"), desk.alert("Two"))
    desk.run()
    group_of(desk, desk.alert("One"))
    assert desk.run() == 0

    group_of(desk, desk.alert("One"), desk.alert("Three"))

    assert desk.run() == 1
    assert desk.texts()[1].startswith("DIGEST: 2 pages, 1 firing")


def test_an_alertmanager_that_does_not_answer_gives_another_replica_its_time(desk: Desk) -> None:
    ask(desk).status = 503
    group_of(desk, desk.alert("One"), desk.alert("Two"))
    desk.run()
    group_of(desk, desk.alert("One", ended=True))
    desk.run()
    told = len(desk.texts())
    desk.clock.move(2.0)
    group_of(desk, desk.alert("One", ended=True), desk.alert("Two"))

    desk.clock.move(18.0)
    desk.run()

    assert told == 1
    assert desk.texts()[1].startswith("RESOLVED: 1 of 2, 1 still firing")


def test_an_alertmanager_that_never_answers_keeps_no_page_back(desk: Desk) -> None:
    ask(desk).status = 503
    group_of(desk, desk.alert("One"), desk.alert("Two"))
    desk.run()
    group_of(desk, desk.alert("One", ended=True))
    desk.run()

    desk.clock.move(20.0)
    desk.run()

    assert desk.texts()[1].startswith("RESOLVED: 1 resolved, 1 not heard of any more")


def test_what_another_replica_says_meanwhile_is_no_news(desk: Desk) -> None:
    group_of(desk, desk.alert("One"), desk.alert("Two"))
    desk.run()
    desk.clock.move(5.0)
    group_of(desk, desk.alert("One"))
    desk.clock.move(5.0)
    group_of(desk, desk.alert("One"), desk.alert("Two"))

    desk.clock.move(20.0)
    desk.run()

    assert len(desk.texts()) == 1
    assert desk.pager.status(5).pending == 0
    assert len(desk.pager.status(5).latest) == 1, "a page that had nothing to tell is none"


def test_what_fires_waits_for_nobody(desk: Desk) -> None:
    group_of(desk, desk.alert("One"))
    desk.run()
    group_of(desk, desk.alert("Two"))

    assert desk.run() == 1


def test_asked_alertmanager_makes_an_end_certain_at_once(desk: Desk) -> None:
    alertmanager = ask(desk, active("One"), active("Two"))
    group_of(desk, desk.alert("One"), desk.alert("Two"))
    desk.run()
    alertmanager.have()
    group_of(desk, desk.alert("One", ended=True))

    desk.run()

    assert desk.texts()[1].startswith("ALL CLEAR: 1 resolved, 1 gone from Alertmanager")
    assert alertmanager.asked == 2, "once while they fired, once when one had ended"


@pytest.mark.parametrize("version", ["4", "1", ""])
def test_an_alertmanager_that_never_had_the_group_does_not_know_what_became_of_it(
    desk: Desk, version: str
) -> None:
    ask(desk)
    group_of_another(desk, version, desk.alert("One"), desk.alert("Two"))
    desk.run()
    group_of_another(desk, version, desk.alert("One", ended=True))

    desk.clock.move(20.0)
    desk.run()

    head = desk.texts()[1].split("\n")[0]
    assert head == "RESOLVED: 1 resolved, 1 not heard of any more (silenced, inhibited or ended)"


def test_alertmanager_is_not_asked_about_what_only_looks_like_its_own(desk: Desk) -> None:
    alertmanager = ask(desk, active("One"), active("Two"))

    group_of_another(desk, "1", desk.alert("One"), desk.alert("Two"))
    desk.run()

    assert alertmanager.asked == 0


def test_what_alertmanager_still_has_is_told_and_its_reminder_too(desk: Desk) -> None:
    group_of(desk, desk.alert("One"), desk.alert("Two"))
    desk.run()
    ask(desk, active("Two"))
    group_of(desk, desk.alert("One", ended=True))
    desk.run()
    desk.clock.move(3_600.0)
    group_of(desk, desk.alert("Two"))
    desk.run()

    assert desk.texts()[1].startswith("RESOLVED: 1 of 2, 1 still firing")
    assert desk.texts()[2].startswith("REMINDER: 1 alert still firing")


def test_what_was_said_to_be_gone_survives_a_failed_attempt(desk: Desk) -> None:
    alertmanager = ask(desk, active("One"), active("Two"))
    group_of(desk, desk.alert("One"), desk.alert("Two"))
    desk.run()
    alertmanager.have()
    desk.way("alpha").outcomes.append(BUSY)
    group_of(desk, desk.alert("One", ended=True))

    desk.run()
    desk.clock.move(60.0)
    desk.run()

    assert [text.split("\n")[0] for text in desk.texts()[1:]] == [
        "ALL CLEAR: 1 resolved, 1 gone from Alertmanager"
    ] * 2


@pytest.mark.parametrize(
    ("there", "told"),
    [([active("One")], ["FIRING: 1 alert"]), ([], []), (None, [])],
    ids=["it is active", "it is over", "nobody answers"],
)
def test_what_fires_again_with_the_start_it_had_is_told_if_alertmanager_has_it(
    desk: Desk, there: list[dict[str, object]] | None, told: list[str]
) -> None:
    alertmanager = ask(desk)
    group_of(desk, desk.alert("One"))
    desk.run()
    group_of(desk, desk.alert("One", ended=True))
    desk.run()
    before = len(desk.texts())
    alertmanager.have(*there or ())
    alertmanager.status = 503 if there is None else 200
    desk.clock.move(30.0)

    group_of(desk, desk.alert("One"))
    desk.run()

    assert [text.split("\n")[0] for text in desk.texts()[before:]] == told
    assert desk.pager.status(5).pending == 0


def test_what_fires_again_survives_a_failed_attempt_and_ends_anew(desk: Desk) -> None:
    alertmanager = ask(desk, active("One"))
    group_of(desk, desk.alert("One"))
    desk.run()
    alertmanager.have()
    group_of(desk, desk.alert("One", ended=True))
    desk.run()
    alertmanager.have(active("One"))
    desk.way("alpha").outcomes.append(BUSY)
    group_of(desk, desk.alert("One"))
    desk.run()
    alertmanager.status = 503
    desk.clock.move(60.0)
    desk.run()
    desk.clock.move(60.0)
    group_of(desk, desk.alert("One", ended=True))
    desk.run()

    heads = [text.split("\n")[0] for text in desk.texts()[2:]]
    assert heads == ["FIRING: 1 alert", "FIRING: 1 alert", "ALL CLEAR: 1 resolved"]


def test_nothing_is_clear_where_nobody_can_read_how_many_were_left_out(desk: Desk) -> None:
    said = {"version": "4", "groupKey": "{}:{}", "groupLabels": {"a": "b"}, "truncatedAlerts": "some"}
    for ended in (False, True):
        desk.pager.receive(json.dumps(said | {"alerts": [desk.alert("One", ended=ended)]}).encode())
        desk.run()

    assert desk.texts()[1].startswith("RESOLVED: 1 resolved, others may have been left out")


# --- the journal -------------------------------------------------------------------------------


def test_while_the_journal_can_not_be_written_webhooks_fail_and_it_is_said_once(desk: Desk) -> None:
    break_journal(desk)
    with capture_logs() as said:
        for _ in range(3):
            with pytest.raises(JournalError, match=r"pages\.sqlite"):
                desk.receive(desk.alert())
            desk.pager.upkeep.tick()

    status = desk.pager.status(5)
    assert [line["log_level"] for line in said] == ["error"]
    assert status.problem is not None
    assert "pages.sqlite" in status.problem
    assert status.latest == ()
    assert desk.value("waexporter_journal_writable") == 0
    assert "the journal can't be written" in desk.pager.upkeep.problems()


def test_it_mends_itself(desk: Desk) -> None:
    break_journal(desk)
    desk.pager.upkeep.tick()
    mend_journal(desk)

    desk.receive(desk.alert())

    assert desk.pager.status(5).problem is None
    assert desk.value("waexporter_journal_writable") == 1
    assert desk.run() == 1


def test_a_journal_that_fails_later_mends_itself_too(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.receive(desk.alert())

    def refuse() -> None:
        raise JournalError("pages.sqlite: disk full")

    with monkeypatch.context() as patch:
        patch.setattr(desk.journal, "prune", lambda *_: refuse())
        patch.setattr(desk.journal, "check_writable", refuse)
        desk.pager.upkeep.tick()
        with pytest.raises(JournalError):
            desk.receive(desk.alert("Other"))
        assert desk.pager.status(1).problem == "pages.sqlite: disk full"

    desk.pager.upkeep.tick()
    desk.receive(desk.alert("Other"))
    assert desk.pager.status(1).problem is None


def test_a_daemon_starts_with_a_journal_that_can_not_be_used(desk: Desk) -> None:
    break_journal(desk)

    desk.pager.start()

    assert desk.pager.status(1).problem is not None
    desk.pager.remember_group("alpha", GROUP)
    assert desk.pager.remembered_group("alpha") is None


def test_a_damaged_fact_is_as_good_as_none(desk: Desk) -> None:
    desk.journal.save_fact("watchdog", "eu", "long ago")
    desk.journal.close()

    desk.pager.upkeep.tick()

    assert desk.pager.status(1).problem is None
    assert desk.pager.status(1).silences[0].seconds == 0.0


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
def test_a_heartbeat_that_is_not_taken_is_said_once(desk: Desk, status: int, error: Exception | None) -> None:
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
