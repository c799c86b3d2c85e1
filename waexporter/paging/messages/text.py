"""Foreign texts, links and times as a person reads them; pure."""

from __future__ import annotations

import ipaddress
import re
import string
import unicodedata
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, urlsplit

from waexporter.timefmt import moment, span

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

# Control and format characters (those that turn the direction of text among them), surrogates, private use.
_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Co"})
# What Unicode ignores by default or draws as nothing, though its category says otherwise.
_BLANK: Final = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2065\u2800\u3164\ufe00-\ufe0f\uffa0\ufff0-\ufff8"
    "\U000e0000-\U000e0fff]"
)

# Two joiners are a part of how words are spelt, and one of emoji. They stay where they join: after what kills
# a vowel, between letters that join or that stand in one syllable (Arabic and its kin, the scripts of India
# and around it, Mongolian), between emoji. Everywhere else they only hide something.
_JOINERS: Final = frozenset("\u200c\u200d")
_TO_EMOJI: Final = "\u200d"
_PRESENTATION: Final = frozenset("\ufe0e\ufe0f")  # of what comes before it: as text, as a picture
_JOINING: Final = re.compile(
    "[\u0600-\u07ff\u0840-\u0dff\u1000-\u109f\u1780-\u18af\u1a20-\u1aaf\u1b00-\u1c4f\ua840-\ua8ff\ua980-\ua9ff"
    "\uaa60-\uaa7f\uabc0-\uabff\ufb50-\ufdff\ufe70-\ufefc\U00010d00-\U00010d3f\U00011000-\U00011fff"
    "\U0001e900-\U0001e95f]"
)
_VOWEL_KILLER: Final = 9  # the combining class of a virama
_EMOJI: Final = re.compile(
    "[\u00a9\u00ae\u203c\u2049\u2122\u2139\u2190-\u21ff\u2300-\u23ff\u24c2\u25a0-\u27bf\u2934\u2935\u2b00-\u2bff"
    "\u3030\u303d\u3297\u3299\U0001f000-\U0001faff]"
)
_KEY: Final = re.compile("[0-9#*]")  # of a telephone; a picture with the frame that follows
_FRAME: Final = "\u20e3"

_WHITE: Final = f"{string.whitespace}{''.join(sorted(_JOINERS))}"  # no reason to end a text with one of them
_LINES: Final = 6  # of one text: what a rule's author wrote as a list remains one
_LAST_WORD: Final = 20  # characters: a longer one is cut in the middle
_WITHIN: Final = 4  # times the room: so much of a text is looked at, however long it is

# A user or a password in front of the host is no business of a group's, so such a link is none.
_LINK: Final = re.compile(r"https?://[^/?#@\\]+(?:[/?#].*)?", re.IGNORECASE)
LONGEST_LINK: Final = 500
_LEGAL_IN_LINKS: Final = "%/:?#[]@!$&'()*+,;=~-._"

# The first stands in the shipped rules, where everybody has an address of their own.
_NOWHERE: Final = (".waexporter.example", ".localhost")

_LAST_MOMENT: Final = 253_402_214_400.0  # the last day of the year 9999, which begins earlier in the east


def width(text: str) -> int:
    """Count UTF-16 code units, as phones do: never fewer than characters, so a limit in either holds."""
    return len(text.encode("utf-16-le")) // 2


def clip(text: str, room: int) -> str:
    """Shorten a text to a width, with an ellipsis where something is missing; between words where it can."""
    if width(text) <= room:
        return text
    if room < 1:
        return ""
    kept = text.encode("utf-16-le")[: 2 * (room - 1)].decode("utf-16-le", "ignore")
    whole, blank, rest = kept.rpartition(" ")
    if blank and len(rest) <= _LAST_WORD and not text[len(kept)].isspace():
        kept = whole
    return f"{kept.rstrip(_WHITE)}…"


def line(raw: str, room: int) -> str:
    """Give a foreign text as one line, with nothing in it that hides or turns what is said."""
    return paragraph(raw, room, lines=1)


