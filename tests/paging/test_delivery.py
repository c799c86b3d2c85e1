"""What goes out when: in order, within the rate, again until it is time to give up."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs

from tests.e2e.waiting import wait_for
from tests.paging.fakes import BUSY, GROUP, LIMITED, SILENCE, UNKNOWN_GROUP, FakeChannel, Rig, an_alert
from waexporter.errors import JournalError
from waexporter.model import PagerSettings, Rate, State
from waexporter.paging.channels import Outcome
from waexporter.paging.channels.recipients import Recipient
from waexporter.paging.routing import Carrier

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from waexporter.paging.queue import QueuedPage
    from waexporter.paging.routing import Routes

PATIENCE = 60.0  # seconds; only a test that fails takes as long


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path)


def test_a_page_goes_out_and_its_end_is_in_the_journal_and_in_the_metrics(rig: Rig) -> None:
    rig.page("thread", an_alert("Burning"))
    rig.clock.move(2.0)

    assert rig.run() == 1

    [entry] = rig.journal.latest(1)
    assert (entry.state.value, entry.channel, entry.destination) == (
        "accepted",
        "whatsapp",
        f"alpha/{GROUP}",
    )
    assert (entry.attempts, entry.repeats, entry.done_at) == (1, 0, rig.clock.wall)
    assert "Burning" in rig.way("alpha").sent[0].text
    assert rig.delivery.pending() == 0
    assert rig.value("waexporter_pages_total", channel="whatsapp", result="accepted") == 1
    assert rig.value("waexporter_page_attempts_total", channel="whatsapp", code="ok") == 1
    assert rig.value("waexporter_page_delivery_seconds_sum", channel="whatsapp") == 2.0
    last = rig.value("waexporter_page_last_success_timestamp_seconds", channel="whatsapp")
    assert last == rig.clock.wall


def test_what_waits_is_counted_with_its_age(rig: Rig) -> None:
    assert (rig.delivery.pending(), rig.delivery.oldest()) == (0, 0.0)

    rig.page()
    rig.clock.move(7.0)
    rig.page("other")

    assert (rig.delivery.pending(), rig.delivery.oldest()) == (2, 7.0)


def test_a_temporary_failure_is_tried_again_after_a_pause_that_grows(rig: Rig) -> None:
    rig.way("alpha").usual = BUSY
    rig.jitter = 1.0
    rig.page()
    began = rig.clock.steady
    attempts: list[float] = []
    while len(attempts) < 8:
        attempts += [rig.clock.steady - began] * rig.run()
        rig.clock.move(1.0)

    pauses = [after - before for before, after in pairwise(attempts)]
    assert pauses[:6] == [2.0, 4.0, 8.0, 16.0, 32.0, 60.0]
    assert max(pauses) == 60.0
    assert rig.states() == ["pending"]
    assert "the client is overloaded" in rig.journal.latest(1)[0].why


@pytest.mark.parametrize(
    ("retry_after", "attempts"),
    [(20.0, [0, 20, 40]), (0.5, [0, 1, 2]), (90.0, [0, 90, 180]), (3600.0, [0, 300, 600])],
)
def test_a_way_that_asks_for_patience_is_not_used_before(
    retry_after: float, attempts: list[float], rig: Rig
) -> None:
    rig.way("alpha").outcomes.extend([replace(LIMITED, retry_after=retry_after)] * 2)
    began, made = rig.clock.steady, []
    rig.way("alpha").on_send = lambda: made.append(rig.clock.steady - began)
    rig.page()

    while rig.delivery.pending():
        rig.run()
        rig.clock.move(0.5)

    assert [round(each) for each in made] == attempts
    assert rig.states() == ["accepted"]


def test_a_page_is_left_alone_until_a_way_may_be_used_again(rig: Rig) -> None:
    rig.way("alpha").outcomes.append(replace(LIMITED, retry_after=20.0))
    rig.page()
    rounds = [rig.run()]

    for _ in range(20):
        rig.clock.move(1.0)
        rounds.append(rig.run())

    assert rounds == [1] + [0] * 19 + [1]


def test_a_page_that_has_to_wait_for_every_way_says_why_and_is_tried_before_it_is_given_up(
    tmp_path: Path,
) -> None:
    rig = Rig(tmp_path, PagerSettings(give_up_after=100.0))
    rig.way("alpha").usual = replace(LIMITED, retry_after=3600.0)
    rig.page()
    rig.run()
    rig.clock.move(60.0)
    rig.run()
    assert rig.journal.latest(1)[0].why == "alpha: asks not to be used for 240 s more"
    assert len(rig.way("alpha").sent) == 1

    rig.clock.move(40.0)
    rig.run()

    assert rig.states() == ["failed"]
    assert len(rig.way("alpha").sent) == 2


def test_without_luck_the_pause_is_a_second(rig: Rig) -> None:
    rig.way("alpha").outcomes.extend([BUSY] * 5)
    rig.page()
    for _ in range(5):
        assert rig.run() == 1
        rig.clock.move(0.99)
        assert rig.run() == 0
        rig.clock.move(0.01)
    assert rig.run() == 1
    assert rig.states() == ["accepted"]


def test_a_page_that_can_not_be_delivered_is_given_up_in_time_and_logged_as_an_error(rig: Rig) -> None:
    rig.way("alpha").usual = BUSY
    rig.jitter = 1.0
    rig.page()
    with capture_logs() as said:
        while rig.delivery.pending():
            rig.run()
            rig.clock.move(1.0)

    assert {"event": "A PAGE COULD NOT BE DELIVERED", "log_level": "error"}.items() <= said[-1].items()

    assert rig.clock.steady - 1_000.0 == pytest.approx(rig.settings.give_up_after + 1.0)
    assert rig.states() == ["failed"]
    assert rig.value("waexporter_pages_total", channel="whatsapp", result="failed") == 1


def test_a_page_is_not_given_up_before_its_time_with_an_older_one_of_its_thread(rig: Rig) -> None:
    rig.way("alpha").usual = BUSY
    rig.page()
    rig.run()
    rig.clock.move(rig.settings.give_up_after - 1.0)
    rig.page()
    rig.clock.move(1.0)

    rig.run()
    assert rig.states() == ["failed", "pending"]

    rig.way("alpha").usual = Outcome("ok")
    rig.clock.move(60.0)
    rig.run()
    assert rig.states() == ["failed", "accepted"]


def test_a_permanent_failure_of_the_only_way_fails_at_once(rig: Rig) -> None:
    rig.way("alpha").usual = UNKNOWN_GROUP
    rig.page()

    rig.run()

    [entry] = rig.journal.latest(1)
    assert (entry.state.value, entry.why) == ("failed", "alpha: there is no such group")


def test_pages_of_one_thread_go_out_together_and_in_order(rig: Rig) -> None:
    rig.way("alpha").outcomes.append(BUSY)
    rig.page("thread", an_alert("first"))
    rig.run()
    rig.page("thread", an_alert("second"))
    assert rig.run() == 0, "a later page does not overtake"
    rig.clock.move(60.0)

    assert rig.run() == 1

    assert [alert.fingerprint for alert in rig.way("alpha").sent[-1].alerts] == ["first", "second"]
    assert rig.states() == ["accepted", "accepted"]


def test_a_thread_that_has_to_wait_keeps_no_other_waiting(rig: Rig) -> None:
    rig.way("alpha").outcomes.append(BUSY)
    rig.page("one")
    rig.run()
    rig.page("two")

    rig.run()

    assert rig.states() == ["pending", "accepted"]


def test_two_workers_are_never_at_one_thread(rig: Rig) -> None:
    rig.page("thread", an_alert("first"))
    seen: list[bool] = []

    def look() -> None:
        if not seen:
            rig.page("thread", an_alert("second"))
            seen.append(rig.delivery.deliver_next(0))

    rig.way("alpha").on_send = look

    rig.run()

    assert seen == [False]
    assert [len(message.alerts) for message in rig.way("alpha").sent] == [1, 1]


# --- the rate ----------------------------------------------------------------------------------


def test_above_the_rate_pages_go_out_together_and_none_is_dropped(tmp_path: Path) -> None:
    rig = Rig(tmp_path, PagerSettings(rate=Rate(10, 300.0)))
    for number in range(100):
        rig.page(f"thread {number}")
    began = rig.clock.steady
    while rig.delivery.pending():
        rig.run()
        rig.clock.move(1.0)

    sent = rig.way("alpha").sent
    assert len(sent) <= 10
    assert {alert.fingerprint for message in sent for alert in message.alerts} == {
        f"thread {number}" for number in range(100)
    }
    assert rig.clock.steady - began < 300.0, "a digest does not wait for the whole window"
    assert rig.states() == ["accepted"] * 100


def test_a_message_under_way_counts_for_the_rate(tmp_path: Path) -> None:
    rig = Rig(tmp_path, PagerSettings(rate=Rate(1, 300.0)))
    rig.page("one")
    rig.page("two")
    seen: list[bool] = []
    rig.way("alpha").on_send = lambda: seen.append(rig.delivery.deliver_next(0)) if not seen else None

    rig.run()

    assert seen == [False]
    assert len(rig.way("alpha").sent) == 1
    rig.clock.move(300.0)
    rig.run()
    assert rig.states() == ["accepted", "accepted"]


def test_a_message_that_was_not_taken_costs_nothing_of_the_rate(tmp_path: Path) -> None:
    rig = Rig(tmp_path, PagerSettings(rate=Rate(1, 300.0)))
    rig.way("alpha").outcomes.append(BUSY)
    rig.page()
    rig.run()
    rig.clock.move(1.0)

    rig.run()

    assert rig.states() == ["accepted"]


def test_the_rate_holds_for_a_group_through_whichever_target(tmp_path: Path) -> None:
    rig = Rig(tmp_path, PagerSettings(rate=Rate(1, 300.0)))
    rig.carriers = [Carrier("alpha", State.OK, (GROUP,)), Carrier("beta", State.OK, (GROUP,))]
    rig.page("one", an_alert("one", "alpha"))
    rig.page("two", an_alert("two", "beta"))

    rig.run()

    assert rig.states() == ["accepted", "pending"]


def test_what_went_out_before_a_restart_counts_for_the_rate(tmp_path: Path) -> None:
    rig = Rig(tmp_path, PagerSettings(rate=Rate(1, 300.0)))
    rig.delivery.count_sent(f"beta/{GROUP}", 100.0)
    rig.page()

    assert rig.run() == 0
    rig.clock.move(199.0)
    assert rig.run() == 0
    rig.clock.move(1.0)
    assert rig.run() == 1


def test_who_waits_for_the_rate_goes_another_way_when_one_opens(tmp_path: Path) -> None:
    rig = Rig(tmp_path, PagerSettings(rate=Rate(1, 300.0)), fallback=1)
    rig.delivery.count_sent(f"alpha/{GROUP}", 0.0)
    rig.page()
    assert rig.run() == 0

    rig.carriers = [Carrier("alpha", State.DOWN, (GROUP,))]

    assert rig.run() == 1
    assert len(rig.fallback[0].sent) == 1


def test_in_a_storm_the_way_of_each_page_is_looked_for_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thousand threads wait for a thousand targets, and every webhook makes a worker look again."""
    rig = Rig(tmp_path, PagerSettings(rate=Rate(1, 300.0)))
    rig.delivery.count_sent(f"alpha/{GROUP}", 0.0)
    for number in range(20):
        rig.page(f"thread {number}")
    looked: list[object] = []
    routes = rig.delivery._attempts.routes

    def look(batch: Sequence[QueuedPage], carriers: Sequence[Carrier]) -> Routes:
        looked.append(batch)
        return routes(batch, carriers)

    monkeypatch.setattr(rig.delivery._attempts, "routes", look)

    for _ in range(10):
        assert rig.run() == 0

    assert len(looked) == 20


