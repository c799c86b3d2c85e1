"""One round of attempts to send pages: every way once, the best first.

A way is a target that carries the page to WhatsApp, or a channel of `pager.fallback`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from waexporter.log import get_logger
from waexporter.paging.channels import CRASHED, try_to_send
from waexporter.paging.channels.recipients import Recipient
from waexporter.paging.channels.whatsapp import WHATSAPP
from waexporter.paging.journal.entry import Attempt, PagerDecision
from waexporter.paging.routing import choose_routes, describe_carrier, merge_affected
from waexporter.timefmt import humanize_seconds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from waexporter.model import Instant, PagerSettings, Shard
    from waexporter.paging.channels import Channel, Outcome
    from waexporter.paging.messages.message import Message
    from waexporter.paging.queue import QueuedPage
    from waexporter.paging.reconciliation.alertmanager_query import AlertmanagerAddress
    from waexporter.paging.routing import AffectedTargets, Carrier, Routes
    from waexporter.paging.telemetry import PagerTelemetry

# A way may ask for a pause of an hour although it recovers in a minute, and people need the page.
_LONGEST_REST = 300.0  # seconds
_MAX_NOTES = 3  # about targets of other shards, in one attempt
FALLBACK = "fallback"  # the recipient of every fallback channel, so that they share one rate

_log = get_logger("pager")


class Outlets(NamedTuple):
    """The targets and channels that pages are sent through, and the Alertmanager that is queried before."""

    carriers: Callable[[], Sequence[Carrier]]  # returns the present ones
    whatsapp: Callable[[str, Recipient], Channel]  # through a carrier, to a recipient
    fallback: Sequence[Channel] = ()
    alertmanager: AlertmanagerAddress | None = None  # queried about missing alerts before a page is sent
    other_shard: Callable[[str], Shard | None] = lambda _: None  # returns that of a target polled elsewhere


@dataclass(slots=True)
class RoundResult:
    """The result of one round of attempts."""

    accepted: tuple[str, str] | None = None  # channel, destination
    last_channel: str = ""
    why: str = ""
    is_uncertain: bool = False  # the attempt made last may have arrived
    can_retry: bool = False  # a later round may succeed
    tried: list[Attempt] = field(default_factory=list)
    decided: list[PagerDecision] = field(default_factory=list)
    wait: float = 0.0  # seconds that the pages wait before anything is tried
    ways_ready_at: float = -math.inf  # steady clock: until then every remaining way asks not to be used


class AttemptHooks(NamedTuple):
    """Functions that are called during attempts."""

    begin: Callable[
        [Sequence[int], bool], None
    ]  # before each, with the pages, and whether it may be a repeat
    on_crash: Callable[[Exception], None]


class Attempts:
    """Tries the ways to send pages; between rounds it remembers only which ways asked for a pause."""

    def __init__(
        self,
        settings: PagerSettings,
        outlets: Outlets,
        telemetry: PagerTelemetry,
        clock: Callable[[], Instant],
        hooks: AttemptHooks,
    ) -> None:
        self._settings = settings
        self._outlets = outlets
        self._telemetry = telemetry
        self._clock = clock
        self._begin, self._on_crash = hooks
        self._paused_until: dict[str, float] = {}  # by way; steady clock

    def routes(self, batch: Sequence[QueuedPage], carriers: Sequence[Carrier]) -> Routes:
        """Return the targets that can carry pages together: all but those that refused each of them."""
        return choose_routes(carriers, self._settings.via, _affected_by(batch), _refused_by_all(batch))

    def likely_recipient(self, page: QueuedPage, carriers: Sequence[Carrier]) -> str:
        """Return the recipient whose rate limits a page, with the present carriers."""
        routes = self.routes([page], carriers)
        best = (*routes.open, *(() if self._outlets.fallback else routes.doubtful))
        return best[0].recipient if best else FALLBACK

    def make_round(
        self, batch: Sequence[QueuedPage], message: Message, decided: Sequence[PagerDecision] = ()
    ) -> RoundResult:
        """Try every way until one accepts the message; `decided` was decided about it before."""
        is_uncertain = any(each.is_uncertain for each in batch)
        result = RoundResult(is_uncertain=is_uncertain, decided=list(decided))
        self._try_all(batch, message, result)
        if result.accepted is None:
            carriers = self._outlets.carriers()
            ways = self._ways_left(batch, carriers)
            result.can_retry = bool(ways) or not self._is_recipient_known(batch, carriers)
            result.ways_ready_at = min(
                (self._paused_until.get(way, -math.inf) for way in ways), default=-math.inf
            )
            result.why = result.why or "no group is known to send to: set pager.group, or on_call_pager"
        return result

    def _try_all(self, batch: Sequence[QueuedPage], message: Message, result: RoundResult) -> bool:
        carriers = self._outlets.carriers()
        routes = self.routes(batch, carriers)
        ways = self._describe_ways(batch, carriers, routes)
        result.decided.append(PagerDecision(self._clock().wall, ways))
        if any(self._try_carrier(batch, carrier, message, result) for carrier in routes.open):
            return True
        age = self._clock().steady - min(each.received for each in batch)
        if age >= self._settings.fallback_after or not self.routes(batch, self._outlets.carriers()).open:
            for name, channel in self._fallback(batch):
                if self._try_fallback(batch, name, channel, message, result):
                    return True
        # A verdict may be wrong or old, so a doubtful target is better than none.
        return any(self._try_carrier(batch, carrier, message, result) for carrier in routes.doubtful)

    def _describe_ways(self, batch: Sequence[QueuedPage], carriers: Sequence[Carrier], routes: Routes) -> str:
        """Return the ways that may be tried, in their order, and the affected targets that are none."""
        affected = _affected_by(batch)
        words = [describe_carrier(carrier, affected) for carrier in routes.open]
        wait = humanize_seconds(self._settings.fallback_after)
        words += [f"{name} (once it has waited {wait})" for name, _ in self._fallback(batch)]
        words += [f"{describe_carrier(carrier, affected)}, as a last resort" for carrier in routes.doubtful]
        order = "in the order of pager.via" if self._settings.via else "in this order"
        refused_by = _refused_by_all(batch)
        no_ways = [
            f"; not {carrier.name}: " + ("it refused the page for good" if carrier.to else "it has no group")
            for carrier in carriers
            if carrier.name in affected.targets and (not carrier.to or carrier.name in refused_by)
        ]
        return f"ways, {order}: {'; '.join(words) or 'none'}{''.join(no_ways)}"

    def _ways_left(self, batch: Sequence[QueuedPage], carriers: Sequence[Carrier]) -> list[str]:
        """Return the ways that did not refuse the pages for good."""
        left = self.routes(batch, carriers)
        names = [carrier.name for carrier in (*left.open, *left.doubtful)]
        return [*names, *(name for name, _ in self._fallback(batch))]

    def _is_recipient_known(self, batch: Sequence[QueuedPage], carriers: Sequence[Carrier]) -> bool:
        """Return whether a target has a recipient; if none has, their settings may not be read yet."""
        known = choose_routes(carriers, self._settings.via, _affected_by(batch), frozenset())
        return bool(known.open or known.doubtful)

    def _is_paused(self, way: str, batch: Sequence[QueuedPage], result: RoundResult) -> bool:
        """Return whether a way asked not to be used now; ignore that in the last round of a page."""
        steady = self._clock().steady
        is_last = steady - min(each.queued for each in batch) >= self._settings.give_up_after
        left = self._paused_until.get(way, -math.inf) - steady
        if is_last or left <= 0:
            return False
        result.why = result.why or f"{way}: asks not to be used for {left:.0f} s more"
        return True

    def _fallback(self, batch: Sequence[QueuedPage]) -> list[tuple[str, Channel]]:
        """Return the fallback channels that did not refuse the pages for good, with their names."""
        named = ((f"{FALLBACK} {number}", channel) for number, channel in enumerate(self._outlets.fallback))
        refused_by = _refused_by_all(batch)
        return [(name, channel) for name, channel in named if name not in refused_by]

    def _try_carrier(
        self, batch: Sequence[QueuedPage], carrier: Carrier, message: Message, result: RoundResult
    ) -> bool:
        """Send to the recipients of a carrier who do not have it yet; return whether it was accepted."""
        if self._is_paused(carrier.name, batch, result):
            return False
        served = frozenset.intersection(*(frozenset(each.delivered_to) for each in batch))
        missing = [to for to in carrier.to if to not in served]
        channels = [self._outlets.whatsapp(carrier.name, Recipient(to, carrier.kind)) for to in missing]
        outcomes = self._send(batch, carrier.name, channels, message, result)
        new = {to for to, outcome in zip(missing, outcomes, strict=True) if outcome.is_accepted}
        for each in batch:
            each.delivered_to |= new
        is_settled = all(outcome.is_accepted or outcome.is_permanent for outcome in outcomes)
        if is_settled and any(to in served or to in new for to in carrier.to):
            result.accepted = (channels[0].kind if channels else WHATSAPP, carrier.destination)
            return True
        self._record_failure(batch, carrier.name, outcomes, result)
        return False

    def _try_fallback(
        self, batch: Sequence[QueuedPage], name: str, channel: Channel, message: Message, result: RoundResult
    ) -> bool:
        if self._is_paused(name, batch, result):
            return False
        outcomes = self._send(batch, name, [channel], message, result)
        if all(outcome.is_accepted for outcome in outcomes):
            result.accepted = (channel.kind, FALLBACK)
            return True
        self._record_failure(batch, name, outcomes, result)
        return False

    def _send(
        self,
        batch: Sequence[QueuedPage],
        way: str,
        channels: Sequence[Channel],
        message: Message,
        result: RoundResult,
    ) -> list[Outcome]:
        """Send by one way and return the outcomes."""
        self._begin([each.entry.number for each in batch], result.is_uncertain)
        if result.is_uncertain:
            self._telemetry.duplicates.inc()
        outcomes = []
        for channel in channels:
            outcome = try_to_send(channel, message, lambda crash: self._report_crash(batch, way, crash))
            why = outcome.why or "; ".join(filter(None, [outcome.note, *self._notes_on_others(batch)]))
            result.tried.append(Attempt(self._clock().wall, way, channel.where, outcome.code, why))
            self._telemetry.count_attempt(channel.kind, outcome.code)
            result.last_channel = channel.kind
            outcomes.append(outcome)
        result.is_uncertain = any(outcome.may_have_arrived for outcome in outcomes)
        return outcomes

    def _notes_on_others(self, batch: Sequence[QueuedPage]) -> Iterator[str]:
        """Yield why targets that the alerts are about were no way: other daemons poll them."""
        owners = ((name, self._outlets.other_shard(name)) for name in _affected_by(batch).targets)
        others = ((name, shard) for name, shard in owners if shard is not None)
        for name, shard in islice(others, _MAX_NOTES):
            yield f"only shard {shard} knows the state of {name}"

    def _report_crash(self, batch: Sequence[QueuedPage], way: str, crash: Exception) -> None:
        """Report a crash, unless the last failure of the way was a crash, too: it may crash for hours."""
        if any(each.logged.get(way) != CRASHED for each in batch):
            self._on_crash(crash)

    def _record_failure(
        self, batch: Sequence[QueuedPage], way: str, outcomes: Sequence[Outcome], result: RoundResult
    ) -> None:
        """Record why a way did not accept the pages, and whether it refused them for good."""
        failed = [outcome for outcome in outcomes if not outcome.is_accepted]
        last = failed[-1]
        result.why = f"{way}: {last.why}"
        if rest := max(outcome.retry_after or 0.0 for outcome in failed):
            self._paused_until[way] = self._clock().steady + min(rest, _LONGEST_REST)
        is_final = all(outcome.is_permanent for outcome in failed)
        words = "a page was refused for good" if is_final else "a page was not taken"
        for each in batch:
            if is_final:
                each.refused_by.add(way)
            if each.logged.get(way) != last.code:
                each.logged[way] = last.code
                _log.warning(words, page=each.entry.number, way=way, code=last.code, why=last.why)


def _refused_by_all(batch: Sequence[QueuedPage]) -> frozenset[str]:
    """Return the ways that refused every page; a way that refused some may accept a text with all."""
    return frozenset.intersection(*(frozenset(each.refused_by) for each in batch))


def _affected_by(batch: Sequence[QueuedPage]) -> AffectedTargets:
    return merge_affected(each.affected for each in batch)
