"""Channels that answer as they are told, and what a delivery works with."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from prometheus_client import CollectorRegistry

from tests.clocks import HandClock
from waexporter.model import PagerSettings, Shard, State
from waexporter.paging.attempt import Outlets
from waexporter.paging.channels import ACCEPTED, Outcome
from waexporter.paging.channels.recipients import Recipient
from waexporter.paging.context import PagerClock, PagerContext
from waexporter.paging.delivery import Delivery
from waexporter.paging.journal.writer import Journal
from waexporter.paging.model import Alert, Item, ItemKind, Page
from waexporter.paging.reconciliation.reconciler import Reconciler
from waexporter.paging.routing import Carrier
from waexporter.paging.telemetry import PagerTelemetry

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from waexporter.paging.messages.message import Message

WALL = 1_700_000_000.0
GROUP = "14155550100-1520000000"
TO_GROUP = Recipient(GROUP)
BUSY = Outcome("1016", "the client is overloaded")
LIMITED = Outcome("1015", "too many requests", retry_after=20.0)
UNKNOWN_GROUP = Outcome("1012", "there is no such group", is_permanent=True)
SILENCE = Outcome("timeout", "no answer within 10 s", may_have_arrived=True)


@dataclass
class FakeChannel:
    """Returns the given outcomes, then accepts everything; remembers the messages."""

    kind: str = "whatsapp"
    where: str = "somewhere"
    outcomes: deque[Outcome] = field(default_factory=deque)
    usual: Outcome = ACCEPTED
    sent: list[Message] = field(default_factory=list)
    on_send: Callable[[], object] = lambda: None

    def send(self, message: Message) -> Outcome:
        self.on_send()
        self.sent.append(message)
        return self.outcomes.popleft() if self.outcomes else self.usual


def an_alert(name: str = "one", target: str = "", *, ends_at: float | None = None, **labels: str) -> Alert:
    """Return an alert known by its name."""
    where = {"target": target} if target else {}
    return Alert(name, WALL, ends_at, {"alertname": name, **where, **labels}, {"summary": f"{name} it is"})


def a_page(thread: str = "thread", *alerts: Alert) -> Page:
    """Return a page about alerts, or about one that has the thread's name."""
    items = tuple(
        Item(each, ItemKind.FIRED if each.fires else ItemKind.RESOLVED)
        for each in alerts or (an_alert(thread),)
    )
    return Page(thread, items, received_at=WALL)


class Rig:
    """A delivery with a real journal, and nobody in its way: threads begin only when it is started.

    It is closed after the test that made it.
    """

    opened: ClassVar[list[Rig]] = []

    def __init__(self, folder: Path, settings: PagerSettings | None = None, fallback: int = 0) -> None:
        self.opened.append(self)
        self.clock = HandClock(WALL)
        self.journal = Journal(str(folder))
        self.carriers: list[Carrier] = [Carrier("alpha", State.OK, (GROUP,))]
        self.ways: dict[tuple[str, str], FakeChannel] = {}
        self.fallback = [FakeChannel("webhook", "http://chat/…") for _ in range(fallback)]
        self.registry = CollectorRegistry()
        self.crashes: list[Exception] = []
        self.jitter = 0.0
        self.other_shards: dict[str, Shard] = {}
        self.outlets = Outlets(
            lambda: self.carriers,
            self.way,
            self.fallback,
            other_shard=self.other_shards.get,
        )
        self.context = PagerContext(
            PagerTelemetry(self.registry), self.clock, lambda: self.jitter, self.crashes.append
        )
        self.settings = settings or PagerSettings()
        reconciler = Reconciler(self.journal, self.clock, PagerClock(self.clock))
        self.delivery = Delivery(self.settings, self.journal, self.outlets, self.context, reconciler)

    def close(self) -> None:
        """Stop its workers and close its journal."""
        self.delivery.stop(60.0)
        self.journal.close()

    def way(self, name: str, recipient: Recipient = TO_GROUP) -> FakeChannel:
        """Return the channel through a target to a recipient."""
        return self.ways.setdefault((name, recipient.to), FakeChannel(where=recipient.to))

    def page(self, thread: str = "thread", *alerts: Alert) -> int:
        """Put a page into the journal and hand it on; gives its number."""
        with self.journal.session() as session:
            entry = session.record_page(a_page(thread, *alerts), (), self.clock.wall)
        self.delivery.enqueue(entry)
        return entry.number

    def run(self) -> int:
        """Try whatever is due now; gives how many rounds it took."""
        rounds = 0
        while self.delivery.deliver_next(0):
            rounds += 1
        return rounds

    def states(self) -> list[str]:
        """Return what the journal says of every page, the oldest first."""
        return [entry.state.value for entry in reversed(self.journal.latest(100))]

    def value(self, name: str, **labels: str) -> float | None:
        """Return a sample of the pager's metrics."""
        return self.registry.get_sample_value(name, labels)