# --- what must not cost a page -----------------------------------------------------------------


def test_people_are_paged_while_the_journal_can_not_be_written_and_it_is_noted_later(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig.page()

    def refuse(*_: object, **__: object) -> None:
        raise JournalError("disk full")

    with monkeypatch.context() as patch:
        patch.setattr(rig.journal, "begin_attempt", refuse)
        patch.setattr(rig.journal, "finish", refuse)
        rig.run()

    assert len(rig.way("alpha").sent) == 1
    assert rig.states() == ["pending"]
    assert rig.value("waexporter_journal_writable") == 0

    rig.delivery.save_results()

    assert rig.states() == ["accepted"]
    assert rig.value("waexporter_journal_writable") == 1
    assert rig.run() == 0, "it is not sent again"


def test_a_bug_costs_time_and_no_page(rig: Rig) -> None:
    def crash() -> None:
        raise ZeroDivisionError

    rig.way("alpha").on_send = crash
    rig.page()
    rig.run()

    assert [str(each) for each in rig.crashes] == ["ZeroDivisionError"]
    assert rig.states() == ["pending"]

    rig.way("alpha").on_send = lambda: None
    rig.clock.move(60.0)
    rig.run()
    assert rig.states() == ["accepted"]
    assert rig.journal.latest(1)[0].repeats == 1, "nobody knows whether it had arrived"


def test_a_page_with_a_bug_in_it_is_given_up_in_time(rig: Rig) -> None:
    def crash() -> None:
        raise ZeroDivisionError

    rig.way("alpha").on_send = crash
    rig.page()
    rig.run()
    rig.clock.move(rig.settings.give_up_after)

    rig.run()

    assert rig.states() == ["failed"]


def test_a_worker_outlives_a_bug_outside_of_any_attempt(rig: Rig) -> None:
    carriers = rig.carriers
    calls: list[int] = []

    def stumble() -> list[Carrier]:
        calls.append(1)
        if len(calls) <= 4:
            raise KeyError("alpha")
        return carriers

    rig.delivery._outlets = rig.outlets._replace(carriers=stumble)
    rig.page()
    rig.delivery.start()

    wait_for(lambda: rig.states() == ["accepted"])
    assert len(rig.crashes) == 4


# --- threads -----------------------------------------------------------------------------------


def test_workers_deliver_what_they_are_given_and_stop(rig: Rig) -> None:
    rig.delivery.start()
    for number in range(6):
        rig.page(f"thread {number}")

    wait_for(lambda: rig.delivery.pending() == 0)
    rig.delivery.stop(PATIENCE)

    assert not any(worker.is_alive() for worker in rig.delivery._workers)
    assert rig.states() == ["accepted"] * 6


def test_a_slow_thread_keeps_no_other_waiting(rig: Rig) -> None:
    rig.carriers = [Carrier("alpha", State.OK, ("one",)), Carrier("beta", State.OK, ("two",))]
    is_over = threading.Event()
    rig.ways["alpha", "one"] = FakeChannel(on_send=lambda: is_over.wait(PATIENCE))
    rig.delivery.start()
    slow = rig.page("slow", an_alert("slow", "alpha"))
    rig.page("fast", an_alert("fast", "beta"))

    wait_for(lambda: rig.way("beta", Recipient("two")).sent)
    is_over.set()
    wait_for(lambda: rig.delivery.pending() == 0)

    assert slow == 1
    assert rig.states() == ["accepted", "accepted"]


def test_after_stop_no_attempt_begins(rig: Rig) -> None:
    rig.delivery.stop(PATIENCE)
    rig.page()

    assert rig.run() == 0
    assert rig.states() == ["pending"]


def test_an_attempt_is_in_the_journal_before_it_is_made(rig: Rig) -> None:
    """A process that dies in mid-attempt leaves a page that may have arrived."""
    rows: list[tuple[int, int]] = []

    def look() -> None:
        with closing(sqlite3.connect(rig.journal.path)) as other, other:
            rows.extend(other.execute("SELECT attempts, uncertain FROM pages"))

    rig.way("alpha").on_send = look
    rig.page()

    rig.run()

    assert rows == [(1, 1)]


def test_what_may_have_arrived_is_counted_when_it_is_sent_again(rig: Rig) -> None:
    rig.way("alpha").outcomes.append(SILENCE)
    rig.page()
    rig.run()
    assert rig.value("waexporter_page_duplicates_total") == 0
    rig.clock.move(60.0)

    rig.run()

    assert rig.value("waexporter_page_duplicates_total") == 1
    assert rig.journal.latest(1)[0].repeats == 1


# --- other settings ----------------------------------------------------------------------------


def test_a_page_that_every_way_refused_for_good_but_the_fallback_is_taken_by_a_way_that_changed(
    tmp_path: Path,
) -> None:
    rig = Rig(tmp_path, PagerSettings(fallback_after=60.0), fallback=1)
    rig.way("alpha").usual = UNKNOWN_GROUP
    rig.fallback[0].usual = BUSY
    rig.page()
    rig.run()
    assert rig.states() == ["pending"]

    rig.carriers[:] = [Carrier("alpha", State.OK, ("1-2",))]
    rig.delivery.reconfigure(rig.settings, rig.outlets)

    assert rig.run() == 1
    assert rig.states() == ["accepted"]
    assert len(rig.way("alpha", Recipient("1-2")).sent) == 1


def test_a_page_that_waits_is_tried_at_once_by_new_settings_and_gives_up_by_theirs(rig: Rig) -> None:
    rig.way("alpha").usual = BUSY
    rig.page()
    rig.run()
    rig.clock.move(100.0)

    rig.delivery.reconfigure(PagerSettings(fallback_after=10.0, give_up_after=50.0), rig.outlets)
    rig.run()

    assert len(rig.way("alpha").sent) == 2
    assert rig.states() == ["failed"]


def test_a_round_that_was_under_way_when_its_ways_changed_does_not_bar_the_new_ones(tmp_path: Path) -> None:
    """The only way refuses for good; while it does so, the settings change: the page is not given up."""
    rig = Rig(tmp_path)
    way = rig.way("alpha")
    way.outcomes.append(UNKNOWN_GROUP)
    way.on_send = lambda: rig.delivery.reconfigure(rig.settings, rig.outlets) if not way.sent else None
    rig.page()

    rig.run()
    assert rig.states() == ["pending"]
    rig.clock.move(60.0)
    rig.run()

    assert rig.states() == ["accepted"]
    assert len(way.sent) == 2


def test_whoever_has_a_page_already_does_not_get_it_again_after_a_change(rig: Rig) -> None:
    settings = PagerSettings(recipients=("1", "2"))
    rig.carriers[:] = [Carrier("alpha", State.OK, ("1", "2"), "individual")]
    rig.way("alpha", Recipient("2", "individual")).outcomes.append(BUSY)
    rig.page()
    rig.run()
    assert rig.states() == ["pending"]

    rig.delivery.reconfigure(settings, rig.outlets)
    rig.run()

    assert rig.states() == ["accepted"]
    assert [len(rig.way("alpha", Recipient(to, "individual")).sent) for to in ("1", "2")] == [1, 2]
