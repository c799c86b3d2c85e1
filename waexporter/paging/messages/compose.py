"""The message of one or more pages: what somebody reads on a phone at 3 a.m.; pure.

Room is counted in UTF-16 code units. Whole alerts are shown while they fit; the others are counted. Long
descriptions are shortened before an alert is left out; each other text has a fixed maximum length. Links to
dashboards get their times last, if there is room.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from waexporter.model import PagerSettings
from waexporter.model.severity import normalize_word
from waexporter.paging.messages.alert_text import AlertText, describe_alert, find_links
from waexporter.paging.messages.digest import merge_pages
from waexporter.paging.messages.message import Message
from waexporter.paging.messages.summary_lines import first_lines, last_line
from waexporter.paging.messages.text import truncate, utf16_length

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from waexporter.paging.messages.digest import Digest
    from waexporter.paging.model import Page

# The maximum lengths of a description, tried in turn until everything fits. Below a paragraph, descriptions
# are shortened only until one alert fits: more alerts are not worth the loss of what matters.
_DESCRIPTIONS: Final = (2500, 1000, 500, 150, 30)
_PARAGRAPH: Final = 500
_DEFAULTS: Final = PagerSettings()


def compose(pages: Sequence[Page], now: float, limit: int = 4096, settings: PagerSettings = _DEFAULTS) -> str:
    """Return the text of pages, in the order they came in, as one message for any channel.

    `now` is in wall-clock seconds, `limit` in UTF-16 code units, which are never fewer than characters. The
    order of alerts within a page makes no difference.
    """
    digest = merge_pages(pages, {normalize_word(word): severity for word, severity in settings.severities})
    zone = UTC if settings.timezone == _DEFAULTS.timezone else ZoneInfo(settings.timezone)
    read_at = datetime.fromtimestamp(now, zone)
    text = ""
    for room in (limit, *_DESCRIPTIONS):
        text, shown = _fill(digest, read_at, limit, room)
        if shown == len(digest.alerts) or (shown and room <= _PARAGRAPH):
            break
    return truncate(text, limit)


def build_message(pages: Sequence[Page], now: float, settings: PagerSettings) -> Message:
    """Return the message of pages, which can be shortened; `now` is in wall-clock seconds."""
    text = compose(pages, now, settings=settings)
    alerts = tuple(item.alert for page in pages for item in page.items)
    return Message(text, alerts, lambda room: compose(pages, now, room, settings=settings))


def _fill(digest: Digest, now: datetime, limit: int, room: int) -> tuple[str, int]:
    """Return a text with as many alerts as fit, and their number."""
    parts, before, linked = [first_lines(digest, now)], AlertText(), set[str]()
    timed = [*parts]
    for alert in digest.alerts:
        described = describe_alert(alert, now, room)
        # Only the first alert of each name that has links shows them.
        links = () if described.name in linked else tuple(find_links(alert))
        part = described.render(before, (plain for plain, _ in links))
        if utf16_length("\n\n".join([*parts, part])) > limit:
            break
        parts.append(part)
        timed.append(described.render(before, (at for _, at in links)))
        before = described
        if links:
            linked.add(described.name)
    while True:
        shown = len(parts) - 1
        rest = last_line(digest, shown)
        room_left = limit - utf16_length(_join([*parts, rest]))
        if not shown or room_left >= 0:
            return _join([*_lengthen(parts, timed, room_left), rest]), shown
        parts.pop()


def _join(parts: Iterable[str]) -> str:
    return "\n\n".join(filter(None, parts))


def _lengthen(parts: Iterable[str], longer: Iterable[str], room_left: int) -> Iterator[str]:
    """Yield each part, in its longer form if that fits into the room that is left."""
    for part, long in zip(parts, longer, strict=False):
        cost = utf16_length(long) - utf16_length(part)
        if cost <= room_left:
            room_left -= cost
            yield long
        else:
            yield part
