"""Escape the markup of WhatsApp, so that a text is shown as it is; pure.

Other channels format nothing, so only messages to WhatsApp are escaped; but `@name` mentions somebody in
other chats, too.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_WIDE: Final = 0xFEE0  # from an ASCII character to its fullwidth form

# WhatsApp formats only by ASCII characters, so look-alikes are shown and have no effect. An invisible joiner
# next to the character is no solution: versions of WhatsApp differ in how they parse it, and a name copied
# from the message would not match, for no visible reason. Phones have the fullwidth forms in their East Asian
# fonts; where these look like something else (an underscore like two), a modifier letter is used, which the
# system's own font has.
_LOOK_ALIKES: Final = {"_": "\u02cd", "`": "\u02cb"} | {each: chr(ord(each) + _WIDE) for each in "*~>-.@"}
_PAIRED: Final = "*_~"  # two of them format the text between them
_LINE_START: Final = re.compile(r">+|(?:[-*]|[0-9]+\.)(?= |$)")  # a quotation, an item of a list
_MENTION: Final = re.compile(r"(?<![^\W_])@(?=[\w`*~])")

# A link is unchanged: it has to work, and WhatsApp formats nothing within one.
_NAME: Final = (
    r"[^\W_\u02b0-\u02ff](?:[\w.-]*[^\W_\u02b0-\u02ff])?"  # of a host; no modifier letters at its ends
)
_LINK: Final = re.compile(
    rf"(?<![^\W_])https?://(?:\[[0-9a-f:.]+\]|{_NAME})(?::[0-9]+)?(?:[/?#][^\s<>\"`]*)?", re.IGNORECASE
)


def escape_markup(text: str) -> str:
    """Return a text without markup; it is exactly as long, and differs only where something was markup."""
    return "\n".join(map(_escape_line, text.split("\n")))


def escape_mentions(text: str) -> str:
    """Return a text in which no `@name` mentions anybody, at equal length."""
    return "\n".join("".join(_replace(line, _mentions(line))) for line in text.split("\n"))


def _escape_line(line: str) -> str:
    shown = _replace(line, {*_mentions(line), *_ticks(line), *_pairs(line)})
    for place in _starts("".join(shown)):  # after the other replacements: a blank may have made one
        shown[place] = _LOOK_ALIKES[shown[place]]
    return "".join(shown)


def _replace(line: str, places: Iterable[int]) -> list[str]:
    """Return the letters of a line with look-alikes at these places, unless they are part of a link."""
    links = [range(*link.span()) for link in _LINK.finditer(line)]
    # A look-alike next to a link would be taken for a part of it, so it becomes a blank.
    next_to_link = {place for link in links for place in (link.start - 1, link.stop)}
    shown = list(line)
    for place in places:
        if not any(place in link for link in links):
            shown[place] = " " if place in next_to_link else _LOOK_ALIKES[shown[place]]
    return shown


def _starts(line: str) -> Iterator[int]:
    """Yield the places of characters that make a line a quotation or an item of a list."""
    if start := _LINE_START.match(line):
        yield from (place for place in range(start.end()) if line[place] in _LOOK_ALIKES)


def _mentions(line: str) -> Iterator[int]:
    yield from (mention.start() for mention in _MENTION.finditer(line))


def _ticks(line: str) -> Iterable[int]:
    """Return the places of backticks; three of them may end on another line, a single one formats nothing."""
    ticks = [place for place, character in enumerate(line) if character == "`"]
    return ticks if len(ticks) > 1 else ()


def _pairs(line: str) -> Iterator[int]:
    """Yield the places of marks that may begin or end a formatted text.

    It begins and ends at the edges of words on one line, with something between the marks. Which marks belong
    together is left open: versions of WhatsApp differ.
    """
    for mark in _PAIRED:
        places = [place for place, character in enumerate(line) if character == mark]
        begins = [place for place in places if _is_edge(line, place - 1) and _is_text(line, place + 1)]
        ends = [place for place in places if _is_edge(line, place + 1) and _is_text(line, place - 1)]
        if begins and ends:
            yield from (place for place in begins if place + 1 < ends[-1])
            yield from (place for place in ends if place - 1 > begins[0])


def _is_edge(line: str, place: int) -> bool:
    """Return whether there is no letter or digit at this place; the ends of a line are edges, too."""
    return not 0 <= place < len(line) or not line[place].isalnum()


def _is_text(line: str, place: int) -> bool:
    return 0 <= place < len(line) and not line[place].isspace()
