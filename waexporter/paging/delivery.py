"""Getting pages out: in order within a thread, around what is broken, again until it is time to give up."""

from __future__ import annotations

import math
import threading
from typing import TYPE_CHECKING, NamedTuple

from waexporter.errors import JournalError
from waexporter.log import get_logger
from waexporter.metrics.pager import ACCEPTED, FAILED
from waexporter.paging.attempt import FALLBACK, Attempts, Outlets, Round, Waiting, destination_of
from waexporter.paging.channels import Message
from waexporter.paging.entries import End, PageState
from waexporter.paging.message import compose
from waexporter.paging.rate import Throttle

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from waexporter.metrics.pager import PagerTelemetry
    from waexporter.model import Instant, PagerSettings
    from waexporter.paging.entries import Entry
    from waexporter.paging.journal import Journal
    from waexporter.paging.routes import Carrier

WORKERS = 4
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 60.0  # seconds
_LONGEST_WAIT = 60.0  # seconds until the workers look again by themselves
_MOST_BUNDLED = 500  # pages in one message: more than fit into its text

_log = get_logger("pager")


class Surroundings(NamedTuple):
    """What the pager gets from outside: who counts, the time, chance, and who hears of a bug."""

    telemetry: PagerTelemetry
    clock: Callable[[], Instant]
    chance: Callable[[], float]
    on_crash: Callable[[Exception], None]


