"""Foreign texts, links and times as a phone shows them and WhatsApp leaves them alone; pure."""

from __future__ import annotations

import re
import unicodedata
from typing import Final
from urllib.parse import quote

from waexporter.times import moment, span

_WIDE: Final = 0xFEE0  # from an ASCII character to its fullwidth form


def _wide(characters: str) -> dict[int, int]:
    return {ord(character): ord(character) + _WIDE for character in characters}


# WhatsApp formats by ASCII characters alone, so look-alikes show what was meant and do nothing. Why not an
# invisible joiner beside the character: whether a parser stops there differs from client to client, and a
# name copied from the message would fail to match for no reason that can be seen. Phones have the fullwidth
# forms in their East Asian fonts; where these look like something else (an underscore like two), a modifier
# letter that the system's own font has stands in.
_FORMATTING: Final = _wide("*~") | {ord("_"): 0x02CD, ord("`"): 0x02CB}
_MENTION: Final = re.compile(r"(?<![^\W_])@(?=[\w`*~])")
_LINE_START: Final = re.compile(r">+|(?:-|[0-9]+\.)(?= |$)")  # a quotation, an item of a list
_LINE_START_FORMS: Final = _wide(">-.")

# Control and format characters (those that turn the direction of text among them), surrogates, private use.
_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Co"})
# What Unicode ignores by default or draws as nothing, though its category says otherwise.
_BLANK: Final = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2065\u2800\u3164\ufe00-\ufe0f\uffa0\ufff0-\ufff8"
    "\U000e0000-\U000e0fff]"
)

_LINES: Final = 6  # of one text: what a rule's author wrote as a list remains one
_LAST_WORD: Final = 20  # characters: a longer one is cut in the middle
_WITHIN: Final = 4  # times the room: so much of a text is looked at, however long it is

# A user or a password in front of the host is no business of a group's, so such a link is none.
_LINK: Final = re.compile(r"https?://[^/?#@\\]+(?:[/?#].*)?", re.IGNORECASE)
_LONGEST_LINK: Final = 500
_LEGAL_IN_LINKS: Final = "%/:?#[]@!$&'()*+,;=~-._"

_LAST_MOMENT: Final = 253_402_300_799.0  # the last second of the year 9999


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
    return f"{kept.rstrip()}…"


def line(raw: str, room: int) -> str:
    """Give a foreign text as one line: nothing invisible in it, nothing that formats."""
    return paragraph(raw, room, lines=1)


def paragraph(raw: str, room: int, lines: int = _LINES) -> str:
    """Give a foreign text with its first line breaks, as `line` does with one line."""
    looked_at = raw[: room * _WITHIN]
    rows = [row for row in map(_visible, looked_at.splitlines()) if row]
    rows = [*rows[: lines - 1], " ".join(rows[lines - 1 :])]
    text = "\n".join(_neutral(row) for row in rows if row)
    return clip(text if len(looked_at) == len(raw) else f"{text}…", room)


def _visible(row: str) -> str:
    words = ("".join(filter(_is_visible, word)) for word in row.split())
    return " ".join(filter(None, words))


def _is_visible(character: str) -> bool:
    return unicodedata.category(character) not in _UNSEEN and not _BLANK.match(character)


def _neutral(row: str) -> str:
    row = _MENTION.sub(chr(ord("@") + _WIDE), row).translate(_FORMATTING)
    start = _LINE_START.match(row)
    return row if start is None else start[0].translate(_LINE_START_FORMS) + row[start.end() :]


def link(raw: str) -> str | None:
    """Give an http(s) address so that it can be touched; None for what is none, is absurd or holds a secret.

    It is not neutralised like other texts: changed characters would lead elsewhere.
    """
    url = raw.strip() if len(raw) <= 2 * _LONGEST_LINK else ""
    if " " in url or not url.isprintable() or not _LINK.fullmatch(url):
        return None
    url = quote(url, safe=_LEGAL_IN_LINKS)
    return url if len(url) <= _LONGEST_LINK else None


def clock(seconds: float | None, now: float) -> str | None:
    """Write a moment in UTC, with the date where it is not today's; None for what is none."""
    when, today = moment(seconds), moment(now)
    if when is None or not 0 < when.timestamp() <= _LAST_MOMENT:
        return None  # such as Go's zero time
    is_today = today is not None and when.date() == today.date()
    return when.strftime("%H:%M" if is_today else "%Y-%m-%d %H:%M")


def age(seconds: float) -> str:
    """Write a span in whole minutes, or in seconds below one: nobody reads more of it at night."""
    return span(seconds // 60 * 60 if seconds >= 60 else seconds // 1)  # noqa: PLR2004 - a minute
