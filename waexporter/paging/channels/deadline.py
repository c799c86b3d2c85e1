"""A deadline for what has none of its own."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


class DeadlineRunner:
    """Runs steps, each in a thread, and waits only so long for them; safe to share by threads.

    A step that hangs can't be ended, so only so many may be under way.
    """

    def __init__(self, most: int, timeout: float) -> None:
        self._free = threading.BoundedSemaphore(most)
        self._timeout = timeout  # seconds

    def run(self, step: Callable[[], T]) -> T:
        """Return what a step gives; raises what it raises, and TimeoutError when time is over."""
        if not self._free.acquire(blocking=False):
            raise TimeoutError("what was begun before has not ended yet")
        found: Future[T] = Future()
        try:
            threading.Thread(target=self._run, args=(step, found), name="patience", daemon=True).start()
        except RuntimeError:  # this machine gives no more threads
            self._free.release()
            raise
        return found.result(self._timeout)

    def _run(self, step: Callable[[], T], found: Future[T]) -> None:
        try:
            result = step()
        except BaseException as error:  # noqa: BLE001 - whatever it is belongs to the one who waits
            self._free.release()
            found.set_exception(error if isinstance(error, Exception) else RuntimeError(type(error).__name__))
        else:
            self._free.release()
            found.set_result(result)