class Delivery:
    """Hands over what is in the journal; its workers live until `stop`."""

    def __init__(
        self, settings: PagerSettings, journal: Journal, outlets: Outlets, surroundings: Surroundings
    ) -> None:
        self._settings = settings
        self._journal = journal
        self._outlets = outlets
        self._telemetry, self._clock, self._chance, self._on_crash = surroundings
        self._attempts = Attempts(settings, outlets, self._telemetry, self._clock)
        self._throttle = Throttle(settings.rate)
        self._waiting: dict[int, Waiting] = {}
        self._busy: set[str] = set()  # threads that a worker is at
        self._news = threading.Condition()  # guards what is above; no I/O is done while it is held
        self._unrecorded: list[tuple[list[int], End]] = []  # ends that the journal did not take yet
        self._is_stopped = False
        self._workers: list[threading.Thread] = []

    def start(self) -> None:
        """Start the workers."""
        for number in range(WORKERS):
            worker = threading.Thread(target=self._work, name=f"pager-{number}", daemon=True)
            self._workers.append(worker)
            worker.start()

    def stop(self, patience: float) -> None:
        """Begin no more attempts, and wait up to `patience` seconds in all for those under way."""
        with self._news:
            self._is_stopped = True
            self._news.notify_all()
        ends = self._clock().steady + patience
        for worker in self._workers:
            worker.join(max(ends - self._clock().steady, 0.0))

    def take(self, entry: Entry, age: float = 0.0) -> None:
        """Take over a page that is in the journal, and has been for `age` seconds."""
        steady = self._clock().steady
        waiting = Waiting(entry, steady - age, steady, is_uncertain=entry.is_uncertain)
        with self._news:
            self._waiting[entry.number] = waiting
            self._news.notify()

    def note_sent(self, destination: str, ago: float) -> None:
        """Take over from the journal that a message went out some seconds ago."""
        with self._news:
            self._throttle.note(destination, self._clock().steady - ago)

    def pending(self) -> int:
        """Count the pages that are not out yet."""
        return len(self._waiting)

    def oldest(self) -> float:
        """Tell for how many seconds the oldest of them has been waiting; 0 without one."""
        with self._news:
            received = min((each.received for each in self._waiting.values()), default=math.inf)
        return max(self._clock().steady - received, 0.0) if received < math.inf else 0.0

    # --- the workers ---------------------------------------------------------------------------

    def _work(self) -> None:
        while (batch := self._next()) is not None:
            try:
                self._attempt(batch)
            except Exception as crash:  # noqa: BLE001 - a bug of ours must not cost a page, nor a worker
                self._on_crash(crash)
                self._postpone(batch, Round(why="a bug of waexporter", has_hope=True))
            finally:
                with self._news:
                    self._busy -= {each.entry.page.thread for each in batch}
                    self._news.notify_all()

    def _next(self) -> list[Waiting] | None:
        """Wait for pages that are due, and take hold of their threads; None: it is time to stop."""
        with self._news:
            while not self._is_stopped:
                steady = self._clock().steady
                batch, wake = self._pick(steady)
                if batch:
                    self._busy |= {each.entry.page.thread for each in batch}
                    return batch
                self._news.wait(min(max(wake - steady, 0.01), _LONGEST_WAIT))
        return None

    def _pick(self, steady: float) -> tuple[list[Waiting], float]:
        """Choose what goes out next: the pages of one thread, or, above the rate, of all that waited for it.

        Gives them and, if there are none, until when nothing is due.
        """
        heads: dict[str, Waiting] = {}
        for waiting in self._waiting.values():  # in the order they came
            heads.setdefault(waiting.entry.page.thread, waiting)
        wake = math.inf
        carriers: Sequence[Carrier] | None = None
        for thread, head in heads.items():
            if thread in self._busy:
                continue
            if head.due > steady:
                wake = min(wake, head.due)
                continue
            carriers = self._outlets.carriers() if carriers is None else carriers
            recipient = self._recipient(head, carriers)
            free = self._throttle.free_at(recipient, steady)
            if free > steady:
                head.is_late = True
                wake = min(wake, free)
                continue
            return self._bundle(head, recipient, carriers, heads, steady), steady
        return [], wake

    def _bundle(
        self,
        head: Waiting,
        recipient: str,
        carriers: Sequence[Carrier],
        heads: dict[str, Waiting],
        steady: float,
    ) -> list[Waiting]:
        """Take all pages of the head's thread; where the rate made it wait, everyone's who waited with it."""
        threads = {head.entry.page.thread}
        if head.is_late:
            threads |= {
                thread
                for thread, other in heads.items()
                if thread not in self._busy
                and other.due <= steady
                and self._recipient(other, carriers) == recipient
            }
        batch = [each for each in self._waiting.values() if each.entry.page.thread in threads]
        return batch[:_MOST_BUNDLED]

    def _recipient(self, waiting: Waiting, carriers: Sequence[Carrier]) -> str:
        """Tell who would get a page now, as far as the rate is concerned."""
        routes = self._attempts.routes([waiting], carriers)
        best = (*routes.open, *(() if self._outlets.fallback else routes.doubtful))
        return destination_of(best[0]) if best else FALLBACK

    # --- one round -----------------------------------------------------------------------------

    def _attempt(self, batch: list[Waiting]) -> None:
        """Try every way there is once, then note what came of it."""
        numbers = [each.entry.number for each in batch]
        again = any(each.is_uncertain for each in batch)
        # With a full disk people are paged all the same; what can't be noted is read twice at worst.
        self._note(lambda: self._journal.begin(numbers, again=again))
        if again:
            self._telemetry.duplicates.inc()
        pages = [each.entry.page for each in batch]
        alerts = tuple(item.alert for page in pages for item in page.items)
        message = Message(compose(pages, self._clock().wall), alerts)
        result = self._attempts.make_round(batch, message)
        if result.accepted is not None:
            self._finish(batch, PageState.ACCEPTED, *result.accepted)
            return
        age = self._clock().steady - min(each.received for each in batch)
        if not result.has_hope or age >= self._settings.give_up_after:
            words = result.why or "no group is known, and there is no fallback"
            self._finish(batch, PageState.FAILED, result.last_channel, "", words)
            return
        self._postpone(batch, result)

    # --- what came of it -----------------------------------------------------------------------

    def _finish(
        self, batch: list[Waiting], state: PageState, channel: str, destination: str, why: str = ""
    ) -> None:
        now = self._clock()
        numbers = [each.entry.number for each in batch]
        with self._news:
            self._unrecorded.append((numbers, End(state, now.wall, channel, destination, why)))
            for number in numbers:
                self._waiting.pop(number, None)
        self.record_ends()
        if state is PageState.ACCEPTED:
            with self._news:
                self._throttle.note(destination, now.steady)
            for each in batch:
                self._telemetry.note_acceptance(channel, now.wall, now.steady - each.received)
            self._telemetry.count_page(channel, ACCEPTED, len(batch))
            _log.info("paged", pages=numbers, channel=channel, to=destination)
            return
        self._telemetry.count_page(channel or "whatsapp", FAILED, len(batch))
        _log.error("A PAGE COULD NOT BE DELIVERED", pages=numbers, why=why)

    def record_ends(self) -> None:
        """Note in the journal how pages ended, those too that it did not take before."""
        with self._news:
            ends, self._unrecorded = self._unrecorded, []
        for number, (numbers, end) in enumerate(ends):
            if not self._note(lambda numbers=numbers, end=end: self._journal.finish(numbers, end)):  # type: ignore[misc]
                with self._news:
                    self._unrecorded = [*ends[number:], *self._unrecorded]
                return

    def _note(self, step: Callable[[], None]) -> bool:
        """Write to the journal if it can be written; gives whether it could."""
        try:
            step()
        except JournalError as error:
            self._telemetry.journal_writable.set(0)
            _log.error("the journal can't be written", why=str(error))
            return False
        self._telemetry.journal_writable.set(1)
        return True

    def _postpone(self, batch: list[Waiting], result: Round) -> None:
        """Put the pages back; the pause grows, with full jitter, but no deadline is slept through."""
        steady = self._clock().steady
        with self._news:
            for each in batch:
                each.failures += 1
                each.is_uncertain = result.may_have_arrived
                longest = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2.0 ** min(each.failures, 10))
                due = steady + _FIRST_PAUSE + self._chance() * (longest - _FIRST_PAUSE)
                each.due = min([due, *(at for at in self._deadlines(each) if at > steady)])
        numbers = [each.entry.number for each in batch]
        self._note(lambda: self._journal.postpone(numbers, result.why, is_uncertain=result.may_have_arrived))

    def _deadlines(self, waiting: Waiting) -> Iterator[float]:
        yield waiting.received + self._settings.give_up_after
        if self._outlets.fallback:
            yield waiting.received + self._settings.fallback_after
