"""Getting pages out: in order within a thread, around what is broken, again until it is time to give up."""

from __future__ import annotations

import math
import threading
from collections import deque
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from waexporter.errors import JournalError
from waexporter.log import get_logger
from waexporter.paging.attempt import (
    FALLBACK,
    Attempts,
    Hooks,
    Outlets,
    Round,
    Waiting,
    recipient_at,
    recipient_of,
)
from waexporter.paging.channels.whatsapp import WHATSAPP
from waexporter.paging.journal.entry import PageResult, PageState
from waexporter.paging.messages.compose import build_message
from waexporter.paging.messages.log_names import name_pages
from waexporter.paging.rate_limit import Throttle
from waexporter.paging.reconciliation.missing_alerts import GRACE
from waexporter.paging.telemetry import ACCEPTED, FAILED, SUPPRESSED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from waexporter.model import Instant, PagerSettings
    from waexporter.paging.journal.entry import Entry
    from waexporter.paging.journal.writer import Journal
    from waexporter.paging.model import Page
    from waexporter.paging.reconciliation.reconciler import Answers, Reconciler
    from waexporter.paging.routing import Carrier
    from waexporter.paging.telemetry import PagerTelemetry

WORKERS = 4
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 60.0  # seconds
_LONGEST_WAIT = 60.0  # seconds until the workers look again by themselves
_MOST_BUNDLED = 500  # pages in one message: more than fit into its text

_log = get_logger("pager")


class PagerContext(NamedTuple):
    """What the pager gets from outside: who counts, the time, chance, and who hears of a bug."""

    telemetry: PagerTelemetry
    clock: Callable[[], Instant]
    chance: Callable[[], float]
    on_crash: Callable[[Exception], None]


