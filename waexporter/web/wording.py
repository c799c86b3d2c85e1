"""How times, spans and addresses are written for people and programs; pure."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import urlsplit, urlunsplit

_UNITS = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))


def moment(seconds: float | None) -> datetime | None:
    """Turn wall-clock seconds into a UTC time; None for what is none (absent, zero, not finite)."""
    if not seconds:
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def iso(seconds: float | None) -> str | None:
    """Write wall-clock seconds as ISO 8601 in UTC, such as `2026-01-31T09:30:00.250Z`."""
    when = moment(seconds)
    return when.isoformat(timespec="milliseconds").replace("+00:00", "Z") if when else None


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


def public_url(url: str) -> str:
    """Leave out of an address whatever might be secret: user, password, query, fragment."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
