"""SIGHUP: received in the main thread at any moment, handled in a thread of its own."""

from __future__ import annotations

import signal
import threading
from queue import SimpleQueue
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable


class ReloadSignal:
    """Context manager that turns SIGHUP into reload requests; for the main thread.

    Requests before `start` are handled then; requests that come together are handled once.
    """

    def __init__(self) -> None:
        # The one queue that a signal's handler may put into whatever the thread it interrupts is doing.
        self._asked: SimpleQueue[bool] = SimpleQueue()
        self._before: signal.Handlers | Callable[..., object] | int | None = None

    def __enter__(self) -> Self:
        self._before = signal.signal(signal.SIGHUP, lambda *_: self._asked.put(True))  # noqa: FBT003
        return self

    def __exit__(self, *_: object) -> None:
        signal.signal(signal.SIGHUP, self._before)
        self._asked.put(False)  # noqa: FBT003 - ends the thread

    def start(self, reload: Callable[[], None]) -> None:
        """Call `reload` for earlier requests, and for each later one."""
        threading.Thread(target=self._work, args=(reload,), name="reload-signal", daemon=True).start()

    def _work(self, reload: Callable[[], None]) -> None:
        while self._asked.get():
            while not self._asked.empty():
                if not self._asked.get():
                    return
            reload()
