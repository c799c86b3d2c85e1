"""Format times, addresses and the words of a page for people and programs; pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, urlsplit, urlunsplit

from waexporter.paging.model import ItemKind
from waexporter.timefmt import humanize_seconds, plural, to_datetime

if TYPE_CHECKING:
    from collections.abc import Iterator

    from waexporter.paging.model import Page

_SHORT: Final = 0.00995  # seconds; below it, milliseconds have a decimal
_LONG: Final = 9.9995  # seconds; from it on, milliseconds are too many

# The words for each kind of alert of a page.
KIND_WORDS: Final = {
    ItemKind.FIRED: "firing",
    ItemKind.REMINDED: "still firing",
    ItemKind.RESOLVED: "resolved",
    ItemKind.UNHEARD: "not heard of any more",
    ItemKind.SILENCED: "silenced",
    ItemKind.INHIBITED: "inhibited",
    ItemKind.GONE: "gone from Alertmanager",
}


@dataclass(frozen=True, slots=True)
class FormattedTime:
    """A time for people, in three forms."""

    iso: str
    clock: str  # such as `31 Jan 09:30 UTC`
    ago: str  # such as `2 h 5 min`


def iso(seconds: float | None) -> str | None:
    """Return wall-clock seconds as ISO 8601 in UTC, such as `2026-01-31T09:30:00.250Z`."""
    when = to_datetime(seconds)
    return when.isoformat(timespec="milliseconds").replace("+00:00", "Z") if when else None


def format_time(seconds: float | None, now: float) -> FormattedTime | None:
    """Return wall-clock seconds in the forms for people, or None without a time."""
    when, exact = to_datetime(seconds), iso(seconds)
    if when is None or exact is None or seconds is None:
        return None
    return FormattedTime(exact, f"{when:%d %b %H:%M} UTC", humanize_seconds(now - seconds))


def format_duration(seconds: float) -> str:
    """Return a duration of a poll, such as `0.4 ms`, `25 ms` or `12.5 s`."""
    if seconds >= _LONG:
        return f"{seconds:.1f} s"
    return f"{seconds * 1000:.{1 if seconds < _SHORT else 0}f} ms"


def count_without_item(page: Page, truncated_words: str) -> Iterator[str]:
    """Yield counts of the alerts that a page has no item for.

    When the page is sent, Alertmanager is asked about those that it did not list; only the text of the page
    has the answer.
    """
    if page.truncated:
        yield f"{page.truncated} {truncated_words}"
    if page.doubts:
        yield f"{plural(len(page.doubts), 'earlier alert')} that Alertmanager did not list"
    if page.unread:
        yield f"{page.unread} that could not be read"


def link_to(path: str, name: str) -> str:
    """Return a link such as `targets/NAME`, with the name as one segment whatever it holds."""
    return f"{path}/{quote(name, safe='')}"


def public_url(url: str) -> str:
    """Return an address without the parts that may be secret: user, password, query, fragment."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
