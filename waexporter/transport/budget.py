"""The time and the bytes that all socket operations of one request share.

A timeout of requests or urllib3 applies to one socket operation, so a server that sends one byte per second
blocks a thread for ever. Here every operation of a request (look-up, connect, handshake, each read) gets only
the rest of the budget of the request that its thread is sending.
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
    """The server sent more bytes than the budget of the request allows."""


@dataclass(slots=True)
class RequestBudget:
    """The time and the bytes that one request may use, and what it has used so far."""

    deadline: float  # seconds of time.monotonic()
    max_bytes: int  # that may be received, headers included
    received: int = 0  # bytes
    needs_new_connection: bool = False  # a kept connection must not be used
    is_reused: bool = False  # a kept connection is used
    is_connected: bool = False  # a new connection was opened
    phases: dict[str, float] = field(default_factory=dict)  # dns | connect | tls -> seconds
    status: int | None = None  # of the answer, once it has come

    def remaining(self) -> float:
        """Return the seconds that are left; raise TimeoutError if there are none."""
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("the deadline of the request has passed")
        return left

    def add_received(self, size: int) -> None:
        """Count received bytes; raise TooManyBytesError if there are too many."""
        self.received += size
        if self.received > self.max_bytes:
            raise TooManyBytesError("the answer does not end")

    @contextmanager
    def time_phase(self, name: str) -> Iterator[None]:
        """Record how long a phase of the request takes, even if it fails."""
        began = time.monotonic()
        try:
            yield
        finally:
            self.phases[name] = time.monotonic() - began


class _ThreadState(threading.local):
    """The budget of the request that this thread is sending."""

    budget: RequestBudget | None = None


_thread = _ThreadState()


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
