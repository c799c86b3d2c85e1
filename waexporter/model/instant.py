"""One moment on two clocks."""

from __future__ import annotations

import time
from typing import NamedTuple


class Instant(NamedTuple):
    """One moment on both clocks: the wall clock is for people, the steady one for ages."""

    wall: float  # seconds since the epoch
    steady: float  # seconds of time.monotonic()


def now() -> Instant:
    """Read both clocks."""
    return Instant(time.time(), time.monotonic())
