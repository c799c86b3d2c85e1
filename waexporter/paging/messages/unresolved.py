"""Words for alerts that nobody heard the end of, and for those that can't be read; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from waexporter.paging.model import ItemKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from waexporter.paging.messages.digest import Digest

# What the first line counts, what stands before the alert, and what is said below it.
_WORDS: Final[Mapping[ItemKind, tuple[str, str, str]]] = {
    ItemKind.GONE: ("gone from Alertmanager", "GONE", "Alertmanager, asked, has it no more."),
    ItemKind.SILENCED: ("silenced", "SILENCED", "It is silenced in Alertmanager."),
    ItemKind.INHIBITED: ("inhibited", "INHIBITED", "Another alert inhibits it in Alertmanager."),
    ItemKind.UNHEARD: (
        "not heard of any more (silenced, inhibited or ended)",
        "NOT HEARD OF ANY MORE",
        "It is silenced, inhibited or has ended; which of these is not known.",
    ),
}


def has_left(kind: ItemKind) -> bool:
    """Return whether Alertmanager does not stand for an alert any more, without having told its end."""
    return kind in _WORDS


def count_left(kinds: Iterable[ItemKind], lost: int = 0) -> Iterator[str]:
    """Yield counts of the alerts that left without an end, and of those that were told to before."""
    said = [*kinds, *[ItemKind.UNHEARD] * lost]
    for kind, (words, _, _) in _WORDS.items():
        if count := said.count(kind):
            yield f"{count} {words}"


def count_unknown(news: Digest) -> Iterator[str]:
    """Yield counts of what is not told alert by alert, and keeps an incident from being over."""
    if news.unsure:
        yield f"no end heard of {news.unsure} other{'' if news.unsure == 1 else 's'}"
    if news.muted:
        yield f"{news.muted} other{'' if news.muted == 1 else 's'} silenced or inhibited"
    if news.unread:
        yield f"{news.unread} could not be read"
    if news.is_partial:
        yield "others may have been left out"


def title(kind: ItemKind) -> str:
    """Return what stands before an alert that left."""
    return _WORDS[kind][1]


def explain(kind: ItemKind, start: str | None) -> str:
    """Return what is known of an alert that left and fired from `start` on."""
    return f"Fired {start}. {_WORDS[kind][2]}" if start else _WORDS[kind][2]
