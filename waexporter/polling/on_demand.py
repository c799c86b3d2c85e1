"""Polls on demand: a probe starts polls of the schedule early, and waits for them.

So there is one login, two probes share a poll, and its reading is stored for all. Each poll keeps the timeout
of its endpoint, even if the probe has to answer sooner: a webapp with a dead node needs more time than most
scrapes have, and a poll that is cut off would be counted as a failure of the client.
"""

from __future__ import annotations

import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING, Final, NamedTuple

from waexporter.log import get_logger
from waexporter.polling.state import is_recent_enough, state_for_probe

if TYPE_CHECKING:
    from collections.abc import Callable

    from waexporter.model import Endpoint, Instant
    from waexporter.polling.state import TargetState
    from waexporter.polling.store import Store

MAX_POLLS: Final = 256  # at once, each in a thread; a client that hangs occupies one per endpoint

_log = get_logger("probe")


class Probe(NamedTuple):
    """A target that is being polled on demand."""

    before: TargetState  # when it began
    began: Instant
    polls: tuple[Future[None], ...]  # each is done when its poll has ended, whether it succeeded or failed


class _Poll:
    """A poll that the schedule and the probes share."""

    __slots__ = ("make", "running")

    def __init__(self, make: Callable[[], None]) -> None:
        self.make = make
        self.running: Future[None] | None = None

    def begin(self) -> None:
        self.running = Future()
        # One who waits must not cancel a poll that others wait for.
        self.running.set_running_or_notify_cancel()


def _start_thread(run: Callable[[], None]) -> None:
    """Run a function in a new thread; raise RuntimeError if no thread can be started."""
    threading.Thread(target=run, name="probe", daemon=True).start()


class OnDemandPolls:
    """Starts polls early for probes; a poll never runs twice at the same time.

    Its threads are not those of the schedule, so that probes never delay a poll of the schedule.
    """

    def __init__(
        self,
        store: Store,
        clock: Callable[[], Instant],
        max_polls: int = MAX_POLLS,
        start_thread: Callable[[Callable[[], None]], None] = _start_thread,
    ) -> None:
        self._store = store
        self._clock = clock
        self._start_thread = start_thread
        self._polls: dict[str, dict[Endpoint, _Poll]] = {}
        self._lock = threading.Lock()  # guards the polls and `_free`
        self._free = max_polls  # polls that may still be started

    def register(self, target: str, endpoint: Endpoint, make: Callable[[], None]) -> Callable[[], None]:
        """Register a poll; return the function that the schedule runs.

        If a probe has already started the poll, that function only waits for its end.
        """
        poll = _Poll(make)
        with self._lock:
            self._polls.setdefault(target, {})[endpoint] = poll

        def run() -> None:
            with self._lock:
                by_probe = poll.running
                if by_probe is None:
                    poll.begin()
            if by_probe is not None:
                by_probe.result()
                return
            try:
                poll.make()
            finally:
                self._end(poll)

        return run

    def forget(self, target: str) -> None:
        """Stop sharing the polls of a target that was removed or replaced."""
        with self._lock:
            self._polls.pop(target, None)

    def probe(self, name: str) -> Probe | None:
        """Start the polls of a target, except those that are running or have just ended.

        Returns None if too many polls are running, or if the target is being removed or replaced.
        """
        began = self._clock()
        with self._lock:
            # Looked up under the lock: a poll stores its reading before it ends.
            state = self._store.find(name)
            polls_by_endpoint = self._polls.get(name, {})
            if state is None or not state.target.plans.keys() <= polls_by_endpoint.keys():
                return None
            wanted = [
                polls_by_endpoint[endpoint]
                for endpoint in state.target.plans
                if not is_recent_enough(state, endpoint, began)
            ]
            new = [poll for poll in wanted if poll.running is None]
            if len(new) > self._free:
                return None
            self._free -= len(new)
            for poll in new:
                poll.begin()
            polls = tuple(poll.running for poll in wanted if poll.running is not None)
        has_begun = [self._start_early(poll) for poll in new]
        return Probe(state, began, polls) if all(has_begun) else None

    def current_state(self, probe: Probe) -> tuple[TargetState, Instant]:
        """Return the target's state as of now for this probe, and the time.

        If the target was removed or replaced meanwhile, its new readings are not used.
        """
        now = self._clock()
        state = self._store.find(probe.before.target.name)
        if state is None or state.target is not probe.before.target:
            state = probe.before
        return state_for_probe(state, probe.began, now), now

    def _start_early(self, poll: _Poll) -> bool:
        """Start a poll in its own thread; if no thread can be started, end it and return False."""

        def run() -> None:
            try:
                poll.make()
            except Exception as crash:  # noqa: BLE001 - nothing else would log it
                _log.error("a poll crashed; this is a bug of waexporter", exc_info=crash)
            finally:
                self._end(poll, free=1)

        try:
            self._start_thread(run)
        except RuntimeError:
            self._end(poll, free=1)
            return False
        return True

    def _end(self, poll: _Poll, free: int = 0) -> None:
        with self._lock:
            ended, poll.running = poll.running, None
            self._free += free
        if ended is not None:
            ended.set_result(None)
