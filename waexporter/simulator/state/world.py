"""The state of a simulated client."""

from __future__ import annotations

from collections import Counter, deque
from typing import TYPE_CHECKING, TypeAlias

from waexporter.simulator.faults.scenarios import SCENARIOS
from waexporter.simulator.faults.timeline import Timeline
from waexporter.simulator.state import cluster
from waexporter.simulator.state import settings as settings_store
from waexporter.simulator.state.accounts import Accounts
from waexporter.simulator.state.callbacks import Callbacks
from waexporter.simulator.state.groups import Groups
from waexporter.simulator.state.limits import Bucket, Window
from waexporter.simulator.state.media import Media
from waexporter.simulator.state.profile import Profile
from waexporter.simulator.state.registration import Registration
from waexporter.simulator.state.trust import Trust
from waexporter.simulator.state.webhook import Webhook, is_loopback
from waexporter.simulator.statistics.counters import Meter
from waexporter.simulator.statistics.fault_effects import with_fault_effects
from waexporter.simulator.statistics.traffic import between

if TYPE_CHECKING:
    from collections.abc import Callable

    from waexporter.simulator.envelope import Json
    from waexporter.simulator.faults.faults import Fault
    from waexporter.simulator.options import Options
    from waexporter.simulator.state.cluster import Node, Nodes

Clock: TypeAlias = "Callable[[], float]"

_HOUR = 3600.0
_MILLISECOND = 0.001
_MOST_MESSAGES = 10_000  # then the oldest is forgotten
_WITHOUT_GATEWAY = frozenset({"gateway_down", "unregistered", "uninitialized"})
_DEADLY = frozenset({"dead_node", "shard_uncovered"})


class Webapp:
    """One webapp: its container and its own rate limits."""

    def __init__(self, node: str, health_per_minute: int | None) -> None:
        self.node = node
        self.health = Window(health_per_minute, 60.0)
        self.buckets = {"messages": Bucket(50.0, 150.0), "other": Bucket(20.0, 60.0)}


class World:
    """The state of a client; times are seconds since the epoch."""

    def __init__(self, options: Options, clock: Clock, external_ca: str) -> None:
        self.options = options
        self.clock = clock
        self.begun = clock()
        self.shards = options.shards if options.topology == "multiconnect" else 1
        self.accounts = Accounts(options.users)
        self.settings = settings_store.configured()
        self.groups = Groups()
        self.registration = Registration()
        self.profile = Profile()
        self.providers: dict[str, Json] = {}
        self.media = Media()
        self.trust = Trust(external_ca)
        self.callbacks = Callbacks(self.webhook, options.callback_queue)
        self.crashes = 0  # requests that were answered with an error of this program
        self.messages: deque[Json] = deque(maxlen=_MOST_MESSAGES)
        self.outbox: deque[Json] = deque(maxlen=_MOST_MESSAGES)  # accepted, but not sent yet
        self.read: set[str] = set()
        self.contacts: set[str] = set()
        self.waiting = 0  # requests that are being answered now
        steps = SCENARIOS[options.scenario].steps[options.topology]
        self.timeline = Timeline(options.scenario, steps, self.begun, options.speed)
        self._webapps = [Webapp(name, options.health_per_minute) for name in self._container_ids()]
        self._turns: Counter[str] = Counter()
        self._visits: Counter[str] = Counter()  # with a token

    @property
    def single(self) -> bool:
        """Whether the client is single: one coreapp, and documents without a map of nodes."""
        return self.options.topology == "single"

    @property
    def nodes(self) -> Nodes:
        """The nodes of the healthy client."""
        return cluster.healthy_nodes(self.options.topology, self.shards, self.options.seed)

    def moment(self, now: float) -> cluster.Moment:
        """Return the time and the duration of a failover."""
        return cluster.Moment(
            now, settings_store.seconds(self.settings, "unhealthy_interval") / self.options.speed
        )

    def seen(self, path: str, now: float) -> Nodes:
        """Return the nodes as a request for this path sees them."""
        return cluster.view(self.nodes, self.timeline.active(now, path), self.moment(now))

    def webhook(self) -> Webhook | None:
        """Return the webhook, or None if there is none on a loopback address."""
        settings = self.settings
        url = settings_store.webhook_url(settings)
        if not is_loopback(url):
            return None
        return Webhook(
            url,
            self.trust.webhook_ca,
            settings_store.seconds(settings, "callback_backoff_delay_ms", _MILLISECOND),
            settings_store.seconds(settings, "max_callback_backoff_delay_ms", _MILLISECOND),
        )

    def next_webapp(self, path: str) -> Webapp:
        """Return the webapp for the next request of a path, in turn."""
        self._turns[path] += 1
        return self._webapps[self._turns[path] % len(self._webapps)]

    def meets_stranger(self, path: str) -> bool:
        """Return whether a request meets a webapp with another database, as every third does."""
        self._visits[path] += 1
        return self._visits[path] % 3 == 0

    def meter(self, node: Node, path: str, now: float) -> Meter:
        """Return the meter of one node."""
        spans = self.timeline.spans(now)
        started = cluster.started(node, self.nodes, spans, self.moment(now))
        begun = max(self.begun - 6 * _HOUR, started, node.active_since)

        def without_gateway(fault: Fault) -> bool:
            return fault.name in _WITHOUT_GATEWAY and node.key in cluster.affected_nodes(fault, self.nodes)

        def felt(fault: Fault) -> bool:  # the database is everybody's
            mine = path == "/v1/stats/db" or node.key in cluster.affected_nodes(fault, self.nodes)
            return mine and fault.affects(path)

        meter = Meter(
            self.options.seed,
            node.key,
            begun,
            now,
            idle=(self.timeline.seconds(begun, without_gateway), self.timeline.seconds(now, without_gateway)),
            scale=self.options.traffic * between(self.options.seed, node.key, 0.6, 1.4),
        )
        return with_fault_effects(meter, self.timeline, felt)

    def web_meter(self, webapp: Webapp, path: str, now: float) -> Meter:
        """Return the meter of one webapp, which has been up for days."""
        age = between(self.options.seed, webapp.node, 20.0, 120.0) * _HOUR
        labels = (("node", webapp.node),)
        begun, scale = self.begun - age, self.options.traffic
        meter = Meter(self.options.seed, webapp.node, begun, now, scale=scale, labels=labels)
        return with_fault_effects(meter, self.timeline, lambda fault: fault.affects(path))

    def outages(self, now: float) -> dict[str, float]:
        """Return for how many seconds each coreapp was dead, by host."""
        nodes = self.nodes

        def dead(node: Node) -> Callable[[Fault], bool]:
            return lambda fault: fault.name in _DEADLY and node.key in cluster.affected_nodes(fault, nodes)

        return {
            node.host: self.timeline.seconds(now, dead(node))
            for node in nodes
            if node.role == cluster.COREAPP
        }

    def _container_ids(self) -> tuple[str, ...]:
        count = 1 if self.single else self.options.webapps
        others = (int(between(self.options.seed, f"webapp{n}", 16**11, 16**12)) for n in range(1, count))
        return ("06475793be9d", *(f"{number:012x}" for number in others))
