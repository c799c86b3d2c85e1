"""Polls on demand: the polls of the schedule, started early because a probe asks for them.

A probe has no polls of its own: it starts those of the schedule early and waits for them. So there is one
login, two probes share a poll, and its reading is stored for everybody. Each poll keeps the timeout of its
endpoint, even if the probe has to answer sooner: a webapp with a dead node needs longer than most scrapes
have, and a poll that is cut off would be counted as a failure of the client.
"""

from __future__ import annotations

import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING, Final, NamedTuple

from waexporter.log import get_logger
from waexporter.polling.state import is_seen, state_for_probe

if TYPE_CHECKING:
    from collections.abc import Callable

    from waexporter.model import Endpoint, Instant
    from waexporter.polling.state import TargetState
    from waexporter.polling.store import Store

AT_ONCE: Final = 256  # threads; a client that hangs holds one per endpoint

_log = get_logger("probe")


class Probe(NamedTuple):
    """A target that is being polled on demand."""

    before: TargetState  # when it began
    began: Instant
    polls: tuple[Future[None], ...]  # each is done when its poll has ended, well or not


class _Poll:
    """A poll that the schedule and the probes share."""

    __slots__ = ("make", "under_way")

    def __init__(self, make: Callable[[], None]) -> None:
        self.make = make
        self.under_way: Future[None] | None = None

    def begin(self) -> None:
        self.under_way = Future()
        # Nobody who waits may cancel what others wait for.
        self.under_way.set_running_or_notify_cancel()


def _spawn(run: Callable[[], None]) -> None:
    """Run a function in a new thread; raise RuntimeError where no thread can be started."""
    threading.Thread(target=run, name="probe", daemon=True).start()


class OnDemandPolls:
    """Starts polls early for probes; each poll runs once at a time.

    It has threads of its own, so that probes never delay a poll of the schedule.
    """

    def __init__(
        self,
        store: Store,
        clock: Callable[[], Instant],
        at_once: int = AT_ONCE,
        spawn: Callable[[Callable[[], None]], None] = _spawn,
    ) -> None:
        self._store = store
        self._clock = clock
        self._spawn = spawn
        self._polls: dict[str, dict[Endpoint, _Poll]] = {}
        self._lock = threading.Lock()  # held to look at polls and `_free`, and to change them
        self._free = at_once

    def register(self, target: str, endpoint: Endpoint, make: Callable[[], None]) -> Callable[[], None]:
        """Register a poll and return the function that the schedule runs.

        If a probe has already started the poll, that function waits for its end instead.
        """
        poll = _Poll(make)
        with self._lock:
            self._polls.setdefault(target, {})[endpoint] = poll

        def run() -> None:
            with self._lock:
                by_probe = poll.under_way
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
        """Stop sharing a target's polls: it was removed or replaced."""
        with self._lock:
            self._polls.pop(target, None)

    def probe(self, name: str) -> Probe | None:
        """Start every poll of a target that is not under way or just over.

        Return None when too many polls are under way, or the target is being removed or replaced.
        """
        began = self._clock()
        with self._lock:
            # Looked up in here: a poll that ends has put its reading into the store before it is over.
            state = self._store.find(name)
            polls_by_endpoint = self._polls.get(name, {})
            if state is None or not state.target.plans.keys() <= polls_by_endpoint.keys():
                return None
            wanted = [
                polls_by_endpoint[endpoint]
                for endpoint in state.target.plans
                if not is_seen(state, endpoint, began)
            ]
            new = [poll for poll in wanted if poll.under_way is None]
            if len(new) > self._free:
                return None
            self._free -= len(new)
            for poll in new:
                poll.begin()
            polls = tuple(poll.under_way for poll in wanted if poll.under_way is not None)
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
        """Start a poll in its own thread; end it and return False where no thread can be started."""

        def run() -> None:
            try:
                poll.make()
            except Exception as crash:  # noqa: BLE001 - nobody else asks what became of it
                _log.error("a poll crashed; this is a bug of waexporter", exc_info=crash)
            finally:
                self._end(poll, free=1)

        try:
            self._spawn(run)
        except RuntimeError:
            self._end(poll, free=1)
            return False
        return True

    def _end(self, poll: _Poll, free: int = 0) -> None:
        with self._lock:
            ended, poll.under_way = poll.under_way, None
            self._free += free
        if ended is not None:
            ended.set_result(None)
