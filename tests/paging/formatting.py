"""WhatsApp's formatting as its help describes it and phones do it: a reference to test against.

A mark formats what stands between it and its partner on the same line, where both are at the edge of a word
and nothing blank is beside them on the inside. Code in backticks needs no edge, and with three of them no
single line. What begins a line makes a quotation or an item of a list. Nothing is formatted within a link.
"""

from __future__ import annotations

import re

_END = r"[^\W_\u02b0-\u02ff]"  # a host begins and ends with a letter or digit; modifiers are none
_HOST = rf"(?:\[[0-9a-f:.]+\]|{_END}(?:[\w.-]*{_END})?)"
_LINK = re.compile(rf"(?<![^\W_])https?://{_HOST}(?::\d+)?(?:[/?#][^\s<>\"`]*)?", re.IGNORECASE)
_WORD = r"[^\W_]"
_RULES = (
    r"```.+?```",
    r"`[^`\n]+`",
    *(rf"(?<!{_WORD}){mark}(?=\S)[^\n]*?[^\s]{mark}(?!{_WORD})" for mark in (r"\*", "_", "~")),
    r"^(?:> ?|[-*] |\d+\. )",
)
_MARKUP = re.compile("|".join(_RULES), re.DOTALL | re.MULTILINE)


def formatted(text: str) -> list[str]:
    """Find everything that WhatsApp would format."""
    return [found[0] for found in _MARKUP.finditer(_LINK.sub("link", text))]
