"""How moments and spans of time are written; pure."""

from __future__ import annotations

from datetime import UTC, datetime

_UNITS = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))


def moment(seconds: float | None) -> datetime | None:
    """Turn wall-clock seconds into a UTC time; None for what is none (absent, zero, not finite)."""
    if not seconds:
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def span(seconds: float) -> str:
    """Write a span of time by its two largest units, such as `2 h 5 min`; never negative."""
    left = max(0, round(seconds))
    parts: list[tuple[int, str]] = []
    for unit, size in _UNITS:
        count, left = divmod(left, size)
        if count or parts:
            parts.append((count, unit))
    shown = [f"{count} {unit}" for count, unit in parts[:2] if count]
    return " ".join(shown) or "0 s"