def paragraph(raw: str, room: int, lines: int = _LINES) -> str:
    """Give a foreign text with its first line breaks, as `line` does with one line."""
    looked_at = raw[: room * _WITHIN]
    rows = [row for row in map(_visible, looked_at.splitlines()) if row]
    rows = [*rows[: lines - 1], " ".join(rows[lines - 1 :])]
    text = "\n".join(filter(None, rows))
    return clip(text if len(looked_at) == len(raw) else f"{text}…", room)


def _visible(row: str) -> str:
    if row.isascii() and row.isprintable():
        return " ".join(row.split())  # nearly every text: in a storm there are thousands
    words = (_joined(list(filter(_may_be_seen, word))) for word in row.split())
    return " ".join(filter(None, words))


def _may_be_seen(character: str) -> bool:
    if character in _JOINERS or character in _PRESENTATION:
        return True
    return unicodedata.category(character) not in _UNSEEN and not _BLANK.match(character)


def _joined(word: list[str]) -> str:
    """Leave out what changes nothing about the characters around it."""
    kept: list[str] = []
    for before_next, character in enumerate(word, start=1):
        following = word[before_next] if before_next < len(word) else ""
        if character in _PRESENTATION:
            is_seen = bool(kept) and _is_presented(kept[-1], following)
        elif character in _JOINERS:
            is_seen = bool(kept) and _joins(kept, character, following)
        else:
            is_seen = True
        if is_seen:
            kept.append(character)
    return "".join(kept)


def _is_presented(base: str, following: str) -> bool:
    return bool(_EMOJI.match(base) or (_KEY.match(base) and following == _FRAME))


def _joins(before: Sequence[str], joiner: str, following: str) -> bool:
    last = before[-1]
    if unicodedata.combining(last) == _VOWEL_KILLER or (_is_joining(last) and _is_joining(following)):
        return True
    base = before[-2] if last in _PRESENTATION and len(before) > 1 else last
    return joiner == _TO_EMOJI and bool(_EMOJI.match(base) and _EMOJI.match(following))


def _is_joining(character: str) -> bool:
    return bool(_JOINING.match(character)) and unicodedata.category(character)[0] in "LM"


def link(raw: str) -> str | None:
    """Give an http(s) address so that it can be touched; None for what is none, is absurd or holds a secret.

    None too for one that leads nowhere from a phone: to the reader's own machine, or to the address that
    stands in the shipped rules until somebody puts a real one there.
    """
    url = raw.strip() if len(raw) <= 2 * LONGEST_LINK else ""
    if " " in url or not url.isprintable() or not _LINK.fullmatch(url) or _leads_nowhere(url):
        return None
    url = quote(url, safe=_LEGAL_IN_LINKS)
    return url if len(url) <= LONGEST_LINK else None


def _leads_nowhere(url: str) -> bool:
    try:
        host = (urlsplit(url).hostname or "").rstrip(".")
    except ValueError:
        return True
    if f".{host}".endswith(_NOWHERE):
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def clock(seconds: float | None, now: datetime) -> str | None:
    """Write a moment in the zone of `now`, with the date where it is not today's; None for what is none."""
    when = _moment(seconds, now)
    if when is None:
        return None
    return when.strftime("%H:%M" if when.date() == now.date() else "%Y-%m-%d %H:%M")


def clocks(now: datetime, *moments: float | None) -> list[str | None]:
    """Write the moments of one sentence; the zone stands behind the last of those that share it."""
    texts: list[str | None] = []
    following = ""
    for seconds in reversed(moments):
        text, when = clock(seconds, now), _moment(seconds, now)
        if text is not None and when is not None and (zone := _zone(when)) != following:
            text, following = f"{text} {zone}", zone
        texts.append(text)
    return texts[::-1]


def _moment(seconds: float | None, now: datetime) -> datetime | None:
    when = moment(seconds)
    if when is None or not 0 < when.timestamp() <= _LAST_MOMENT:
        return None  # such as Go's zero time
    return when.astimezone(now.tzinfo)


def _zone(when: datetime) -> str:
    name = when.tzname() or ""
    return f"UTC{name}" if name.startswith(("+", "-")) else name  # zones whose people use no abbreviation


def age(seconds: float) -> str:
    """Write a span in whole minutes, or in seconds below one: nobody reads more of it at night."""
    return span(seconds // 60 * 60 if seconds >= 60 else seconds // 1)  # noqa: PLR2004 - a minute
