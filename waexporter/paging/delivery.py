"""Getting pages out: in order within a thread, around what is broken, again until it is time to give up."""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from waexporter.errors import JournalError
from waexporter.log import get_logger
from waexporter.metrics.pager import ACCEPTED, FAILED
from waexporter.paging.channels import Message, Recipient
from waexporter.paging.entries import End, Entry, PageState
from waexporter.paging.message import compose
from waexporter.paging.rate import Throttle
from waexporter.paging.routes import choose_routes, concern_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from waexporter.metrics.pager import PagerTelemetry
    from waexporter.model import Instant, PagerSettings
    from waexporter.paging.channels import Channel, Outcome
    from waexporter.paging.journal import Journal
    from waexporter.paging.routes import Carrier, Routes

WORKERS = 4
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 60.0  # seconds
_LONGEST_WAIT = 60.0  # seconds until the workers look again by themselves
_FALLBACK = "fallback"  # the recipient that the rate counts for every fallback together
_MOST_BUNDLED = 500  # pages in one message: more than fit into its text

_log = get_logger("pager")


class Outlets(NamedTuple):
    """Everything a message can leave through."""

    carriers: Callable[[], Sequence[Carrier]]  # as they are now
    whatsapp: Callable[[str, Recipient], Channel]  # through a carrier, to a recipient
    fallback: Sequence[Channel] = ()


class Surroundings(NamedTuple):
    """What the pager gets from outside: who counts, the time, chance, and who hears of a bug."""

    telemetry: PagerTelemetry
    clock: Callable[[], Instant]
    chance: Callable[[], float]
    on_crash: Callable[[Exception], None]


@dataclass(slots=True)
class _Waiting:
    """A page that is not out yet; times on the steady clock."""

    entry: Entry
    received: float
    due: float
    failures: int = 0
    barred: set[str] = field(default_factory=set)  # ways that refused it for good
    served: set[str] = field(default_factory=set)  # people who have it already
    is_uncertain: bool = False
    is_late: bool = False  # its rate made it wait
    said: str = ""  # what the log heard of it last


@dataclass(slots=True)
class _Round:
    """What one round of attempts came to."""

    accepted: tuple[str, str] | None = None  # channel, destination
    last_channel: str = ""
    why: str = ""
    may_have_arrived: bool = False
    has_hope: bool = False  # something may go better next time


