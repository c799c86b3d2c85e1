"""Which pages are due: in order within a thread, and at the rate of each recipient; pure.

Times are on the steady clock.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from waexporter.paging.rate_limit import RateLimiter
from waexporter.paging.routing import affected_targets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from waexporter.model import Rate
    from waexporter.paging.journal.entry import JournalEntry
    from waexporter.paging.routing import AffectedTargets, Carrier

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0  # seconds between two rounds of attempts
_MOST_BUNDLED = 500  # pages in one message: more than fit into its text


@dataclass(slots=True)
class QueuedPage:
    """A page that is not out yet."""

    entry: JournalEntry
    received: float
    queued: float  # by this process: what waited while no daemon ran has not been tried meanwhile
    due: float
    recipient: str = ""  # who would get it as the carriers are now; empty: not known yet
    failures: int = 0
    refused_by: set[str] = field(default_factory=set)  # ways that refused it for good
    delivered_to: set[str] = field(default_factory=set)  # people who have it already
    is_uncertain: bool = False  # an earlier attempt may have arrived
    is_rate_limited: bool = False  # the rate made it wait
    logged: dict[str, str] = field(default_factory=dict)  # by way, the code that was logged last
    # Read from the page once: in a storm thousands of alerts wait, and routes are looked at with every page.
    affected: AffectedTargets = field(init=False)

    def __post_init__(self) -> None:
        page = self.entry.page
        alerts = (
            *(item.alert for item in page.items),
            *(doubt.alert for doubt in page.doubts if doubt.is_stale),
        )
        self.affected = affected_targets(alerts)

    @property
    def thread(self) -> str:
        """The thread that it belongs to."""
        return self.entry.page.thread

    @property
    def fires(self) -> bool:
        """Whether an alert in it fires."""
        return any(item.kind.fires for item in self.entry.page.items)


class Batch(NamedTuple):
    """Pages that go out in one message, and the recipient whose rate they count for."""

    pages: list[QueuedPage]
    recipient: str


class PageQueue:
    """The pages that are not out yet, in the order they came; use it under a lock."""

    def __init__(self, rate: Rate) -> None:
        self._rate = RateLimiter(rate)
        self._pages: dict[int, QueuedPage] = {}
        self._busy: set[str] = set()  # threads whose pages are being sent
        self._carriers: tuple[Carrier, ...] = ()  # as they were at the last look

    def __len__(self) -> int:
        """Return how many pages are not out yet."""
        return len(self._pages)

    def oldest_received(self) -> float:
        """Return when the page that has waited longest was received; infinity without one."""
        return min((page.received for page in self._pages.values()), default=math.inf)

    def add(self, page: QueuedPage) -> bool:
        """Add a page and return True; one that is known already stays as it is."""
        return self._pages.setdefault(page.entry.number, page) is page

    def remove(self, numbers: Iterable[int]) -> None:
        """Remove pages that came to their end."""
        for number in numbers:
            self._pages.pop(number, None)

    def reset(self, rate: Rate, now: float) -> None:
        """Make every page due, along every way, since settings changed."""
        self._rate.set_rate(rate)
        self._carriers = ()
        for page in self._pages.values():
            page.recipient, page.due = "", now
            page.refused_by.clear()

    def count_sent(self, recipient: str, at: float) -> None:
        """Count a message towards the rate of its recipient."""
        self._rate.record(recipient, at)

    def start_batch(
        self,
        now: float,
        carriers: Callable[[], Iterable[Carrier]],
        find_recipient: Callable[[QueuedPage, Sequence[Carrier]], str],
    ) -> Batch | float:
        """Return the pages to send now, whose threads are busy until `end_batch`; else when some may be due.

        These are the pages of one thread. Where the rate made it wait, the pages of all threads that waited
        for the same recipient go with them. `carriers` returns the targets as they are now, `find_recipient`
        the recipient whose rate a page counts for.
        """
        heads = self._heads(now)
        next_due = math.inf
        known: tuple[Carrier, ...] = ()
        for thread, head in heads.items():
            if thread in self._busy:
                continue
            if head.due > now:
                next_due = min(next_due, head.due)
                continue
            known = known or self._update_carriers(tuple(carriers()))
            recipient = _recipient(head, known, find_recipient)
            free = self._rate.free_at(recipient, now)
            if free > now:
                head.is_rate_limited = True
                next_due = min(next_due, free)
                continue
            threads = {thread}
            if head.is_rate_limited:
                threads |= {
                    name
                    for name, other in heads.items()
                    if name not in self._busy
                    and other.due <= now
                    and _recipient(other, known, find_recipient) == recipient
                }
            return self._reserve(threads, recipient)
        return next_due

    def end_batch(self, batch: Batch) -> None:
        """Release the threads of a batch; if it was sent, `count_sent` was called before."""
        self._rate.release(batch.recipient)
        self._busy -= {page.thread for page in batch.pages}

    def _heads(self, now: float) -> dict[str, QueuedPage]:
        """Return the first page of each thread, by thread."""
        heads: dict[str, QueuedPage] = {}
        for page in self._pages.values():
            head = heads.setdefault(page.thread, page)
            if head.due > now and not head.failures and page.fires:
                head.due = now  # only a page without a firing alert may be held back, and none behind it
        return heads

    def _reserve(self, threads: set[str], recipient: str) -> Batch:
        pages = [page for page in self._pages.values() if page.thread in threads][:_MOST_BUNDLED]
        self._busy |= {page.thread for page in pages}
        self._rate.reserve(recipient)
        return Batch(pages, recipient)

    def _update_carriers(self, carriers: tuple[Carrier, ...]) -> tuple[Carrier, ...]:
        """Return the carriers; where they changed, every page may have another recipient."""
        if carriers != self._carriers:
            self._carriers = carriers
            for page in self._pages.values():
                page.recipient = ""
        return carriers


def retry_at(page: QueuedPage, now: float, jitter: float, ways_ready_at: float) -> float:
    """Return when a page that failed is due again; `jitter` is between 0 and 1.

    The pause grows with each failure, with full jitter. Where every way asks for more time it gets it, up to
    the longest pause: another way may open meanwhile.
    """
    longest = min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(page.failures, 10))
    pause = FIRST_PAUSE + jitter * (longest - FIRST_PAUSE)
    return now + max(pause, min(ways_ready_at - now, LONGEST_PAUSE))


def _recipient(
    page: QueuedPage,
    carriers: Sequence[Carrier],
    find_recipient: Callable[[QueuedPage, Sequence[Carrier]], str],
) -> str:
    """Return who would get a page now, as far as the rate is concerned."""
    if not page.recipient:
        page.recipient = find_recipient(page, carriers)
    return page.recipient
