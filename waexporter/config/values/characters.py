"""Invisible characters and their names."""

from __future__ import annotations

import re
import unicodedata

_CONTROL = frozenset({"Cc", "Cs"})
# Control characters, and those that only shape what is around them.
_INVISIBLE_CATEGORIES = _CONTROL | {"Cf", "Zl", "Zp"}
# Unicode's Default_Ignorable_Code_Point (DerivedCoreProperties.txt) beyond these categories, and the blank of
# Braille.
_IGNORED = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2065\u2800\u3164\ufe00-\ufe0f\uffa0\ufff0-\ufff8"
    "\U000e0000-\U000e0fff]"
)
_NAMES = {
    "\0": "NUL characters (is it UTF-16 text?)",
    "\t": "tabs",
    "\n": "line breaks",
    "\r": "carriage returns",
    " ": "spaces",
}


def refuse_invisible(text: str) -> None:
    """Raise ValueError with the name of the first invisible character; spaces are allowed."""
    invisible = next((character for character in text if _is_invisible(character)), None)
    if invisible is not None:
        raise ValueError(f"must not hold {describe(invisible)}")


def describe(character: str) -> str:
    """Return words for an invisible character or white space."""
    kind = "a control character" if unicodedata.category(character) in _CONTROL else "an invisible character"
    parts = (f"U+{ord(character):04X}", unicodedata.name(character, "").lower())
    return _NAMES.get(character, f"{kind} ({', '.join(filter(None, parts))})")


def _is_invisible(character: str) -> bool:
    return unicodedata.category(character) in _INVISIBLE_CATEGORIES or _IGNORED.match(character) is not None
