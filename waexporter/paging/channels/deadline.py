"""A deadline for calls that can't be given a timeout."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


class DeadlineRunner:
    """Runs each function in a new thread, with a timeout; thread-safe.

    A function that hangs can't be stopped, so the number of running functions is limited.
    """

    def __init__(self, concurrency: int, timeout: float) -> None:
        self._free = threading.BoundedSemaphore(concurrency)
        self._timeout = timeout  # seconds

    def run(self, function: Callable[[], T]) -> T:
        """Return the result of a function; raise what it raises, and TimeoutError after the timeout."""
        if not self._free.acquire(blocking=False):
            raise TimeoutError("what was begun before has not ended yet")
        future: Future[T] = Future()
        try:
            threading.Thread(target=self._run, args=(function, future), name="deadline", daemon=True).start()
        except RuntimeError:  # no more threads can be started on this machine
            self._free.release()
            raise
        return future.result(self._timeout)

    def _run(self, function: Callable[[], T], future: Future[T]) -> None:
        try:
            result = function()
        except BaseException as error:  # noqa: BLE001 - `run` raises it again
            self._free.release()
            future.set_exception(
                error if isinstance(error, Exception) else RuntimeError(type(error).__name__)
            )
        else:
            self._free.release()
            future.set_result(result)
