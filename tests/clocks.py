"""A clock that tests move."""

from __future__ import annotations

from waexporter.model import Instant


class HandClock:
    """Stands still until it is moved; the wall clock can jump by itself."""

    def __init__(self, wall: float = 1_700_000_000.0, steady: float = 1_000.0) -> None:
        self.wall = wall
        self.steady = steady

    def __call__(self) -> Instant:
        return Instant(wall=self.wall, steady=self.steady)

    def move(self, seconds: float) -> None:
        self.steady += seconds
        self.wall += seconds
