"""Texts, links and times for people: without invisible characters, shortened, formatted; pure."""

from __future__ import annotations

import ipaddress
import re
import string
import unicodedata
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, urlsplit

from waexporter.timefmt import humanize_seconds, to_datetime

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

# Control and format characters (also those that change the direction of text), surrogates, private use.
_INVISIBLE_CATEGORIES: Final = frozenset({"Cc", "Cf", "Cs", "Co"})
# Characters that are ignored by default or drawn as nothing, though their category does not say so.
_INVISIBLE: Final = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2065\u2800\u3164\ufe00-\ufe0f\uffa0\ufff0-\ufff8"
    "\U000e0000-\U000e0fff]"
)

# Two joiners are part of the spelling of words, and one of them is part of emoji. They are kept if they join
# something: after a virama, between letters that join or form one syllable (Arabic and related scripts, the
# scripts of India and its neighbours, Mongolian), and between emoji. Others are invisible, and mislead.
_JOINERS: Final = frozenset("\u200c\u200d")
_EMOJI_JOINER: Final = "\u200d"
# They select whether the character before them is shown as text or as a picture.
_VARIATION_SELECTORS: Final = frozenset("\ufe0e\ufe0f")
_JOINING_SCRIPTS: Final = re.compile(
    "[\u0600-\u07ff\u0840-\u0dff\u1000-\u109f\u1780-\u18af\u1a20-\u1aaf\u1b00-\u1c4f\ua840-\ua8ff\ua980-\ua9ff"
    "\uaa60-\uaa7f\uabc0-\uabff\ufb50-\ufdff\ufe70-\ufefc\U00010d00-\U00010d3f\U00011000-\U00011fff"
    "\U0001e900-\U0001e95f]"
)
_VIRAMA: Final = 9  # its combining class
_EMOJI: Final = re.compile(
    "[\u00a9\u00ae\u203c\u2049\u2122\u2139\u2190-\u21ff\u2300-\u23ff\u24c2\u25a0-\u27bf\u2934\u2935\u2b00-\u2bff"
    "\u3030\u303d\u3297\u3299\U0001f000-\U0001faff]"
)
_KEYCAP_BASE: Final = re.compile("[0-9#*]")  # a telephone key; with the frame behind it, it is an emoji
_KEYCAP_FRAME: Final = "\u20e3"

_TRAILING: Final = f"{string.whitespace}{''.join(sorted(_JOINERS))}"  # a text does not end with one of them
_MAX_LINES: Final = 6  # of one text: a list in an annotation is kept as a list
_LONGEST_WORD: Final = 20  # characters: a longer word is cut in the middle
_EXAMINED_FACTOR: Final = 4  # times the room: no more of a long text is examined

# A link with a user or a password in front of the host is not shown: everybody in the group would read it.
_LINK: Final = re.compile(r"https?://[^/?#@\\]+(?:[/?#].*)?", re.IGNORECASE)
LONGEST_LINK: Final = 500
_SAFE_IN_LINKS: Final = "%/:?#[]@!$&'()*+,;=~-._"

# The first is the placeholder in the shipped rules.
_UNREACHABLE_HOSTS: Final = (".waexporter.example", ".localhost")

_LATEST: Final = 253_402_214_400.0  # begin of the last day of the year 9999, in the easternmost zone


def utf16_length(text: str) -> int:
    """Return the length in UTF-16 code units, which phones count; it is never less than in characters."""
    return len(text.encode("utf-16-le")) // 2


def truncate(text: str, room: int) -> str:
    """Shorten a text to `room` UTF-16 code units, with an ellipsis; between words if possible."""
    if utf16_length(text) <= room:
        return text
    if room < 1:
        return ""
    kept = text.encode("utf-16-le")[: 2 * (room - 1)].decode("utf-16-le", "ignore")
    whole, blank, rest = kept.rpartition(" ")
    if blank and len(rest) <= _LONGEST_WORD and not text[len(kept)].isspace():
        kept = whole
    return f"{kept.rstrip(_TRAILING)}…"


def single_line(raw: str, room: int) -> str:
    """Return a text from outside as one line, without invisible characters."""
    return paragraph(raw, room, lines=1)