class Delivery:
    """Hands over what is in the journal; its workers live until `stop`."""

    def __init__(
        self,
        settings: PagerSettings,
        journal: Journal,
        outlets: Outlets,
        context: PagerContext,
        reconciler: Reconciler | None = None,
    ) -> None:
        """Settle pages by a reconciler before they are told."""
        self._settings = settings
        self._journal = journal
        self._reconciler = reconciler
        self._outlets = outlets
        self._telemetry, self._clock, self._chance, self._on_crash = context
        self._attempts = self._attempts_of(settings, outlets)
        self._throttle = Throttle(settings.rate)
        self._waiting: dict[int, Waiting] = {}
        self._busy: set[str] = set()  # threads that a worker is at
        self._carriers: tuple[Carrier, ...] = ()  # as they were when they were looked at last
        self._news = threading.Condition()  # guards what is above; no I/O is done while it is held
        self._unrecorded: deque[tuple[list[int], PageResult]] = (
            deque()
        )  # ends that the journal did not take yet
        self._recording = threading.Lock()  # held by whoever works these off
        self._problem = ""  # what the log heard of the journal last
        self._is_stopped = False
        self._workers: list[threading.Thread] = []

    def _attempts_of(self, settings: PagerSettings, outlets: Outlets) -> Attempts:
        return Attempts(settings, outlets, self._telemetry, self._clock, Hooks(self._begin, self._on_crash))

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

    def reconfigure(self, settings: PagerSettings, outlets: Outlets) -> None:
        """Go on with other settings and other ways: every page that waits is tried anew, at once."""
        with self._news:
            self._settings, self._outlets = settings, outlets
            self._attempts = self._attempts_of(settings, outlets)
            self._throttle.set_rate(settings.rate)
            self._carriers = ()
            steady = self._clock().steady
            for waiting in self._waiting.values():
                waiting.recipient, waiting.due = "", steady
                waiting.barred.clear()
            self._news.notify_all()

    def take(self, entry: Entry, age: float = 0.0) -> None:
        """Take over a page that is in the journal, and has been for `age` seconds; a known one stays.

        Called while the journal is held still, so that what it says and what is known here agree.
        """
        steady = self._clock().steady
        due = steady + (self._reconciler.hold(entry.page) if self._reconciler else 0.0)
        waiting = Waiting(entry, steady - age, steady, due, is_uncertain=entry.is_uncertain)
        with self._news:
            has_ended = any(entry.number in numbers for numbers, _ in self._unrecorded)
            if entry.number not in self._waiting and not has_ended:
                self._waiting[entry.number] = waiting
                self._news.notify()

    def restore_rate(self) -> None:
        """Count what an earlier process sent lately towards the rate; raise JournalError."""
        now = self._clock()
        for destination, at in self._journal.accepted_since(now.wall - self._settings.rate.per):
            self.count_sent(destination, max(now.wall - at, 0.0))

    def count_sent(self, destination: str, ago: float) -> None:
        """Count a message that was sent `ago` seconds ago towards the rate."""
        with self._news:
            self._throttle.note(recipient_at(destination), self._clock().steady - ago)

    def pending(self) -> int:
        """Count the pages that are not out yet."""
        return len(self._waiting)

    def oldest(self) -> float:
        """Tell for how many seconds the oldest of them has been waiting; 0 without one."""
        with self._news:
            received = min((each.received for each in self._waiting.values()), default=math.inf)
        return max(self._clock().steady - received, 0.0) if received < math.inf else 0.0

    def hand_over(self, patience: float) -> bool:
        """Try to get out what is due, waiting up to `patience` seconds for it; gives whether any was."""
        held = self._next(patience)
        if held is None:
            return False
        batch, recipient = held
        try:
            result = self._attempt(batch)
            self._conclude(batch, result)
        finally:
            with self._news:
                self._throttle.end(recipient)
                self._busy -= _threads(batch)
                self._news.notify_all()
        if self._reconciler and result and result.accepted:
            self._reconciler.look([each.entry.page for each in batch])
        return True

    # --- the workers ---------------------------------------------------------------------------

    def _work(self) -> None:
        while not self._is_stopped:
            try:
                self.hand_over(_LONGEST_WAIT)
            except Exception as crash:  # noqa: BLE001 - a bug of ours must not cost a worker
                self._on_crash(crash)
                with self._news:
                    self._news.wait(_FIRST_PAUSE)

    def _next(self, patience: float) -> tuple[list[Waiting], str] | None:
        """Take hold of the threads whose pages are due; gives them with the recipient they count for."""
        with self._news:
            if self._is_stopped:
                return None
            steady = self._clock().steady
            batch, recipient, wake = self._pick(steady)
            if batch:
                self._busy |= _threads(batch)
                self._throttle.begin(recipient)
                return batch, recipient
            self._news.wait(min(max(wake - steady, 0.01), patience))
            return None

    def _pick(self, steady: float) -> tuple[list[Waiting], str, float]:
        """Choose what goes out next: the pages of one thread, or, above the rate, of all that waited for it.

        Gives them with their recipient and, if there are none, until when nothing is due.
        """
        heads: dict[str, Waiting] = {}
        for waiting in self._waiting.values():  # in the order they came
            head = heads.setdefault(waiting.entry.page.thread, waiting)
            if head.due > steady and not head.failures and _fires(waiting):
                head.due = steady  # what only ends may be held, and nothing that fires behind it
        wake = math.inf
        carriers: tuple[Carrier, ...] = ()
        for thread, head in heads.items():
            if thread in self._busy:
                continue
            if head.due > steady:
                wake = min(wake, head.due)
                continue
            carriers = carriers or self._look_around()
            recipient = self._recipient(head, carriers)
            free = self._throttle.free_at(recipient, steady)
            if free > steady:
                head.is_late = True
                wake = min(wake, free)
                continue
            return self._bundle(head, recipient, carriers, heads, steady), recipient, steady
        return [], "", wake

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
        if not waiting.recipient:
            routes = self._attempts.routes([waiting], carriers)
            best = (*routes.open, *(() if self._outlets.fallback else routes.doubtful))
            waiting.recipient = recipient_of(best[0]) if best else FALLBACK
        return waiting.recipient

    def _look_around(self) -> tuple[Carrier, ...]:
        """Give the carriers as they are now; where they changed, every page may have another recipient."""
        carriers = tuple(self._outlets.carriers())
        if carriers != self._carriers:
            self._carriers = carriers
            for waiting in self._waiting.values():
                waiting.recipient = ""
        return carriers

    # --- one round -----------------------------------------------------------------------------

    def _attempt(self, batch: Sequence[Waiting]) -> Round | None:
        """Make a round of attempts; gives what came of it, None where nothing is left to tell."""
        attempts, wall = self._attempts, self._clock().wall
        try:
            pages = self._as_aged(batch)
            if self._reconciler:
                answers = self._reconciler.ask(pages)
                if (held := self._hold(batch, answers)) > 0:
                    return Round(held=held)
                pages = self._reconciler.settle(pages, answers)
            if not any(page.items or page.unread for page in pages):
                return None
            result = attempts.make_round(batch, build_message(pages, wall, self._settings))
        except Exception as crash:  # noqa: BLE001 - a bug of ours must not cost a page
            self._on_crash(crash)
            for each in batch:
                each.is_late = False  # alone, only the thread that is to blame goes on to suffer
            return Round(why="a bug of waexporter", is_uncertain=True, has_hope=True)
        if attempts is not self._attempts:
            # What refused the pages meanwhile was a way of the settings before.
            result.has_hope = True
            for each in batch:
                each.barred.clear()
        return result

    def _as_aged(self, batch: Sequence[Waiting]) -> list[Page]:
        """Give pages by the age that the steady clock gives them."""
        now = self._clock()
        return [
            msgspec.structs.replace(each.entry.page, received_at=now.wall - (now.steady - each.received))
            for each in batch
        ]

    def _hold(self, batch: Sequence[Waiting], answers: Answers) -> float:
        """Tell for how many seconds pages wait for another replica, since nobody answered."""
        if self._reconciler is None or any(map(_fires, batch)):
            return 0.0
        steady = self._clock().steady
        new = [each for each in batch if not each.failures]
        waits = (
            min(self._reconciler.wait(each.entry.page, answers), each.taken + GRACE - steady) for each in new
        )
        return max(waits, default=0.0)

    def _begin(self, numbers: Sequence[int], is_repeat: bool) -> None:  # noqa: FBT001 - a callback
        # With a full disk people are paged all the same; what can't be noted is read twice at worst.
        self._note(lambda: self._journal.begin_attempt(numbers, is_repeat=is_repeat))

    def _conclude(self, batch: Sequence[Waiting], result: Round | None) -> None:
        """Note what came of a round: each page is out, given up, tried again, or has nothing to tell."""
        if result is None:
            self._discard(batch)
            return
        if result.held > 0:
            with self._news:
                for each in batch:
                    each.due = self._clock().steady + result.held
            return
        if result.accepted is not None:
            self._finish(batch, PageState.ACCEPTED, result, *result.accepted)
            return
        newest = self._clock().steady - self._settings.give_up_after if result.has_hope else math.inf
        # A page that came lately has its own time, whatever it was told together with.
        over = [each for each in batch if each.taken <= newest]
        left = [each for each in batch if each.taken > newest]
        if over:
            self._finish(over, PageState.FAILED, result, result.last_channel)
        if left:
            self._postpone(left, result)

    def _discard(self, batch: Sequence[Waiting]) -> None:
        """Let go of pages that say nothing any more: what was left out was heard again."""
        numbers = [each.entry.number for each in batch]
        if self._note(lambda: self._journal.discard(numbers)):
            with self._news:
                for number in numbers:
                    self._waiting.pop(number, None)
            self._telemetry.count_page(WHATSAPP, SUPPRESSED, len(numbers))
            return
        steady = self._clock().steady
        for each in batch:
            each.due = steady + _LONGEST_PAUSE

    # --- what came of it -----------------------------------------------------------------------

    def _finish(
        self, batch: Sequence[Waiting], state: PageState, result: Round, channel: str, destination: str = ""
    ) -> None:
        now = self._clock()
        numbers = [each.entry.number for each in batch]
        why = "" if state is PageState.ACCEPTED else result.why
        end = PageResult(state, now.wall, channel, destination, why, tuple(result.tried))
        with self._news:
            self._unrecorded.append((numbers, end))
            for number in numbers:
                self._waiting.pop(number, None)
        self.record_ends()
        if state is PageState.ACCEPTED:
            with self._news:
                self._throttle.note(recipient_at(destination), now.steady)
            for each in batch:
                self._telemetry.note_acceptance(channel, now.wall, now.steady - each.received)
            self._telemetry.count_page(channel, ACCEPTED, len(batch))
            _log.info("paged", pages=numbers, channel=channel, to=destination, about=_name(batch))
            return
        self._telemetry.count_page(channel or WHATSAPP, FAILED, len(batch))
        _log.error("A PAGE COULD NOT BE DELIVERED", pages=numbers, why=why, about=_name(batch))

    def record_ends(self) -> None:
        """Note in the journal how pages ended, those too that it did not take before."""
        # An end is forgotten here once the journal has it: a page is always known to one of the two.
        with self._recording:
            while self._unrecorded:
                numbers, end = self._unrecorded[0]
                if not self._note(lambda numbers=numbers, end=end: self._journal.finish(numbers, end)):  # type: ignore[misc]
                    return
                with self._news:
                    self._unrecorded.popleft()

    def _note(self, step: Callable[[], None]) -> bool:
        """Write to the journal if it can be written; gives whether it could."""
        try:
            step()
        except JournalError as error:
            self._telemetry.journal_writable.set(0)
            if self._problem != (problem := str(error)):
                self._problem = problem
                _log.error("what becomes of pages can't be noted: they may be read twice", why=problem)
            return False
        self._problem = ""
        self._telemetry.journal_writable.set(1)
        return True

    def _postpone(self, batch: Sequence[Waiting], result: Round) -> None:
        """Put the pages back; the pause grows, with full jitter, but no deadline is slept through.

        Where every way asks for more time they get it, up to the longest pause: another may open meanwhile.
        """
        steady = self._clock().steady
        with self._news:
            for each in batch:
                each.failures += 1
                each.recipient = ""  # a way may have refused it
                each.is_uncertain = result.is_uncertain
                longest = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2.0 ** min(each.failures, 10))
                pause = _FIRST_PAUSE + self._chance() * (longest - _FIRST_PAUSE)
                due = steady + max(pause, min(result.ready - steady, _LONGEST_PAUSE))
                each.due = min([due, *(at for at in self._deadlines(each) if at > steady)])
        numbers = [each.entry.number for each in batch]
        # Who has it already is known here only: after a restart they would get it again.
        is_uncertain = result.is_uncertain or any(each.served for each in batch)
        self._note(
            lambda: self._journal.postpone(numbers, result.why, is_uncertain=is_uncertain, tried=result.tried)
        )

    def _deadlines(self, waiting: Waiting) -> Iterator[float]:
        yield waiting.taken + self._settings.give_up_after
        if self._outlets.fallback:
            yield waiting.received + self._settings.fallback_after


def _fires(waiting: Waiting) -> bool:
    return any(item.kind.fires for item in waiting.entry.page.items)


def _name(batch: Sequence[Waiting]) -> list[str]:
    return name_pages(each.entry.page for each in batch)


def _threads(batch: Sequence[Waiting]) -> set[str]:
    return {each.entry.page.thread for each in batch}
