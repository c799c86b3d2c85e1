"""One round of attempts to get pages out: every way there is, each once, best first."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from waexporter.log import get_logger
from waexporter.paging.channels import CRASHED, try_to_send
from waexporter.paging.channels.recipients import Recipient
from waexporter.paging.channels.whatsapp import WHATSAPP
from waexporter.paging.journal.entry import Attempt
from waexporter.paging.routing import affected_targets, choose_routes, merge_affected

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from waexporter.model import Instant, PagerSettings
    from waexporter.paging.channels import Channel, Outcome
    from waexporter.paging.journal.entry import Entry
    from waexporter.paging.messages.message import Message
    from waexporter.paging.reconciliation.alertmanager_query import AlertmanagerAddress
    from waexporter.paging.routing import AffectedTargets, Carrier, Routes
    from waexporter.paging.telemetry import PagerTelemetry

# A way may ask for an hour when it is well again in a minute, and somebody waits for the page.
_LONGEST_SPARED = 300.0  # seconds
FALLBACK = "fallback"  # the recipient that the rate counts for every fallback together

_log = get_logger("pager")


class Outlets(NamedTuple):
    """Everything a message can leave through."""

    carriers: Callable[[], Sequence[Carrier]]  # as they are now
    whatsapp: Callable[[str, Recipient], Channel]  # through a carrier, to a recipient
    fallback: Sequence[Channel] = ()
    alertmanager: AlertmanagerAddress | None = None  # asked what became of alerts, before people are told


@dataclass(slots=True)
class Waiting:
    """A page that is not out yet; times on the steady clock."""

    entry: Entry
    received: float
    taken: float  # by this process: what waited while no daemon ran has not been tried meanwhile
    due: float
    recipient: str = ""  # who would get it as the carriers are now; empty: not known yet
    failures: int = 0
    barred: set[str] = field(default_factory=set)  # ways that refused it for good
    served: set[str] = field(default_factory=set)  # people who have it already
    is_uncertain: bool = False
    is_late: bool = False  # its rate made it wait
    said: dict[str, str] = field(default_factory=dict)  # way by way, what the log heard of it last
    # Read from the page once: in a storm thousands of alerts wait, and routes are looked at with every page.
    concern: AffectedTargets = field(init=False)

    def __post_init__(self) -> None:
        page = self.entry.page
        alerts = (
            *(item.alert for item in page.items),
            *(doubt.alert for doubt in page.doubts if doubt.is_stale),
        )
        self.concern = affected_targets(alerts)


@dataclass(slots=True)
class Round:
    """What one round of attempts came to."""

    accepted: tuple[str, str] | None = None  # channel, destination
    last_channel: str = ""
    why: str = ""
    is_uncertain: bool = False  # the attempt made last may have arrived
    has_hope: bool = False  # something may go better next time
    tried: list[Attempt] = field(default_factory=list)
    held: float = 0.0  # seconds that the pages wait before anything is tried
    ready: float = -math.inf  # steady clock: before this every way that is left asks not to be used


class Hooks(NamedTuple):
    """Who hears of attempts."""

    begin: Callable[[Sequence[int], bool], None]  # before each: of which pages, and whether it may repeat one
    on_crash: Callable[[Exception], None]


class Attempts:
    """Tries the ways that pages can go; between one round and the next it knows only which ask for a rest."""

    def __init__(
        self,
        settings: PagerSettings,
        outlets: Outlets,
        telemetry: PagerTelemetry,
        clock: Callable[[], Instant],
        hooks: Hooks,
    ) -> None:
        self._settings = settings
        self._outlets = outlets
        self._telemetry = telemetry
        self._clock = clock
        self._begin, self._on_crash = hooks
        self._spared: dict[str, float] = {}  # ways, and until when (steady clock) they are not used

    def routes(self, batch: Sequence[Waiting], carriers: Sequence[Carrier]) -> Routes:
        """Give the ways that some pages can go together: those that not every one of them was refused."""
        return choose_routes(carriers, self._settings.via, _concern_of(batch), _barred(batch))

    def make_round(self, batch: Sequence[Waiting], message: Message) -> Round:
        """Try every way until one takes the message."""
        result = Round(is_uncertain=any(each.is_uncertain for each in batch))
        self._try_all(batch, message, result)
        if result.accepted is None:
            result.has_hope, result.ready = self._has_hope(batch), self._ready(batch)
            result.why = result.why or "no group is known to send to: set pager.group, or on_call_pager"
        return result

    def _try_all(self, batch: Sequence[Waiting], message: Message, result: Round) -> bool:
        routes = self.routes(batch, self._outlets.carriers())
        if any(self._try_carrier(batch, carrier, message, result) for carrier in routes.open):
            return True
        age = self._clock().steady - min(each.received for each in batch)
        if age >= self._settings.fallback_after or not self.routes(batch, self._outlets.carriers()).open:
            for name, channel in self._fallback(batch):
                if self._try_fallback(batch, name, channel, message, result):
                    return True
        # A verdict may be wrong, or old: with nothing else left, there is nothing to lose.
        return any(self._try_carrier(batch, carrier, message, result) for carrier in routes.doubtful)

    def _has_hope(self, batch: Sequence[Waiting]) -> bool:
        """Tell whether a way is left that did not refuse the pages for good."""
        carriers = self._outlets.carriers()
        left = self.routes(batch, carriers)
        if left.open or left.doubtful or self._fallback(batch):
            return True
        # Where nobody is known to send to, a group may yet be: the settings are still being read.
        known = choose_routes(carriers, self._settings.via, _concern_of(batch), frozenset())
        return not known.open and not known.doubtful

    def _ready(self, batch: Sequence[Waiting]) -> float:
        """Tell when (steady clock) the first of the ways that are left may be used."""
        left = self.routes(batch, self._outlets.carriers())
        ways = [carrier.name for carrier in (*left.open, *left.doubtful)]
        ways += [name for name, _ in self._fallback(batch)]
        return min((self._spared.get(way, -math.inf) for way in ways), default=-math.inf)

    def _is_spared(self, way: str, batch: Sequence[Waiting], result: Round) -> bool:
        """Tell whether a way asked not to be used now; a page is not given up before it was tried again."""
        steady = self._clock().steady
        is_last = steady - min(each.taken for each in batch) >= self._settings.give_up_after
        left = self._spared.get(way, -math.inf) - steady
        if is_last or left <= 0:
            return False
        result.why = result.why or f"{way}: asks not to be used for {left:.0f} s more"
        return True

    def _fallback(self, batch: Sequence[Waiting]) -> list[tuple[str, Channel]]:
        """Give the fallback's channels that are left, with their names."""
        named = ((f"{FALLBACK} {number}", channel) for number, channel in enumerate(self._outlets.fallback))
        barred = _barred(batch)
        return [(name, channel) for name, channel in named if name not in barred]

    def _try_carrier(
        self, batch: Sequence[Waiting], carrier: Carrier, message: Message, result: Round
    ) -> bool:
        """Send to everyone of a carrier who does not have it yet; gives whether it was accepted."""
        if self._is_spared(carrier.name, batch, result):
            return False
        served = frozenset.intersection(*(frozenset(each.served) for each in batch))
        missing = [to for to in carrier.to if to not in served]
        channels = [self._outlets.whatsapp(carrier.name, Recipient(to, carrier.kind)) for to in missing]
        outcomes = self._send(batch, carrier.name, channels, message, result)
        new = {to for to, outcome in zip(missing, outcomes, strict=True) if outcome.is_accepted}
        for each in batch:
            each.served |= new
        is_settled = all(outcome.is_accepted or outcome.is_permanent for outcome in outcomes)
        if is_settled and any(to in served or to in new for to in carrier.to):
            result.accepted = (WHATSAPP, destination_of(carrier))
            return True
        self._judge(batch, carrier.name, outcomes, result)
        return False

    def _try_fallback(
        self, batch: Sequence[Waiting], name: str, channel: Channel, message: Message, result: Round
    ) -> bool:
        if self._is_spared(name, batch, result):
            return False
        outcomes = self._send(batch, name, [channel], message, result)
        if all(outcome.is_accepted for outcome in outcomes):
            result.accepted = (channel.kind, FALLBACK)
            return True
        self._judge(batch, name, outcomes, result)
        return False

    def _send(
        self,
        batch: Sequence[Waiting],
        way: str,
        channels: Sequence[Channel],
        message: Message,
        result: Round,
    ) -> list[Outcome]:
        """Send along one way; from here on the pages may arrive, whatever we hear of it."""
        self._begin([each.entry.number for each in batch], result.is_uncertain)
        if result.is_uncertain:
            self._telemetry.duplicates.inc()
        outcomes = []
        for channel in channels:
            outcome = try_to_send(channel, message, lambda crash: self._tell_crash(batch, way, crash))
            why = outcome.why or outcome.note
            result.tried.append(Attempt(self._clock().wall, way, channel.where, outcome.code, why))
            self._telemetry.count_attempt(channel.kind, outcome.code)
            result.last_channel = channel.kind
            outcomes.append(outcome)
        result.is_uncertain = any(outcome.may_have_arrived for outcome in outcomes)
        return outcomes

    def _tell_crash(self, batch: Sequence[Waiting], way: str, crash: Exception) -> None:
        """Say that a way crashed, which it may do for hours: once, until it fails in another manner."""
        if any(each.said.get(way) != CRASHED for each in batch):
            self._on_crash(crash)

    def _judge(self, batch: Sequence[Waiting], way: str, outcomes: Sequence[Outcome], result: Round) -> None:
        """Note why a way did not take it, and bar one that never will."""
        failed = [outcome for outcome in outcomes if not outcome.is_accepted]
        last = failed[-1]
        result.why = f"{way}: {last.why}"
        if rest := max(outcome.retry_after or 0.0 for outcome in failed):
            self._spared[way] = self._clock().steady + min(rest, _LONGEST_SPARED)
        is_final = all(outcome.is_permanent for outcome in failed)
        words = "a page was refused for good" if is_final else "a page was not taken"
        for each in batch:
            if is_final:
                each.barred.add(way)
            if each.said.get(way) != last.code:
                each.said[way] = last.code
                _log.warning(words, page=each.entry.number, way=way, code=last.code, why=last.why)


def destination_of(carrier: Carrier) -> str:
    """Say where a message through a carrier goes."""
    return f"{carrier.name}/{recipient_of(carrier)}"


def recipient_of(carrier: Carrier) -> str:
    """Say who gets a message through a carrier: the same through whichever carrier."""
    return ",".join(carrier.to)


def recipient_at(destination: str) -> str:
    """Say who is at a destination; a group and a number have no slash."""
    return destination.rpartition("/")[2]


def _barred(batch: Sequence[Waiting]) -> frozenset[str]:
    """Give the ways that refused every one of the pages: another text may be taken."""
    return frozenset.intersection(*(frozenset(each.barred) for each in batch))


def _concern_of(batch: Sequence[Waiting]) -> AffectedTargets:
    return merge_affected(each.concern for each in batch)
