"""Converts times, and formats times, durations, counts and lists of names for people; pure functions."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_UNITS = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))
_LAST = 253_402_300_799.0  # the last second of the year 9999


def to_datetime(seconds: float | None) -> datetime | None:
    """Convert wall-clock seconds to a UTC time; return None for None, zero, or a value out of range."""
    if not seconds:
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def to_seconds(moment: datetime) -> float:
    """Convert a time to wall-clock seconds; one without a zone is in UTC."""
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def format_day(seconds: float) -> str:
    """Return the day of a wall-clock time in UTC, such as `2026-01-31`; the nearest one that has a date."""
    return datetime.fromtimestamp(min(max(seconds, 0.0), _LAST), UTC).strftime("%Y-%m-%d")


def short_duration(seconds: float) -> str:
    """Return a duration in at most six characters: `250ms`, or `12.5s` from ten seconds on."""
    return f"{seconds * 1000:.0f}ms" if seconds < 10 else f"{seconds:.1f}s"  # noqa: PLR2004 - it stays short


def humanize_seconds(seconds: float) -> str:
    """Return a duration in its two largest units, such as `2 h 5 min`; `0 s` for a negative one."""
    left = max(0, round(seconds))
    parts: list[tuple[int, str]] = []
    for unit, size in _UNITS:
        count, left = divmod(left, size)
        if count or parts:
            parts.append((count, unit))
    shown = [f"{count} {unit}" for count, unit in parts[:2] if count]
    return " ".join(shown) or "0 s"


def plural(number: int, noun: str) -> str:
    """Return a number with its noun: `1 node`, `2 nodes`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def first_names(names: Sequence[str], most: int) -> str:
    """Return the first names of a list and the number of all others: `a, b and 3 more`."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
