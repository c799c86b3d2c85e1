"""The timetable, on the real APScheduler with intervals of a few hundredths of a second."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from tests.e2e.waiting import wait_for
from waexporter.polling.schedule import (
    Schedule,
    Task,
    Trigger,
    _count_missed,
    _PlannedRun,
    size_pool,
    watch_clock,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DEADLINE = 50.0  # seconds; waiting ends as soon as what is waited for happens
NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


class Runs:
    """Counts runs, and lets a test wait for a number of them."""

    def __init__(self) -> None:
        self.count = 0
        self._more = threading.Condition()

    def __call__(self) -> None:
        with self._more:
            self.count += 1
            self._more.notify_all()

    def wait_for(self, count: int) -> bool:
        with self._more:
            return self._more.wait_for(lambda: self.count >= count, DEADLINE)


class Missed:
    """Adds up missed runs."""

    def __init__(self) -> None:
        self.runs = 0
        self.told = threading.Event()

    def __call__(self, runs: int) -> None:
        self.runs += runs
        self.told.set()


def a_task(
    name: str, run: Callable[[], None], interval: float = 0.05, missed: Callable[[int], None] | None = None
) -> Task:
    return Task(name, run, interval, interval, missed or Missed())


@contextmanager
def running(
    *tasks: Task,
    targets: int = 1,
    workers: int | None = None,
    late: Callable[[float], None] = lambda _: None,
    jitter: Callable[[], float] = lambda: 0.0,
) -> Iterator[Schedule]:
    schedule = Schedule(tasks, targets=targets, workers=workers, late=late, jitter=jitter)
    schedule.start()
    try:
        yield schedule
    finally:
        schedule.stop()


def planned(schedule: Schedule, name: str) -> datetime:
    moment: datetime = schedule._scheduler.get_job(name).next_run_time
    return moment


def hold(release: threading.Event) -> Callable[[], None]:
    """Return a function that does not end before the test sets `release`."""

    def run() -> None:
        release.wait(DEADLINE)

    return run


# --- runs --------------------------------------------------------------------------------------


def test_tasks_run_again_and_again() -> None:
    one, other = Runs(), Runs()

    with running(a_task("one", one), a_task("other", other)):
        ran = one.wait_for(3) and other.wait_for(3)

    assert ran


def test_a_task_that_does_not_end_delays_no_other() -> None:
    release, quick = threading.Event(), Runs()

    with running(a_task("slow", hold(release)), a_task("quick", quick)):
        ran = quick.wait_for(6)
        release.set()

    assert ran


def test_many_tasks_that_do_not_end_delay_no_other() -> None:
    release, quick = threading.Event(), Runs()
    stuck = [a_task(f"stuck {number}", hold(release)) for number in range(40)]

    with running(*stuck, a_task("quick", quick), targets=41):
        ran = quick.wait_for(6)
        release.set()

    assert ran


def test_runs_left_out_while_one_took_too_long_are_counted_once_it_is_over() -> None:
    release, slow, quick, missed = threading.Event(), Runs(), Runs(), Missed()

    def run() -> None:
        slow()
        release.wait(DEADLINE)

    with running(a_task("slow", run, missed=missed), a_task("quick", quick)):
        quick.wait_for(8)
        told_early = missed.told.is_set()
        release.set()
        told = missed.told.wait(DEADLINE)
        ran_again = slow.wait_for(
            2
        )  # it is told as the next run is handed to a thread, not once it has begun

    assert (told_early, told, ran_again) == (False, True, True)
    assert missed.runs >= 5


def test_runs_that_are_due_together_are_one_run_and_the_others_are_counted_as_left_out() -> None:
    runs, clock, missed = Runs(), Runs(), Missed()
    began = time.monotonic()

    with running(a_task("one", runs, missed=missed)) as schedule, running(a_task("clock", clock)):
        runs.wait_for(2)
        schedule._scheduler.pause()
        clock.wait_for(clock.count + 8)
        schedule._scheduler.resume()
        told = missed.told.wait(DEADLINE)
        runs.wait_for(runs.count + 2)

    planned_so_far = (time.monotonic() - began) / 0.05 + 1
    assert told
    assert runs.count + missed.runs <= planned_so_far


def test_a_task_in_time_misses_nothing() -> None:
    quick, missed = Runs(), Missed()

    with running(a_task("quick", quick, interval=4.0, missed=missed)):  # so long does no machine stand still
        ran = quick.wait_for(2)

    assert ran
    assert missed.runs == 0


def test_only_polls_tell_how_late_they_are() -> None:
    lateness: list[float] = []
    runs = Runs()
    heartbeat = replace(a_task("heartbeat", runs, 0.05), is_poll=False)

    with running(heartbeat, late=lateness.append):
        ran = runs.wait_for(3)

    assert ran
    assert lateness == []


def test_a_run_that_waited_for_a_thread_is_late_by_that_long() -> None:
    lateness: list[float] = []
    runs = Runs()

    def occupy() -> None:
        time.sleep(0.3)
        runs()

    with running(a_task("one", occupy, 60.0), a_task("other", occupy, 60.0), workers=1, late=lateness.append):
        ran = runs.wait_for(2)

    first, second = lateness
    assert ran
    assert second - first >= 0.25


def test_a_crash_of_one_run_does_not_end_the_task(caplog: pytest.LogCaptureFixture) -> None:
    runs = Runs()

    def crash() -> None:
        runs()
        message = "a bug"
        raise RuntimeError(message)

    with running(a_task("crash", crash)):
        ran = runs.wait_for(3)

    assert ran
    assert any("a bug" in str(record.exc_info) for record in caplog.records)


def test_first_runs_of_few_targets_begin_at_once_and_of_many_are_spread_over_the_interval() -> None:
    began = datetime.now(UTC)
    task = a_task("late", Runs(), 3600.0)

    with running(task, targets=2, jitter=lambda: 0.5) as few:
        of_few = planned(few, "late") - began
    with running(task, targets=5000, jitter=lambda: 0.5) as many:
        of_many = planned(many, "late") - began

    assert timedelta(seconds=18) <= of_few < timedelta(seconds=18 + DEADLINE)
    assert timedelta(seconds=1800) <= of_many < timedelta(seconds=1800 + DEADLINE)


# --- another timetable -------------------------------------------------------------------------


def test_tasks_come_and_go_and_the_plans_of_the_others_stay_to_the_microsecond() -> None:
    goes, comes = Runs(), Runs()

    with running(a_task("stays", Runs(), 3600.0), a_task("goes", goes)) as schedule:
        goes.wait_for(2)
        before = planned(schedule, "stays")
        schedule.remove(["goes"])
        schedule.resize(None, targets=2)
        schedule.add([a_task("comes", comes)], targets=1)
        ended_with = goes.count
        came = comes.wait_for(10)
        after = planned(schedule, "stays")

    assert came
    assert before == after
    assert goes.count <= ended_with + 1  # one may have been under way


def test_a_run_that_waits_for_a_thread_when_its_task_is_taken_out_never_begins() -> None:
    release, begun, goes, last = threading.Event(), threading.Event(), Runs(), Runs()

    def occupy() -> None:
        begun.set()
        release.wait(DEADLINE)

    with running(a_task("busy", occupy, 3600.0), workers=1) as schedule:
        begun.wait(DEADLINE)
        schedule.add([a_task("goes", goes, 3600.0)], targets=1)
        wait_for(lambda: "goes" in schedule._executor._planned)
        schedule.add([a_task("last", last, 3600.0)], targets=1)
        schedule.remove(["goes"])
        release.set()
        ran = last.wait_for(1)

    assert ran
    assert goes.count == 0


def test_more_tasks_get_more_threads_while_the_old_ones_bring_their_runs_to_an_end() -> None:
    release, begun, ended = threading.Event(), threading.Event(), Runs()

    def hold_on() -> None:
        begun.set()
        release.wait(DEADLINE)
        ended()

    stuck = [a_task(f"stuck {number}", hold(release)) for number in range(40)]
    quick = Runs()
    with running(a_task("first", hold_on, 3600.0)) as schedule:
        begun.wait(DEADLINE)
        schedule.resize(None, targets=41)
        schedule.add(stuck, targets=40)
        schedule.add([a_task("quick", quick)], targets=1)
        ran = quick.wait_for(6)
        release.set()
        ended.wait_for(1)

    assert ran
    assert ended.count == 1


def test_no_trace_is_left_of_what_was_taken_out() -> None:
    with running(a_task("stays", Runs(), 3600.0)) as schedule:
        for number in range(20):
            runs = Runs()
            schedule.add([a_task(f"task {number}", runs)], targets=1)
            runs.wait_for(1)
            schedule.remove([f"task {number}"])
        executor = schedule._executor

        wait_for(lambda: set(executor._instances) <= {"stays"})
        assert set(executor._planned) == set(executor._tasks) == set(schedule._tasks) == {"stays"}


# --- the end -----------------------------------------------------------------------------------


def test_nothing_begins_after_the_end() -> None:
    runs = Runs()
    with running(a_task("one", runs, 0.01)) as schedule:
        runs.wait_for(3)

    schedule._executor._pool.shutdown(wait=True)
    ended_with = runs.count
    other = Runs()
    with running(a_task("other", other, 0.01)):
        other.wait_for(10)

    assert runs.count == ended_with


def test_the_end_does_not_wait_for_runs_under_way() -> None:
    release, begun = threading.Event(), threading.Event()

    def run() -> None:
        begun.set()
        release.wait(DEADLINE)

    schedule = Schedule(
        [a_task("slow", run)], targets=1, workers=None, late=lambda _: None, jitter=lambda: 0.0
    )
    schedule.start()
    begun.wait(DEADLINE)
    started = time.monotonic()
    schedule.stop()
    took = time.monotonic() - started
    release.set()

    assert took < DEADLINE / 2


def test_it_may_end_twice_or_before_it_began() -> None:
    schedule = Schedule([a_task("one", Runs())], targets=1, workers=None, late=lambda _: None)

    schedule.stop()
    schedule.stop()

    assert not schedule._scheduler.running


def test_the_guard_of_the_clock_ends_with_the_schedule() -> None:
    with running(a_task("one", Runs())) as schedule:
        guard = schedule._clock_guard
        alive = guard.is_alive()

    guard.join(DEADLINE)
    assert (alive, guard.is_alive()) == (True, False)


# --- the wall clock ----------------------------------------------------------------------------


def test_a_plan_that_lies_far_ahead_is_made_anew() -> None:
    runs, chances = Runs(), iter([1.0, 0.0])

    with running(a_task("one", runs, 3600.0), targets=1000, jitter=lambda: next(chances)) as schedule:
        before = planned(schedule, "one")
        schedule._replan()
        ran = runs.wait_for(1)
        after = planned(schedule, "one")

    assert ran
    assert after < before + timedelta(seconds=DEADLINE)


def test_a_plan_may_be_made_anew_after_the_end() -> None:
    with running(a_task("one", Runs())) as schedule:
        pass

    schedule._replan()

    assert not schedule._scheduler.running


@pytest.mark.parametrize(
    ("offsets", "jumps"),
    [
        ([0.0, 0.0, 0.0], 0),
        ([0.0, 1.9, 1.9], 0),
        ([0.0, 2.1, 2.1], 1),
        ([0.0, -3600.0, -3600.0], 1),
        ([0.0, 3600.0, 0.0, 0.0], 2),
        ([0.0, 1.5, 3.0, 3.0], 1),
    ],
)
def test_a_wall_clock_that_leaves_the_steady_one_is_noticed_each_time(
    offsets: list[float], jumps: int
) -> None:
    left, noticed = iter(offsets), Runs()
    checks = iter([False] * (len(offsets) - 1) + [True])

    watch_clock(lambda: next(left), lambda _: next(checks), noticed)

    assert noticed.count == jumps


@pytest.mark.parametrize(
    ("passed", "planned_after"),
    [(-3600.0, 15.0), (0.0, 15.0), (14.9, 15.0), (15.0, 15.0), (31.0, 30.0), (946_684_807.0, 946_684_800.0)],
)
def test_of_all_runs_that_are_due_the_last_is_planned(passed: float, planned_after: float) -> None:
    trigger = Trigger(seconds=15.0, start_date=NOON, timezone=UTC)

    planned = trigger.get_next_fire_time(NOON, NOON + timedelta(seconds=passed))

    assert planned == NOON + timedelta(seconds=planned_after)


def _moment(planned: float, steady: float) -> _PlannedRun:
    return _PlannedRun(NOON + timedelta(seconds=planned), steady)


@pytest.mark.parametrize(
    ("planned_after", "passed", "missed"),
    [
        (15.0, 15.0, 0),
        (15.0, 15.4, 0),
        (30.0, 30.0, 1),
        (75.0, 75.2, 4),
        (0.0, 0.0, 0),
        (3600.0, 15.0, 0),  # the wall clock was set ahead
        (-3600.0, 15.0, 0),  # and back
        (15.0, 3600.0, 0),  # back, by as much as passed
        (7.0, 7.0, 0),  # planned anew
    ],
)
def test_gaps_in_the_lattice_are_runs_left_out(planned_after: float, passed: float, missed: int) -> None:
    assert _count_missed(_moment(0.0, 100.0), _moment(planned_after, 100.0 + passed), 15.0) == missed


# --- the pool ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("plans", "threads"),
    [
        ([], 8),
        ([(1.0, 0.0)], 8),
        ([(30.0, 10.0)], 9),
        ([(30.0, 10.0)] * 3, 9),
        ([(30.0, 10.0)] * 4, 10),
        ([(15.0, 60.0)] * 5, 13),  # a run that may take longer than its interval has one thread, not four
        ([(30.0, 10.0), (15.0, 10.0), (15.0, 10.0), (300.0, 60.0)] * 1000, 1875),
    ],
)
def test_the_pool_has_a_thread_for_every_run_that_may_be_under_way(
    plans: list[tuple[float, float]], threads: int
) -> None:
    tasks = [
        Task(str(place), Runs(), interval, timeout, Missed())
        for place, (interval, timeout) in enumerate(plans)
    ]

    assert size_pool(tasks) == threads
