"""How times and addresses are written for people and programs; pure."""

from __future__ import annotations

from urllib.parse import urlsplit, urlunsplit

from waexporter.times import moment


def iso(seconds: float | None) -> str | None:
    """Write wall-clock seconds as ISO 8601 in UTC, such as `2026-01-31T09:30:00.250Z`."""
    when = moment(seconds)
    return when.isoformat(timespec="milliseconds").replace("+00:00", "Z") if when else None


def public_url(url: str) -> str:
    """Leave out of an address whatever might be secret: user, password, query, fragment."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
