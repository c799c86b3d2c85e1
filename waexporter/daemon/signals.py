"""Reloads at SIGHUP: the signal is received in the main thread and handled in a separate one."""

from __future__ import annotations

import signal
import threading
from queue import SimpleQueue
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable


class ReloadSignal:
    """Context manager that turns SIGHUP into reload requests; for the main thread.

    Requests that come before `start` are handled at `start`; requests that come together are handled once.
    """

    def __init__(self) -> None:
        # Of all queues, only this one's put may be called by a signal handler, at any point of its thread.
        self._requests: SimpleQueue[bool] = SimpleQueue()
        self._previous: signal.Handlers | Callable[..., object] | int | None = None

    def __enter__(self) -> Self:
        self._previous = signal.signal(signal.SIGHUP, lambda *_: self._requests.put(True))  # noqa: FBT003
        return self

    def __exit__(self, *_: object) -> None:
        signal.signal(signal.SIGHUP, self._previous)
        self._requests.put(False)  # noqa: FBT003 - ends the thread

    def start(self, reload: Callable[[], None]) -> None:
        """Call `reload` for earlier requests, and for each later one."""
        threading.Thread(target=self._run, args=(reload,), name="reload-signal", daemon=True).start()

    def _run(self, reload: Callable[[], None]) -> None:
        while self._requests.get():
            while not self._requests.empty():
                if not self._requests.get():
                    return
            reload()
