"""Waiting for something that can't call us: until it is so, or until a deadline has passed."""

from __future__ import annotations

import signal
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

T = TypeVar("T")

GLANCE = 0.1  # seconds between two looks


def wait_for(look: Callable[[], T], *, until: Callable[[T], object] = bool, deadline: float = 60) -> T:
    """Look again and again until what is seen fits, and give it; AssertionError with the last sight."""
    end = time.monotonic() + deadline
    while not until(sight := look()):
        assert time.monotonic() < end, f"after {deadline:g} s there is still only: {sight!r:.4000}"
        time.sleep(GLANCE)
    return sight


@contextmanager
def fail_after(seconds: float = 60.0) -> Iterator[None]:
    """Let a block that would go on for hours fail; the main thread is interrupted, also in a search by re."""

    def fail(*_: object) -> None:
        message = f"still not done after {seconds:g} s"
        raise AssertionError(message)

    before = signal.signal(signal.SIGALRM, fail)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)


def watch(look: Callable[[], T], *, until: Callable[[list[T]], object], deadline: float) -> list[T]:
    """Collect sights until they are enough or the deadline has passed; gives all of them."""
    end = time.monotonic() + deadline
    sights = [look()]
    while not until(sights) and time.monotonic() < end:
        time.sleep(GLANCE)
        sights.append(look())
    return sights
