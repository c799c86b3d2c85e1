"""What the pager decides about pages before it sends them, in words for the journal; pure."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from waexporter.paging.journal.entry import PagerDecision
from waexporter.paging.model import ItemKind
from waexporter.timefmt import first_names, humanize_seconds, plural

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from waexporter.model import PagerSettings
    from waexporter.paging.model import Page
    from waexporter.paging.queue import QueuedPage

_MAX_NUMBERS: Final = 20  # pages of one message
# What Alertmanager, or its silence, made of alerts that were missing from a delivery.
_FOUND: Final[Mapping[ItemKind, str]] = {
    ItemKind.FIRED: "still firing",
    ItemKind.RESOLVED: "resolved by a later delivery",
    ItemKind.UNHEARD: "not heard of any more",
    ItemKind.SILENCED: "silenced",
    ItemKind.INHIBITED: "inhibited",
    ItemKind.GONE: "gone from Alertmanager",
}


def list_decisions(
    batch: Sequence[QueuedPage], sent: Sequence[Page], text: str, settings: PagerSettings, now: float
) -> list[PagerDecision]:
    """Return what was decided about pages that are sent as one text.

    `sent` are the pages as they are sent, `now` is in wall-clock seconds.
    """
    return [PagerDecision(now, words) for words in _describe_batch(batch, sent, text, settings)]


def _describe_batch(
    batch: Sequence[QueuedPage], sent: Sequence[Page], text: str, settings: PagerSettings
) -> Iterator[str]:
    if any(each.is_rate_limited for each in batch):
        rate = f"{plural(settings.rate.messages, 'message')} in {humanize_seconds(settings.rate.per)}"
        yield f"had to wait, since its recipient gets at most {rate} (pager.rate)"
    if len(batch) > 1:
        numbers = [str(each.entry.number) for each in batch]
        yield f"one message had the pages {first_names(numbers, _MAX_NUMBERS)}"
    for each, page in zip(batch, sent, strict=True):
        if each.entry.page.doubts:
            of = f"of page {each.entry.number}, " if len(batch) > 1 else ""
            yield f"{of}{_describe_missing(each.entry.page, page)}"

    lines = [line for line in text.splitlines() if line]
    yield f"the first line of the message: {lines[0] if lines else 'none'}"
    if len(lines) > 1 and lines[-1].startswith("+"):
        yield f"the message had no room for all: {lines[-1]}"


def _describe_missing(before: Page, after: Page) -> str:
    """Return what became of the alerts that a delivery did not list."""
    known = Counter(item.kind for item in before.items)
    found = Counter(item.kind for item in after.items)
    found.subtract(known)
    words = [f"{count} {_FOUND[kind]}" for kind, count in found.items() if count > 0 and kind in _FOUND]
    words += (
        [f"{after.still_firing - before.still_firing} still firing"]
        if after.still_firing > before.still_firing
        else []
    )
    words += [f"{after.muted} silenced or inhibited"] if after.muted else []
    asked = plural(len(before.doubts), "earlier alert")
    return f"{asked} that Alertmanager did not list: {', '.join(words) or 'seen again since'}"
