"""Polls on demand: the polls of the timetable, made now because a probe asks for them.

A probe makes no polls of its own kind: it begins those of the timetable early and waits for them. So there is
one login, a poll that two want is made once, and what comes of it is known to everybody. Each keeps the
timeout of its endpoint, however soon the probe has to answer: a webapp with a dead node needs longer than
most scrapes have, and to cut its poll off would blame the client for the hurry of whoever asked.
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
    """A target that is being polled because somebody asked."""

    before: TargetState  # when it began
    began: Instant
    polls: tuple[Future[None], ...]  # each is done when its poll has ended, well or not


class _Poll:
    """A poll that the timetable and the probes share."""

    __slots__ = ("make", "under_way")

    def __init__(self, make: Callable[[], None]) -> None:
        self.make = make
        self.under_way: Future[None] | None = None

    def begin(self) -> None:
        self.under_way = Future()
        # Nobody who waits may cancel what others wait for.
        self.under_way.set_running_or_notify_cancel()


def _spawn(run: Callable[[], None]) -> None:
    """Run something in a new thread; raises RuntimeError where this machine gives no more of them."""
    threading.Thread(target=run, name="probe", daemon=True).start()


class Demand:
    """Makes polls early when a probe asks, one of each at a time whoever wants it.

    Its threads are its own, so that no number of probes delays a poll of the timetable.
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

    def share(self, target: str, endpoint: Endpoint, make: Callable[[], None]) -> Callable[[], None]:
        """Let probes make a poll too; gives what the timetable runs in its place.

        Where a probe has the same poll under way, that is the one that was due, and its end is waited for.
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
        """Let no probe make the polls of a target any more, since it is gone or about to be another one."""
        with self._lock:
            self._polls.pop(target, None)

    def probe(self, name: str) -> Probe | None:
        """Begin every poll of a target that is not under way or just over.

        None when too many are, or when the target is being taken out or changed.
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
        has_begun = [self._make_early(poll) for poll in new]
        return Probe(state, began, polls) if all(has_begun) else None

    def see(self, probe: Probe) -> tuple[TargetState, Instant]:
        """Give what a probe has come to by now, and which moment that is.

        Of a target that was taken out or changed meanwhile, what is polled for the probe counts for nobody.
        """
        now = self._clock()
        state = self._store.find(probe.before.target.name)
        if state is None or state.target is not probe.before.target:
            state = probe.before
        return state_for_probe(state, probe.began, now), now

    def _make_early(self, poll: _Poll) -> bool:
        """Make a poll in a thread of its own; False where there is none to be had, and the poll is over."""

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
