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
_MAX_BATCH = 500  # pages in one message: more than its text has room for


@dataclass(slots=True)
class QueuedPage:
    """A page that is not sent yet."""

    entry: JournalEntry
    received: float
    queued: float  # by this process: the time to give up counts from here, not while no daemon ran
    due: float
    recipient: str = ""  # who gets it with the present carriers; empty: not computed yet
    failures: int = 0
    refused_by: set[str] = field(default_factory=set)  # ways that refused it for good
    delivered_to: set[str] = field(default_factory=set)  # people who have it already
    is_uncertain: bool = False  # an earlier attempt may have arrived
    is_rate_limited: bool = False  # it had to wait for the rate of its recipient
    logged: dict[str, str] = field(default_factory=dict)  # by way, the code that was logged last
    # Computed once: in a storm thousands of alerts wait, and the routes of every page are computed often.
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
        """The thread of the page."""
        return self.entry.page.thread

    @property
    def fires(self) -> bool:
        """Whether an alert in it fires."""
        return any(item.kind.fires for item in self.entry.page.items)


class Batch(NamedTuple):
    """Pages that are sent in one message, and the recipient whose rate limits them."""

    pages: list[QueuedPage]
    recipient: str


class PageQueue:
    """The pages that are not sent yet, in the order they were received; not thread-safe."""

    def __init__(self, rate: Rate) -> None:
        self._rate = RateLimiter(rate)
        self._pages: dict[int, QueuedPage] = {}
        self._busy: set[str] = set()  # threads whose pages are being sent
        self._carriers: tuple[Carrier, ...] = ()  # that the pages' recipients were computed for

    def __len__(self) -> int:
        """Return how many pages are not sent yet."""
        return len(self._pages)

    def oldest_received(self) -> float:
        """Return when the oldest page was received; infinity if there is none."""
        return min((page.received for page in self._pages.values()), default=math.inf)

    def add(self, page: QueuedPage) -> bool:
        """Add a page and return True; return False if a page with its number is queued already."""
        return self._pages.setdefault(page.entry.number, page) is page

    def remove(self, numbers: Iterable[int]) -> None:
        """Remove pages that are finished."""
        for number in numbers:
            self._pages.pop(number, None)

    def reset(self, rate: Rate, now: float) -> None:
        """Make every page due by every way, because the settings changed."""
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
        """Return the pages to send now; if there are none, return when to look again.

        The pages are those of one thread. If it had to wait for the rate, the batch also has the pages of all
        threads that wait for the same recipient. Their threads are busy until `end_batch`. `carriers` returns
        the present targets, `find_recipient` the recipient whose rate limits a page.
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
            if not head.is_rate_limited:
                return self._reserve({thread}, recipient)
            others = {
                name
                for name, other in heads.items()
                if name not in self._busy
                and other.due <= now
                and _recipient(other, known, find_recipient) == recipient
            }
            return self._reserve({thread, *others}, recipient)
        return next_due

    def end_batch(self, batch: Batch) -> None:
        """Release the threads of a batch; if it was sent, call `count_sent` before."""
        self._rate.release(batch.recipient)
        self._busy -= {page.thread for page in batch.pages}

    def _heads(self, now: float) -> dict[str, QueuedPage]:
        """Return the first page of each thread, by thread."""
        heads: dict[str, QueuedPage] = {}
        for page in self._pages.values():
            head = heads.setdefault(page.thread, page)
            if head.due > now and not head.failures and page.fires:
                head.due = now  # a firing alert waits neither for a replica nor behind a page that does
        return heads

    def _reserve(self, threads: set[str], recipient: str) -> Batch:
        pages = [page for page in self._pages.values() if page.thread in threads][:_MAX_BATCH]
        self._busy |= {page.thread for page in pages}
        self._rate.reserve(recipient)
        return Batch(pages, recipient)

    def _update_carriers(self, carriers: tuple[Carrier, ...]) -> tuple[Carrier, ...]:
        """Return the carriers; if they changed, forget the recipients that were computed for the old ones."""
        if carriers != self._carriers:
            self._carriers = carriers
            for page in self._pages.values():
                page.recipient = ""
        return carriers


def retry_at(page: QueuedPage, now: float, jitter: float, ways_ready_at: float) -> float:
    """Return when a page that failed is due again; `jitter` is between 0 and 1.

    The pause grows with each failure, with full jitter. If every way asked for a longer pause, the page waits
    for the first of them, up to the longest pause: another way may be usable before that.
    """
    longest = min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(page.failures, 10))
    pause = FIRST_PAUSE + jitter * (longest - FIRST_PAUSE)
    return now + max(pause, min(ways_ready_at - now, LONGEST_PAUSE))


def _recipient(
    page: QueuedPage,
    carriers: Sequence[Carrier],
    find_recipient: Callable[[QueuedPage, Sequence[Carrier]], str],
) -> str:
    """Return the recipient whose rate limits a page; compute it if it is not known."""
    if not page.recipient:
        page.recipient = find_recipient(page, carriers)
    return page.recipient
