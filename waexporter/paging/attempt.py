"""One round of attempts to get pages out: every way there is, each once, best first."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from waexporter.log import get_logger
from waexporter.metrics.pager import WHATSAPP
from waexporter.paging.channels import Recipient
from waexporter.paging.routes import choose_routes, concern_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from waexporter.metrics.pager import PagerTelemetry
    from waexporter.model import Instant, PagerSettings
    from waexporter.paging.channels import Channel, Message, Outcome
    from waexporter.paging.entries import Entry
    from waexporter.paging.routes import Carrier, Routes

FALLBACK = "fallback"  # the recipient that the rate counts for every fallback together

_log = get_logger("pager")


class Outlets(NamedTuple):
    """Everything a message can leave through."""

    carriers: Callable[[], Sequence[Carrier]]  # as they are now
    whatsapp: Callable[[str, Recipient], Channel]  # through a carrier, to a recipient
    fallback: Sequence[Channel] = ()


@dataclass(slots=True)
class Waiting:
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
class Round:
    """What one round of attempts came to."""

    accepted: tuple[str, str] | None = None  # channel, destination
    last_channel: str = ""
    why: str = ""
    may_have_arrived: bool = False
    has_hope: bool = False  # something may go better next time


class Attempts:
    """Tries the ways that pages can go; keeps nothing between one round and the next."""

    def __init__(
        self,
        settings: PagerSettings,
        outlets: Outlets,
        telemetry: PagerTelemetry,
        clock: Callable[[], Instant],
    ) -> None:
        self._settings = settings
        self._outlets = outlets
        self._telemetry = telemetry
        self._clock = clock

    def routes(self, batch: Sequence[Waiting], carriers: Sequence[Carrier]) -> Routes:
        """Give the ways that some pages can go together."""
        alerts = (item.alert for each in batch for item in each.entry.page.items)
        barred = frozenset.union(*(frozenset(each.barred) for each in batch))
        return choose_routes(carriers, self._settings.via, concern_of(alerts), barred)

    def make_round(self, batch: list[Waiting], message: Message) -> Round:
        """Try every way until one takes the message."""
        result = Round()
        routes = self.routes(batch, self._outlets.carriers())
        for carrier in routes.open:
            if self._try_carrier(batch, carrier, message, result):
                return result
        has_open_route = bool(self.routes(batch, self._outlets.carriers()).open)
        result.has_hope |= has_open_route
        age = self._clock().steady - min(each.received for each in batch)
        if age >= self._settings.fallback_after or not has_open_route:
            for number, channel in enumerate(self._outlets.fallback):
                if self._try_fallback(batch, f"{FALLBACK} {number}", channel, message, result):
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

    def _try_carrier(self, batch: list[Waiting], carrier: Carrier, message: Message, result: Round) -> bool:
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
            result.accepted = (WHATSAPP, destination_of(carrier))
            return True
        self._judge(batch, carrier.name, outcomes, result)
        return False

    def _try_fallback(
        self, batch: list[Waiting], name: str, channel: Channel, message: Message, result: Round
    ) -> bool:
        if any(name in each.barred for each in batch):
            return False
        outcome = self._send(channel, message, result)
        if outcome.is_accepted:
            result.accepted = (channel.kind, FALLBACK)
            return True
        self._judge(batch, name, [outcome], result)
        return False

    def _send(self, channel: Channel, message: Message, result: Round) -> Outcome:
        outcome = channel.send(message)
        self._telemetry.count_attempt(channel.kind, outcome.code)
        result.last_channel = channel.kind
        result.may_have_arrived |= outcome.may_have_arrived
        return outcome

    def _judge(self, batch: list[Waiting], way: str, outcomes: Sequence[Outcome], result: Round) -> None:
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


def destination_of(carrier: Carrier) -> str:
    """Say where a message through a carrier goes."""
    return f"{carrier.name}/{','.join(carrier.to)}"
