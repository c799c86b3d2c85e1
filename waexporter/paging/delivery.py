"""Deliver pages: in order within a thread, by another way if one fails, again until it is time to give up."""

from __future__ import annotations

import math
import threading
from typing import TYPE_CHECKING

import msgspec

from waexporter.log import get_logger
from waexporter.paging.attempt import AttemptHooks, Attempts, Outlets, RoundResult
from waexporter.paging.channels.whatsapp import WHATSAPP
from waexporter.paging.decisions import list_decisions
from waexporter.paging.journal.entry import PageResult, PageState
from waexporter.paging.messages.compose import build_message
from waexporter.paging.messages.log_names import name_pages
from waexporter.paging.queue import FIRST_PAUSE, LONGEST_PAUSE, Batch, PageQueue, QueuedPage, retry_at
from waexporter.paging.reconciliation.missing_alerts import GRACE
from waexporter.paging.result_writer import ResultWriter
from waexporter.paging.routing import split_destination
from waexporter.paging.telemetry import ACCEPTED, FAILED, SUPPRESSED

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from waexporter.model import PagerSettings
    from waexporter.paging.context import PagerContext
    from waexporter.paging.journal.entry import JournalEntry
    from waexporter.paging.journal.writer import Journal
    from waexporter.paging.model import Page
    from waexporter.paging.reconciliation.reconciler import Reconciler, Replies

WORKERS = 4
_LONGEST_WAIT = 60.0  # seconds after which a waiting worker looks at the queue again

_log = get_logger("pager")


