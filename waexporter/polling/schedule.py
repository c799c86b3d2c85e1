"""The schedule of polls: one APScheduler job per target and endpoint.

By default APScheduler has ten threads, drops runs that are more than a second late, does not count missed
runs, and plans by the wall clock. Here there are enough threads even if all targets are dead, late runs are
not dropped, missed runs are counted, and all runs are planned again after a jump of the wall clock.
"""

from __future__ import annotations

import contextlib
import math
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor as Pool
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.jobstores.base import JobLookupError
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.interval import IntervalTrigger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from apscheduler.job import Job

_EXTRA_WORKERS = 8  # for the heartbeat, and for jobs that run a little longer than their timeout
_SPREAD_TARGETS = 200  # from this many targets on, first runs are spread over the whole interval
_CLOCK_CHECK = 1.0  # seconds
_CLOCK_JUMP = 2.0  # seconds by which the wall clock has to differ from the steady one to have jumped


@dataclass(frozen=True, slots=True)
class Task:
    """A function to run at an interval."""

    name: str  # unique, even among removed tasks that are still running
    run: Callable[[], None]
    interval: float  # seconds
    timeout: float  # seconds that one run may take
    missed: Callable[[int], None] = lambda _: None  # called with the number of missed runs
    is_poll: bool = True  # only the lateness of polls is measured


class Schedule:
    """Runs tasks at their intervals until it is stopped."""

    def __init__(
        self,
        tasks: Sequence[Task],
        *,
        targets: int,
        workers: int | None,
        late: Callable[[float], None],
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._tasks = {task.name: task for task in tasks}  # replaced as a whole
        self._workers = workers
        self._share = _share(targets)
        self._jitter = jitter
        self._stopped = threading.Event()
        self._executor = _Executor(workers or size_pool(tasks), late)
        self._scheduler = BackgroundScheduler(
            executors={"default": self._executor},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
            timezone=UTC,
        )
        self._clock_guard = threading.Thread(
            target=watch_clock,
            args=(_wall_offset, self._stopped.wait, self._replan),
            name="clock-guard",
            daemon=True,
        )

    def start(self) -> None:
        """Start; the first runs are spread, so that a thousand targets are not polled at the same moment."""
        self._add(self._tasks.values(), self._share)
        self._scheduler.start()
        self._clock_guard.start()

    def remove(self, names: Iterable[str]) -> None:
        """Remove tasks; those that are running end by their own timeouts."""
        gone = frozenset(names)
        self._tasks = {name: task for name, task in self._tasks.items() if name not in gone}
        for name in gone:
            self._scheduler.remove_job(name)
            self._executor.forget(name)

    def add(self, tasks: Sequence[Task], *, targets: int) -> None:
        """Add the tasks of `targets` targets; other tasks keep their plans."""
        self._tasks = {**self._tasks, **{task.name: task for task in tasks}}
        self._executor.resize(self._workers or size_pool(self._tasks.values()))
        self._add(tasks, _share(targets))

    def resize(self, workers: int | None, *, targets: int) -> None:
        """Set the number of threads (None: as many as needed) and of targets; `add` applies it."""
        self._workers = workers
        self._share = _share(targets)

    def stop(self) -> None:
        """Start no more runs; tasks that are running end by their own timeouts."""
        self._stopped.set()
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)

    def _replan(self) -> None:
        """Plan every run again: a wall clock that was set back an hour would stop all polls for an hour."""
        now = datetime.now(UTC)
        for task in self._tasks.values():
            trigger = self._trigger(task, now, self._share)
            with contextlib.suppress(JobLookupError):  # the schedule has ended meanwhile
                # Not reschedule_job, which would leave out a first run that is already due.
                self._scheduler.modify_job(task.name, trigger=trigger, next_run_time=trigger.start_date)

    def _add(self, tasks: Iterable[Task], share: float) -> None:
        now = datetime.now(UTC)
        for task in tasks:
            trigger = self._trigger(task, now, share)
            run = self._executor.make_job(task)
            self._scheduler.add_job(
                run, trigger, id=task.name, name=task.name, next_run_time=trigger.start_date
            )

    def _trigger(self, task: Task, now: datetime, share: float) -> IntervalTrigger:
        begin = now + timedelta(seconds=task.interval * share * self._jitter())
        return Trigger(seconds=task.interval, start_date=begin, timezone=UTC)


