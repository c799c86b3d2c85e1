"""Callbacks to the webhook: a bounded queue, the thread that sends them, and counters of the results."""

from __future__ import annotations

import socket
import threading
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from waexporter.simulator.state import webhook
from waexporter.simulator.state.webhook import SUCCESS, Webhook

if TYPE_CHECKING:
    import http.client
    from collections.abc import Callable, Iterable, Mapping

    from waexporter.simulator.envelope import Json

_STOP_SECONDS = 5.0

# By result and kind: how many, and their milliseconds together.
Counts: TypeAlias = "Mapping[tuple[str, str], tuple[int, float]]"


@dataclass(frozen=True, slots=True)
class Callback:
    """One callback of a coreapp."""

    node: str  # the coreapp's key
    begun: float  # when its process started, seconds since the epoch
    kind: str  # inbound_message | status_change | system
    document: Json


@dataclass(slots=True)
class _Tally:
    """The counters of one process."""

    begun: float
    counts: dict[tuple[str, str], tuple[int, float]] = field(default_factory=dict)


class Callbacks:
    """The queue; `webhook` returns the current webhook before every attempt, None drops the callback."""

    def __init__(self, webhook: Callable[[], Webhook | None], most: int) -> None:
        self._webhook = webhook
        self._most = most
        self._queue: deque[Callback] = deque()
        self._pending: Counter[str] = Counter()
        self._tallies: dict[str, _Tally] = {}
        self._changed = threading.Condition()
        self._ended = threading.Event()
        self._connection: http.client.HTTPConnection | None = None
        self._thread: threading.Thread | None = None

    @property
    def full(self) -> bool:
        """Whether the queue is full."""
        return len(self._queue) >= self._most

    def start(self) -> None:
        """Start the sending thread."""
        self._ended.clear()
        self._thread = threading.Thread(target=self._work, name="simulator-callbacks", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop the thread, whatever the webhook does; does nothing if it is not running."""
        self._ended.set()
        with self._changed:
            self._changed.notify_all()
            if self._connection is not None:
                _cut(self._connection)
        if self._thread is not None:
            self._thread.join(_STOP_SECONDS)
        self._thread = None

    def put(self, callbacks: Iterable[Callback]) -> None:
        """Queue callbacks; those that don't fit are lost."""
        with self._changed:
            for callback in callbacks:
                if not self.full:
                    self._queue.append(callback)
                    self._pending[callback.node] += 1
            self._changed.notify_all()

    def pending(self, node: str) -> int:
        """Return the number of queued callbacks of a coreapp."""
        return self._pending[node]

    def total(self) -> int:
        """Return the number of queued callbacks."""
        return len(self._queue)

    def counts(self, node: str, begun: float) -> Counts:
        """Return the counters of the coreapp's process that started at `begun`."""
        with self._changed:
            tally = self._tallies.get(node)
            return dict(tally.counts) if tally is not None and tally.begun == begun else {}

    def _work(self) -> None:
        while (callback := self._next()) is not None:
            self._deliver(callback)

    def _next(self) -> Callback | None:
        with self._changed:
            self._changed.wait_for(lambda: self._queue or self._ended.is_set())
            return None if self._ended.is_set() else self._queue[0]

    def _deliver(self, callback: Callback) -> None:
        """Call the webhook until it acknowledges, is removed, or the simulator stops."""
        failures = 0
        while not self._ended.is_set():
            target = self._webhook()
            if target is None or self._attempt(target, callback):
                self._forget(callback)
                return
            failures += 1
            self._ended.wait(target.pause(failures))

    def _attempt(self, target: Webhook, callback: Callback) -> bool:
        result, milliseconds = webhook.call(target, callback.document, self._hold)
        self._count(callback, result, milliseconds)
        return result == SUCCESS

    def _hold(self, connection: http.client.HTTPConnection | None) -> None:
        with self._changed:
            self._connection = connection
            if connection is not None and self._ended.is_set():
                _cut(connection)

    def _forget(self, callback: Callback) -> None:
        with self._changed:
            self._queue.popleft()
            self._pending[callback.node] -= 1

    def _count(self, callback: Callback, result: str, milliseconds: float) -> None:
        """Count an attempt, unless its process was restarted since."""
        with self._changed:
            tally = self._tallies.get(callback.node)
            if tally is None or tally.begun < callback.begun:
                tally = self._tallies[callback.node] = _Tally(callback.begun)
            if tally.begun == callback.begun:
                count, spent = tally.counts.get((result, callback.kind), (0, 0.0))
                tally.counts[result, callback.kind] = (count + 1, spent + milliseconds)


def _cut(connection: http.client.HTTPConnection) -> None:
    try:
        connection.sock.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # it is closed already
