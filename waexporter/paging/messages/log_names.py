"""The names of pages in the log, such as `WhatsAppDown of orders`; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from waexporter.paging.model import Item, ItemKind
from waexporter.transport.lenient_json import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from waexporter.paging.model import Page

_MAX_NAMES = 5
_MAX_LENGTH = 60  # characters of a label
_WORDS = {
    ItemKind.FIRED: "",
    ItemKind.REMINDED: " still",
    ItemKind.RESOLVED: " resolved",
    ItemKind.UNHEARD: " not heard of",
    ItemKind.SILENCED: " silenced",
    ItemKind.INHIBITED: " inhibited",
    ItemKind.GONE: " gone",
}


def name_pages(pages: Iterable[Page]) -> list[str]:
    """Return the names of the alerts of pages, and of those that their webhooks left out."""
    return name_alerts(item for page in pages for item in _items(page))


def name_alerts(items: Iterable[Item]) -> list[str]:
    """Return names such as `WhatsAppDown of orders`, each once, and the number of those beyond the first."""
    names: dict[str, None] = {}
    more = 0
    for item in items:  # there may be a hundred thousand
        if len(names) < _MAX_NAMES:
            names[_name(item)] = None
        else:
            more += 1
    return [*names, *([f"{more} more"] if more else [])]


def _items(page: Page) -> Iterator[Item]:
    yield from page.items
    yield from (Item(doubt.alert, ItemKind.UNHEARD) for doubt in page.doubts)


def _name(item: Item) -> str:
    labels = item.alert.labels
    about = labels.get("target") or labels.get("source") or labels.get("instance")
    name = printable(labels.get("alertname") or "an alert without a name", _MAX_LENGTH)
    return f"{name}{f' of {printable(about, _MAX_LENGTH)}' if about else ''}{_WORDS[item.kind]}"