class Trigger(IntervalTrigger):
    """An interval of which only the last run that is due is planned.

    APScheduler lists every run that is due, and uses the last one. After a jump of the wall clock by a year,
    that took minutes and a gibibyte.
    """

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime | None:
        """Return the next run after the previous one, or the last one that is due."""
        if previous_fire_time is not None:
            due = (now - previous_fire_time) // self.interval
            previous_fire_time += max(due - 1, 0) * self.interval
        next_run: datetime | None = super().get_next_fire_time(previous_fire_time, now)
        return next_run


def watch_clock(
    offset: Callable[[], float], wait: Callable[[float], bool], jumped: Callable[[], None]
) -> None:
    """Call `jumped` after each jump of the wall clock, until `wait(seconds)` returns True."""
    before = offset()
    while not wait(_CLOCK_CHECK):
        newer = offset()
        if abs(newer - before) > _CLOCK_JUMP:
            before = newer
            jumped()


def _wall_offset() -> float:
    return time.time() - time.monotonic()


def _share(targets: int) -> float:
    """Return the share of an interval over which the first runs of this many targets are spread."""
    return min(1.0, targets / _SPREAD_TARGETS)


def size_pool(tasks: Iterable[Task]) -> int:
    """Return the number of threads that are needed if every run takes its whole timeout."""
    return math.ceil(sum(min(1.0, task.timeout / task.interval) for task in tasks)) + _EXTRA_WORKERS


class _Executor(ThreadPoolExecutor):
    """A thread pool that knows the planned time of each run."""

    def __init__(self, workers: int, late: Callable[[float], None]) -> None:
        super().__init__(workers)
        self._workers = workers
        self._pool: Pool
        self._swapping = (
            threading.Lock()
        )  # held while a run is submitted to the pool, or the pool is replaced
        self._late = late
        self._planned: dict[str, _PlannedRun] = {}
        self._tasks: dict[str, Task] = {}

    def make_job(self, task: Task) -> Callable[[], None]:
        """Return the function that the scheduler runs for a task."""
        self._tasks[task.name] = task

        def run() -> None:
            if self._tasks.get(task.name) is not task:
                return  # removed while it waited for a thread
            planned = self._planned.get(task.name)
            if planned is not None and task.is_poll:
                self._late(max((datetime.now(UTC) - planned.planned).total_seconds(), 0.0))
            task.run()

        return run

    def forget(self, name: str) -> None:
        """Forget a removed task."""
        self._tasks.pop(name, None)
        self._planned.pop(name, None)
        with self._lock:
            # APScheduler keeps a 0 for ever if a run ended before it was counted.
            if not self._instances.get(name):
                self._instances.pop(name, None)

    def resize(self, workers: int) -> None:
        """Change the number of threads; the old threads finish their runs."""
        if workers == self._workers:
            return
        with self._swapping:
            before: Pool = self._pool
            self._pool, self._workers = Pool(workers), workers
        before.shutdown(wait=False)

    def _do_submit_job(self, job: Job, run_times: list[datetime]) -> None:
        task, now = self._tasks[job.id], _PlannedRun(run_times[-1], time.monotonic())
        before = self._planned.get(job.id)
        self._planned[job.id] = now
        if before is not None and (left_out := _count_missed(before, now, task.interval)):
            task.missed(left_out)
        with self._swapping:
            super()._do_submit_job(job, run_times)


class _PlannedRun(NamedTuple):
    planned: datetime
    steady: float


def _count_missed(before: _PlannedRun, now: _PlannedRun, interval: float) -> int:
    """Return the number of runs that were missed between two runs; jumps of the wall clock don't count."""
    planned = round((now.planned - before.planned).total_seconds() / interval)
    passed = round((now.steady - before.steady) / interval)
    return max(min(planned, passed) - 1, 0)