class Delivery:
    """Sends the pages of the journal by worker threads, from `start` to `stop`."""

    def __init__(
        self,
        settings: PagerSettings,
        journal: Journal,
        outlets: Outlets,
        context: PagerContext,
        reconciler: Reconciler,
    ) -> None:
        self._settings = settings
        self._journal = journal
        self._reconciler = reconciler
        self._outlets = outlets
        self._telemetry, self._clock, self._jitter, self._on_crash = context
        self._results = ResultWriter(journal, self._telemetry)
        self._attempts = self._build_attempts(settings, outlets)
        self._queue = PageQueue(settings.rate)
        self._changed = threading.Condition()  # guards the fields above; no I/O is done under it
        self._is_stopped = False
        self._workers: list[threading.Thread] = []

    def _build_attempts(self, settings: PagerSettings, outlets: Outlets) -> Attempts:
        hooks = AttemptHooks(self._results.begin_attempt, self._on_crash)
        return Attempts(settings, outlets, self._telemetry, self._clock, hooks)

    def start(self) -> None:
        """Start the workers."""
        for number in range(WORKERS):
            worker = threading.Thread(target=self._work, name=f"pager-{number}", daemon=True)
            self._workers.append(worker)
            worker.start()

    def stop(self, timeout: float) -> None:
        """Start no more attempts, and wait up to `timeout` seconds in total for those that are running."""
        with self._changed:
            self._is_stopped = True
            self._changed.notify_all()
        ends = self._clock().steady + timeout
        for worker in self._workers:
            worker.join(max(ends - self._clock().steady, 0.0))

    def reconfigure(self, settings: PagerSettings, outlets: Outlets) -> None:
        """Apply new settings and outlets; retry every pending page now."""
        with self._changed:
            self._settings, self._outlets = settings, outlets
            self._attempts = self._build_attempts(settings, outlets)
            self._queue.reset(settings.rate, self._clock().steady)
            self._changed.notify_all()

    def enqueue(self, entry: JournalEntry, age: float = 0.0) -> None:
        """Queue a page that has been in the journal for `age` seconds, unless it is queued already.

        Called while the journal is locked, so that the journal and the queue agree.
        """
        steady = self._clock().steady
        due = steady + self._reconciler.initial_wait(entry.page)
        page = QueuedPage(entry, steady - age, steady, due, is_uncertain=entry.is_uncertain)
        with self._changed:
            if not self._results.has(entry.number) and self._queue.add(page):
                self._changed.notify()

    def restore_rate(self) -> None:
        """Count the messages that an earlier process sent lately towards the rate; raise JournalError."""
        now = self._clock()
        for destination, at in self._journal.accepted_since(now.wall - self._settings.rate.per):
            self.count_sent(destination, max(now.wall - at, 0.0))

    def count_sent(self, destination: str, ago: float) -> None:
        """Count a message that was sent `ago` seconds ago towards the rate."""
        with self._changed:
            self._queue.count_sent(split_destination(destination)[1], self._clock().steady - ago)

    def pending(self) -> int:
        """Return how many pages are not sent yet."""
        return len(self._queue)

    def oldest(self) -> float:
        """Return for how many seconds the oldest pending page has been waiting; 0 if there is none."""
        with self._changed:
            received = self._queue.oldest_received()
        return max(self._clock().steady - received, 0.0) if received < math.inf else 0.0

    def deliver_next(self, timeout: float) -> bool:
        """Try to send the pages that are due next; return False if none were due within `timeout` seconds."""
        batch = self._next_batch(timeout)
        if batch is None:
            return False
        try:
            result = self._attempt(batch.pages)
            self._conclude(batch.pages, result)
        finally:
            with self._changed:
                self._queue.end_batch(batch)
                self._changed.notify_all()
        if result and result.accepted:
            self._reconciler.check_known([each.entry.page for each in batch.pages])
        return True

    # --- the workers ---------------------------------------------------------------------------

    def _work(self) -> None:
        while not self._is_stopped:
            try:
                self.deliver_next(_LONGEST_WAIT)
            except Exception as crash:  # noqa: BLE001 - a bug of ours must not cost a worker
                self._on_crash(crash)
                with self._changed:
                    self._changed.wait(FIRST_PAUSE)

    def _next_batch(self, timeout: float) -> Batch | None:
        """Return pages that are due; if there are none, wait and return None."""
        with self._changed:
            if self._is_stopped:
                return None
            steady = self._clock().steady
            found = self._queue.start_batch(steady, self._outlets.carriers, self._attempts.likely_recipient)
            if isinstance(found, Batch):
                return found
            self._changed.wait(min(max(found - steady, 0.01), timeout))
            return None

    # --- one round -----------------------------------------------------------------------------

    def _attempt(self, batch: Sequence[QueuedPage]) -> RoundResult | None:
        """Make a round of attempts; return its result, or None if the pages have no content any more."""
        attempts, wall = self._attempts, self._clock().wall
        try:
            pages = self._with_current_age(batch)
            replies = self._reconciler.query(pages)
            if (wait := self._wait_for_replica(batch, replies)) > 0:
                return RoundResult(wait=wait)
            pages = self._reconciler.reconcile(pages, replies)
            if not any(page.items or page.unread for page in pages):
                return None
            message = build_message(pages, wall, self._settings)
            decided = list_decisions(batch, pages, message.text, self._settings, wall)
            result = attempts.make_round(batch, message, decided)
        except Exception as crash:  # noqa: BLE001 - a bug of ours must not cost a page
            self._on_crash(crash)
            for each in batch:
                each.is_rate_limited = False  # sent alone, only the page that causes the bug fails again
            return RoundResult(why="a bug of waexporter", is_uncertain=True, can_retry=True)
        if attempts is not self._attempts:
            # The settings changed during the round: a refusal says nothing about the new ways.
            result.can_retry = True
            for each in batch:
                each.refused_by.clear()
        return result

    def _with_current_age(self, batch: Sequence[QueuedPage]) -> list[Page]:
        """Return pages with `received_at` corrected for jumps of the wall clock."""
        now = self._clock()
        return [
            msgspec.structs.replace(each.entry.page, received_at=now.wall - (now.steady - each.received))
            for each in batch
        ]

    def _wait_for_replica(self, batch: Sequence[QueuedPage], replies: Replies) -> float:
        """Return for how many seconds pages wait for a delivery by another replica of Alertmanager."""
        if any(page.fires for page in batch):
            return 0.0
        steady = self._clock().steady
        new = [each for each in batch if not each.failures]
        waits = (
            min(self._reconciler.wait(each.entry.page, replies), each.queued + GRACE - steady) for each in new
        )
        return max(waits, default=0.0)

    def _conclude(self, batch: Sequence[QueuedPage], result: RoundResult | None) -> None:
        """Act on the result of a round: each page is sent, given up, tried again or discarded."""
        if result is None:
            self._discard(batch)
            return
        if result.wait > 0:
            with self._changed:
                for each in batch:
                    each.due = self._clock().steady + result.wait
            return
        if result.accepted is not None:
            self._finish(batch, PageState.ACCEPTED, result, *result.accepted)
            return
        newest = self._clock().steady - self._settings.give_up_after if result.can_retry else math.inf
        # Each page has its own time, even if pages are sent together.
        expired = [each for each in batch if each.queued <= newest]
        pending = [each for each in batch if each.queued > newest]
        if expired:
            self._finish(expired, PageState.FAILED, result, result.last_channel)
        if pending:
            self._postpone(pending, result)

    def _discard(self, batch: Sequence[QueuedPage]) -> None:
        """Delete pages without content: their missing alerts were seen again."""
        numbers = [each.entry.number for each in batch]
        if self._results.discard(numbers):
            with self._changed:
                self._queue.remove(numbers)
            self._telemetry.count_page(WHATSAPP, SUPPRESSED, len(numbers))
            return
        steady = self._clock().steady
        for each in batch:
            each.due = steady + LONGEST_PAUSE

    # --- the results ---------------------------------------------------------------------------

    def _finish(
        self,
        batch: Sequence[QueuedPage],
        state: PageState,
        round_result: RoundResult,
        channel: str,
        destination: str = "",
    ) -> None:
        now = self._clock()
        numbers = [each.entry.number for each in batch]
        why = "" if state is PageState.ACCEPTED else round_result.why
        tried, decided = tuple(round_result.tried), tuple(round_result.decided)
        result = PageResult(state, now.wall, channel, destination, why, tried, decided)
        with self._changed:
            self._results.add(numbers, result)
            self._queue.remove(numbers)
        self._results.save()
        if state is PageState.ACCEPTED:
            with self._changed:
                self._queue.count_sent(split_destination(destination)[1], now.steady)
            for each in batch:
                self._telemetry.note_acceptance(channel, now.wall, now.steady - each.received)
            self._telemetry.count_page(channel, ACCEPTED, len(batch))
            _log.info("paged", pages=numbers, channel=channel, to=destination, about=_names(batch))
            return
        self._telemetry.count_page(channel or WHATSAPP, FAILED, len(batch))
        _log.error("A PAGE COULD NOT BE DELIVERED", pages=numbers, why=why, about=_names(batch))

    def save_results(self) -> None:
        """Write the results to the journal that are not saved yet."""
        self._results.save()

    def _postpone(self, batch: Sequence[QueuedPage], result: RoundResult) -> None:
        """Plan another round for pages, after a pause that ends no later than their next deadline."""
        steady = self._clock().steady
        with self._changed:
            for each in batch:
                each.failures += 1
                each.recipient = ""  # a way may have refused it
                each.is_uncertain = result.is_uncertain
                due = retry_at(each, steady, self._jitter(), result.ways_ready_at)
                each.due = min([due, *(at for at in self._deadlines(each) if at > steady)])
        numbers = [each.entry.number for each in batch]
        # Only this process knows which people have it already: after a restart they get it again.
        is_uncertain = result.is_uncertain or any(each.delivered_to for each in batch)
        self._results.postpone(numbers, result, is_uncertain=is_uncertain)

    def _deadlines(self, page: QueuedPage) -> Iterator[float]:
        yield page.queued + self._settings.give_up_after
        if self._outlets.fallback:
            yield page.received + self._settings.fallback_after


def _names(batch: Sequence[QueuedPage]) -> list[str]:
    return name_pages(each.entry.page for each in batch)