class Delivery:
    """Hands over what is in the journal; its workers live until `stop`."""

    def __init__(
        self, settings: PagerSettings, journal: Journal, outlets: Outlets, surroundings: Surroundings
    ) -> None:
        self._settings = settings
        self._journal = journal
        self._outlets = outlets
        self._telemetry, self._clock, self._chance, self._on_crash = surroundings
        self._throttle = Throttle(settings.rate)
        self._waiting: dict[int, _Waiting] = {}
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
        waiting = _Waiting(entry, steady - age, steady, is_uncertain=entry.is_uncertain)
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
                self._postpone(batch, _Round(why="a bug of waexporter", has_hope=True))
            finally:
                with self._news:
                    self._busy -= {each.entry.page.thread for each in batch}
                    self._news.notify_all()

    def _next(self) -> list[_Waiting] | None:
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

    def _pick(self, steady: float) -> tuple[list[_Waiting], float]:
        """Choose what goes out next: the pages of one thread, or, above the rate, of all that waited for it.

        Gives them and, if there are none, until when nothing is due.
        """
        heads: dict[str, _Waiting] = {}
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
        head: _Waiting,
        recipient: str,
        carriers: Sequence[Carrier],
        heads: dict[str, _Waiting],
        steady: float,
    ) -> list[_Waiting]:
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

    def _recipient(self, waiting: _Waiting, carriers: Sequence[Carrier]) -> str:
        """Tell who would get a page now, as far as the rate is concerned."""
        routes = self._routes([waiting], carriers)
        best = (*routes.open, *(() if self._outlets.fallback else routes.doubtful))
        return _destination(best[0]) if best else _FALLBACK

    def _routes(self, batch: Sequence[_Waiting], carriers: Sequence[Carrier]) -> Routes:
        alerts = (item.alert for each in batch for item in each.entry.page.items)
        barred = frozenset.union(*(frozenset(each.barred) for each in batch))
        return choose_routes(carriers, self._settings.via, concern_of(alerts), barred)

    # --- one round -----------------------------------------------------------------------------

    def _attempt(self, batch: list[_Waiting]) -> None:
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
        result = self._try_all(batch, message)
        if result.accepted is not None:
            self._finish(batch, PageState.ACCEPTED, *result.accepted)
            return
        age = self._clock().steady - min(each.received for each in batch)
        if not result.has_hope or age >= self._settings.give_up_after:
            words = result.why or "no group is known, and there is no fallback"
            self._finish(batch, PageState.FAILED, result.last_channel, "", words)
            return
        self._postpone(batch, result)

    def _try_all(self, batch: list[_Waiting], message: Message) -> _Round:
        result = _Round()
        routes = self._routes(batch, self._outlets.carriers())
        for carrier in routes.open:
            if self._try_carrier(batch, carrier, message, result):
                return result
        has_open_route = bool(self._routes(batch, self._outlets.carriers()).open)
        result.has_hope |= has_open_route
        age = self._clock().steady - min(each.received for each in batch)
        if age >= self._settings.fallback_after or not has_open_route:
            for number, channel in enumerate(self._outlets.fallback):
                if self._try_fallback(batch, f"{_FALLBACK} {number}", channel, message, result):
                    return result
        # A verdict may be wrong, or old: with nothing else left, there is nothing to lose.
        for carrier in routes.doubtful:
            if self._try_carrier(batch, carrier, message, result):
                return result
        if not routes.open and not routes.doubtful and not any(each.barred for each in batch):
            # Nobody is known to send to. A group may yet be: the settings are still being read.
            result.has_hope = True
            result.why = result.why or "no group is known to send to: set pager.group, or on_call_pager"
        return result

    def _try_carrier(self, batch: list[_Waiting], carrier: Carrier, message: Message, result: _Round) -> bool:
        """Send to everyone of a carrier; gives whether it was accepted."""
        served = set.intersection(*(each.served for each in batch))
        outcomes = []
        for to in carrier.to:
            if to not in served:
                channel = self._outlets.whatsapp(carrier.name, Recipient(to, carrier.kind))
                outcome = self._send(channel, message, result)
                outcomes.append(outcome)
                for each in batch:
                    each.served |= {to} if outcome.is_accepted else set()
        served = set.intersection(*(each.served for each in batch))
        if any(to in served for to in carrier.to) and all(
            outcome.is_accepted or outcome.is_permanent for outcome in outcomes
        ):
            self._accept(result, channel="whatsapp", destination=_destination(carrier))
            return True
        self._judge(batch, carrier.name, outcomes, result)
        return False

    def _try_fallback(
        self, batch: list[_Waiting], name: str, channel: Channel, message: Message, result: _Round
    ) -> bool:
        if any(name in each.barred for each in batch):
            return False
        outcome = self._send(channel, message, result)
        if outcome.is_accepted:
            self._accept(result, channel=channel.kind, destination=_FALLBACK)
            return True
        self._judge(batch, name, [outcome], result)
        return False

    def _send(self, channel: Channel, message: Message, result: _Round) -> Outcome:
        outcome = channel.send(message)
        self._telemetry.count_attempt(channel.kind, outcome.code)
        result.last_channel = channel.kind
        result.may_have_arrived |= outcome.may_have_arrived
        return outcome

    def _accept(self, result: _Round, channel: str, destination: str) -> None:
        result.accepted = (channel, destination)
        with self._news:
            self._throttle.note(destination, self._clock().steady)

    def _judge(self, batch: list[_Waiting], way: str, outcomes: Sequence[Outcome], result: _Round) -> None:
        """Note why a way did not take it, and bar one that never will."""
        failed = [outcome for outcome in outcomes if not outcome.is_accepted]
        if not failed:
            return
        result.why = f"{way}: {failed[-1].why}"
        is_final = all(outcome.is_permanent for outcome in failed)
        result.has_hope |= not is_final
        words = "a page was refused for good" if is_final else "a page was not taken"
        for each in batch:
            each.barred |= {way} if is_final else set()
            if each.said != (said := f"{way} {failed[-1].code}"):
                each.said = said
                _log.warning(words, page=each.entry.number, way=way, code=failed[-1].code, why=failed[-1].why)

    # --- what came of it -----------------------------------------------------------------------

    def _finish(
        self, batch: list[_Waiting], state: PageState, channel: str, destination: str, why: str = ""
    ) -> None:
        now = self._clock()
        numbers = [each.entry.number for each in batch]
        with self._news:
            self._unrecorded.append((numbers, End(state, now.wall, channel, destination, why)))
            for number in numbers:
                self._waiting.pop(number, None)
        self.record_ends()
        if state is PageState.ACCEPTED:
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

    def _postpone(self, batch: list[_Waiting], result: _Round) -> None:
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

    def _deadlines(self, waiting: _Waiting) -> Iterator[float]:
        yield waiting.received + self._settings.give_up_after
        if self._outlets.fallback:
            yield waiting.received + self._settings.fallback_after


def _destination(carrier: Carrier) -> str:
    return f"{carrier.name}/{','.join(carrier.to)}"
