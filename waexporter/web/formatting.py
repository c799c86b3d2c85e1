"""How times, addresses and what a page says are written for people and programs; pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit, urlunsplit

from waexporter.paging.model import ItemKind
from waexporter.timefmt import moment, span

# What a page says of an alert.
KINDS: Final = {
    ItemKind.FIRED: "firing",
    ItemKind.REMINDED: "still firing",
    ItemKind.RESOLVED: "resolved",
    ItemKind.UNHEARD: "not heard of any more",
    ItemKind.SILENCED: "silenced",
    ItemKind.INHIBITED: "inhibited",
    ItemKind.GONE: "gone from Alertmanager",
}


@dataclass(frozen=True, slots=True)
class Since:
    """A moment as a person reads it."""

    iso: str
    clock: str  # such as `31 Jan 09:30 UTC`
    ago: str  # such as `2 h 5 min`


def iso(seconds: float | None) -> str | None:
    """Write wall-clock seconds as ISO 8601 in UTC, such as `2026-01-31T09:30:00.250Z`."""
    when = moment(seconds)
    return when.isoformat(timespec="milliseconds").replace("+00:00", "Z") if when else None


def describe_moment(seconds: float | None, now: float) -> Since | None:
    """Write a moment for people, or None if there is none."""
    when, exact = moment(seconds), iso(seconds)
    if when is None or exact is None or seconds is None:
        return None
    return Since(exact, f"{when:%d %b %H:%M} UTC", span(now - seconds))


def count_unlisted(count: int) -> str:
    """Count the alerts that fired, and that the delivery of a page did not list.

    What became of them is asked when the page leaves, and stands in its text alone.
    """
    return f"{count} earlier alert{'' if count == 1 else 's'} that Alertmanager did not list"


def public_url(url: str) -> str:
    """Leave out of an address whatever might be secret: user, password, query, fragment."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
