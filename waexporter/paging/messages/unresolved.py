"""Words for alerts without a known end, and for those that could not be read; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from waexporter.paging.model import ItemKind
from waexporter.timefmt import plural

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from waexporter.paging.messages.digest import Digest


class _Words(NamedTuple):
    counted: str  # in the first line, behind the number
    title: str  # in front of the alert
    explanation: str  # below the alert


_WORDS: Final[Mapping[ItemKind, _Words]] = {
    ItemKind.GONE: _Words("gone from Alertmanager", "GONE", "Alertmanager, asked, has it no more."),
    ItemKind.SILENCED: _Words("silenced", "SILENCED", "It is silenced in Alertmanager."),
    ItemKind.INHIBITED: _Words("inhibited", "INHIBITED", "Another alert inhibits it in Alertmanager."),
    ItemKind.UNHEARD: _Words(
        "not heard of any more (silenced, inhibited or ended)",
        "NOT HEARD OF ANY MORE",
        "It is silenced, inhibited or has ended; which of these is not known.",
    ),
}


def is_unresolved(kind: ItemKind) -> bool:
    """Return whether Alertmanager stopped sending an alert without reporting its end."""
    return kind in _WORDS


def count_unresolved(kinds: Iterable[ItemKind], lost: int = 0) -> Iterator[str]:
    """Yield counts of the alerts that are unresolved, and of the `lost` ones that earlier pages reported."""
    counted = [*kinds, *[ItemKind.UNHEARD] * lost]
    for kind, words in _WORDS.items():
        if count := counted.count(kind):
            yield f"{count} {words.counted}"


def count_unknown(digest: Digest) -> Iterator[str]:
    """Yield counts of the alerts that no text shows, and that may still fire."""
    if digest.unsure:
        yield f"no end heard of {plural(digest.unsure, 'other')}"
    if digest.muted:
        yield f"{plural(digest.muted, 'other')} silenced or inhibited"
    if digest.unread:
        yield f"{digest.unread} could not be read"
    if digest.is_partial:
        yield "others may have been left out"


def unresolved_title(kind: ItemKind) -> str:
    """Return the words in front of an unresolved alert."""
    return _WORDS[kind].title


def explain_unresolved(kind: ItemKind, start: str | None) -> str:
    """Return what is known about an unresolved alert that fired from `start` on."""
    explanation = _WORDS[kind].explanation
    return f"Fired {start}. {explanation}" if start else explanation