def paragraph(raw: str, room: int, lines: int = _MAX_LINES) -> str:
    """Return a text from outside with its first line breaks, without invisible characters."""
    examined = raw[: room * _EXAMINED_FACTOR]
    rows = [row for row in map(_visible_text, examined.splitlines()) if row]
    rows = [*rows[: lines - 1], " ".join(rows[lines - 1 :])]
    text = "\n".join(filter(None, rows))
    return truncate(text if len(examined) == len(raw) else f"{text}…", room)


def _visible_text(row: str) -> str:
    if row.isascii() and row.isprintable():
        return " ".join(row.split())  # nearly every text: there may be thousands
    words = (_drop_useless_joiners(list(filter(_may_be_visible, word))) for word in row.split())
    return " ".join(filter(None, words))


def _may_be_visible(character: str) -> bool:
    if character in _JOINERS or character in _VARIATION_SELECTORS:
        return True
    return unicodedata.category(character) not in _INVISIBLE_CATEGORIES and not _INVISIBLE.match(character)


def _drop_useless_joiners(word: list[str]) -> str:
    """Return a word without the joiners and variation selectors that have no effect."""
    kept: list[str] = []
    for before_next, character in enumerate(word, start=1):
        following = word[before_next] if before_next < len(word) else ""
        if character in _VARIATION_SELECTORS:
            is_kept = bool(kept) and _selects_variation(kept[-1], following)
        elif character in _JOINERS:
            is_kept = bool(kept) and _joins(kept, character, following)
        else:
            is_kept = True
        if is_kept:
            kept.append(character)
    return "".join(kept)


def _selects_variation(base: str, following: str) -> bool:
    return bool(_EMOJI.match(base) or (_KEYCAP_BASE.match(base) and following == _KEYCAP_FRAME))


def _joins(before: Sequence[str], joiner: str, following: str) -> bool:
    last = before[-1]
    if unicodedata.combining(last) == _VIRAMA or (_is_joining(last) and _is_joining(following)):
        return True
    base = before[-2] if last in _VARIATION_SELECTORS and len(before) > 1 else last
    return joiner == _EMOJI_JOINER and bool(_EMOJI.match(base) and _EMOJI.match(following))


def _is_joining(character: str) -> bool:
    return bool(_JOINING_SCRIPTS.match(character)) and unicodedata.category(character)[0] in "LM"


def safe_link(raw: str) -> str | None:
    """Return an http(s) address as a link; None if it is invalid, too long or has a password.

    Return None, too, if it can't be opened from a phone: an address of the reader's own machine, or the
    placeholder in the shipped rules.
    """
    url = raw.strip() if len(raw) <= 2 * LONGEST_LINK else ""
    if " " in url or not url.isprintable() or not _LINK.fullmatch(url) or _is_unreachable(url):
        return None
    url = quote(url, safe=_SAFE_IN_LINKS)
    return url if len(url) <= LONGEST_LINK else None


def _is_unreachable(url: str) -> bool:
    try:
        host = (urlsplit(url).hostname or "").rstrip(".")
    except ValueError:
        return True
    if f".{host}".endswith(_UNREACHABLE_HOSTS):
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def format_time(seconds: float | None, now: datetime) -> str | None:
    """Return a time in the zone of `now`, with the date unless it is today; None if it is invalid."""
    when = _local_time(seconds, now)
    if when is None:
        return None
    return when.strftime("%H:%M" if when.date() == now.date() else "%Y-%m-%d %H:%M")


def format_times(now: datetime, *moments: float | None) -> list[str | None]:
    """Return the times of one sentence; the zone is behind the last time of those that share it."""
    texts: list[str | None] = []
    following = ""
    for seconds in reversed(moments):
        text, when = format_time(seconds, now), _local_time(seconds, now)
        if text is not None and when is not None and (zone := _zone_name(when)) != following:
            text, following = f"{text} {zone}", zone
        texts.append(text)
    return texts[::-1]


def _local_time(seconds: float | None, now: datetime) -> datetime | None:
    when = to_datetime(seconds)
    if when is None or not 0 < when.timestamp() <= _LATEST:
        return None  # such as Go's zero time
    return when.astimezone(now.tzinfo)


def _zone_name(when: datetime) -> str:
    name = when.tzname() or ""
    return f"UTC{name}" if name.startswith(("+", "-")) else name  # zones whose people use no abbreviation


def format_duration(seconds: float) -> str:
    """Return a duration in whole minutes, or in seconds below one: nobody reads more of it at night."""
    return humanize_seconds(seconds // 60 * 60 if seconds >= 60 else seconds // 1)  # noqa: PLR2004 - a minute
