"""The words that somebody searches a page for; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from waexporter.web.responses import IncomingRequest

_MAX_CONDITIONS: Final = 20  # of each kind: the page shows which ones hold


def read_words(request: IncomingRequest) -> str:
    """Return the words of `?q=`, each once."""
    return " ".join(limit_conditions(" ".join(request.values("q")).split()))


def limit_conditions(texts: Iterable[str]) -> tuple[str, ...]:
    """Return the first conditions, each once: many take long on a page with thousands of rows."""
    return tuple(dict.fromkeys(filter(None, texts)))[:_MAX_CONDITIONS]


def has_words(parts: Iterable[str], words: str) -> bool:
    """Return whether each of the words is somewhere in these parts, in capital or small letters."""
    if not words:
        return True
    text = "\n".join(parts).casefold()
    return all(word in text for word in words.casefold().split())
