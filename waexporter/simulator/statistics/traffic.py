"""Traffic as a pure function of time, with the waves of a day and noise."""

from __future__ import annotations

from functools import lru_cache
from hashlib import sha256
from math import cos, pi, sin

_DAY = 86_400.0
_PEAK = 14 * 3600.0  # o'clock UTC
# Strengths add up to less than 1, so traffic never runs backwards.
_WAVES = ((2820.0, 0.15), (307.0, 0.15), (41.0, 0.1), (13.0, 0.1))
_DAILY = 0.35


@lru_cache(maxsize=8192)
def _phases(seed: int, name: str) -> tuple[float, ...]:
    digest = sha256(f"{seed}/{name}".encode()).digest()
    return tuple(2 * pi * digest[n] / 256 for n in range(len(_WAVES)))


def strength(seed: int, name: str, at: float) -> float:
    """Return the traffic at a time, 1 on average and never below 0.15."""
    waves = zip(_WAVES, _phases(seed, name), strict=True)
    day = _DAILY * cos(2 * pi * (at - _PEAK) / _DAY)
    return 1 + day + sum(size * cos(2 * pi * at / period + phase) for (period, size), phase in waves)


def passed(seed: int, name: str, begin: float, end: float) -> float:
    """Return the traffic between two times: the integral of `strength`, in seconds."""
    return _integral(seed, name, end) - _integral(seed, name, begin)


def _integral(seed: int, name: str, at: float) -> float:
    waves = zip(_WAVES, _phases(seed, name), strict=True)
    day = _DAILY * _DAY / (2 * pi) * sin(2 * pi * (at - _PEAK) / _DAY)
    return (
        at
        + day
        + sum(size * period / (2 * pi) * sin(2 * pi * at / period + phase) for (period, size), phase in waves)
    )


def between(seed: int, name: str, low: float, high: float) -> float:
    """Return a pseudo-random number that belongs to a name."""
    digest = sha256(f"{seed}|{name}".encode()).digest()
    return low + (high - low) * int.from_bytes(digest[:4], "big") / 2**32
