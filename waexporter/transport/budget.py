"""The time and the bytes that all socket operations of one request share.

A timeout of requests or urllib3 holds for one socket operation, so a server that drips one byte per second
holds a thread for ever. Here every operation of a request (look-up, connect, handshake, each read) gets only
what is left of the budget of the request that its thread is sending.
"""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class TooManyBytesError(OSError):
    """More bytes came over the wire than any sensible answer takes."""


@dataclass(slots=True)
class RequestBudget:
    """The time and the bytes of one request, and how they were used so far."""

    deadline: float  # seconds of time.monotonic()
    max_bytes: int  # that may be received, headers included
    received: int = 0  # bytes
    needs_new_connection: bool = False  # one that was made for this request
    is_reused: bool = False  # the connection was made for another request
    is_connected: bool = False  # a connection was made for this request
    phases: dict[str, float] = field(default_factory=dict)  # dns | connect | tls -> seconds
    status: int | None = None  # of the answer, once it has come

    def remaining(self) -> float:
        """Return the seconds that are left; raise TimeoutError when there are none."""
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("the deadline of the request has passed")
        return left

    def add_received(self, size: int) -> None:
        """Count bytes received; raise TooManyBytesError when they are too many."""
        self.received += size
        if self.received > self.max_bytes:
            raise TooManyBytesError("the answer does not end")

    @contextmanager
    def time_phase(self, name: str) -> Iterator[None]:
        """Record how long a phase of the request takes, also when it fails."""
        began = time.monotonic()
        try:
            yield
        finally:
            self.phases[name] = time.monotonic() - began


class _Thread(threading.local):
    """The budget of the request that this thread is sending."""

    budget: RequestBudget | None = None


_thread = _Thread()


@contextmanager
def apply_budget(budget: RequestBudget) -> Iterator[None]:
    """Apply `budget` to every socket operation of this thread."""
    _thread.budget = budget
    try:
        yield
    finally:
        _thread.budget = None


def current_budget() -> RequestBudget:
    """Return the budget of this thread's request."""
    if _thread.budget is None:
        raise RuntimeError("a socket was used outside of apply_budget()")
    return _thread.budget
