"""An hour of simulated clients and a whole exporter on one clock, kept page by page as series for promtool.

Only the timers and the server are missing: a loop runs what the schedule would, at the default intervals, and
moves the clock.
"""

from __future__ import annotations

import json
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from tests.e2e.clients import OWNER, USERS, SimulatedClient
from waexporter.config import DEFAULT_PLANS
from waexporter.daemon.exporter import Exporter, Heartbeat
from waexporter.daemon.paging import DaemonPager, PagerTargets
from waexporter.metrics.telemetry import Telemetry
from waexporter.model import (
    Credentials,
    Endpoint,
    Instant,
    Limits,
    PagerSettings,
    PollPlan,
    Secret,
    Target,
    Tls,
    Watchdog,
)
from waexporter.polling.on_demand import OnDemandPolls
from waexporter.polling.poller import Poller
from waexporter.polling.store import Store
from waexporter.simulator import Options, Simulator
from waexporter.transport.connections import TransportOptions
from waexporter.transport.tls import TlsContexts
from waexporter.web.backend import PageRequest
from waexporter.whatsapp.client import Client

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from waexporter.paging.pager import Pager

SCRAPE = 15  # seconds
WARM_UP = 600  # seconds, in which a start is over and the first windows fill
HOUR = 3600

_BEGUN = 1_700_000_000
_FIRST_POLL = 1  # seconds after the start; so a page is never quite new, as in life
_WATCHDOG = 60  # seconds from one repetition of Alertmanager's to the next
_PATIENCE = 60.0  # seconds of the real clock: that this machine is busy is no failed poll
_INTERVALS = {endpoint: plan.interval for endpoint, plan in DEFAULT_PLANS.items()} | {Endpoint.CANARY: 300.0}
_SHARDS = 4
_OWN = 'job="waexporter",instance="127.0.0.1:9847"'
_WEBHOOK = {"version": "4", "groupLabels": {"alertname": "Watchdog"}}
_DOG = {"status": "firing", "labels": {"alertname": "Watchdog"}, "startsAt": "2023-11-14T22:13:20Z"}

CLIENTS: Mapping[str, Mapping[str, object]] = {
    "single": {"tls": True},
    "ha": {"topology": "ha"},
    "multiconnect": {"topology": "multiconnect", "shards": _SHARDS},
}


class Incident(NamedTuple):
    """A fault of one client, in seconds from the start."""

    client: str
    fault: str
    begins: int
    ends: int


@dataclass
class Recording:
    """What every page said: each series with its values by the number of the page."""

    pages: int = 0
    series: dict[str, dict[int, str]] = field(default_factory=dict)

    def add(self, page: str) -> None:
        """Take in one more page, and that Prometheus could read it."""
        lines = (line for line in page.splitlines() if not line.startswith("#"))
        for name, _, value in (line.rpartition(" ") for line in (*lines, "up 1")):
            self.series.setdefault(_as_scraped(name), {})[self.pages] = _since_start(name, value)
        self.pages += 1

    def input_series(self) -> Iterator[dict[str, str]]:
        """Give the series as a test of promtool has them."""
        for name, values in self.series.items():
            # Prometheus, too, ends a series that a page leaves out.
            seen = (values.get(page, "stale") for page in range(min(values), self.pages))
            runs = ((value, sum(1 for _ in run)) for value, run in groupby(seen))
            yield {
                "series": name,
                "values": " ".join((*["_"] * min(values), *(_repeated(*run) for run in runs))),
            }

    def names(self) -> set[str]:
        """Give the names of all series."""
        return {name.partition("{")[0] for name in self.series}


def _as_scraped(name: str) -> str:
    return f"{name[:-1]},{_OWN}}}" if name.endswith("}") else f"{name}{{{_OWN}}}"


def _since_start(name: str, value: str) -> str:
    """Give a time since the start, since promtool's tests begin in 1970."""
    is_time = name.partition("{")[0].endswith("_timestamp_seconds")
    return repr(float(value) - _BEGUN) if is_time else value


def _repeated(value: str, times: int) -> str:
    if value == "stale":
        return " ".join(("stale", *["_"] * (times - 1)))
    return f"{value}x{times - 1}"


class _Clock:
    """The one clock of clients and exporter."""

    def __init__(self) -> None:
        self.second = 0

    def simulated(self) -> float:
        return float(_BEGUN + self.second)

    def now(self) -> Instant:
        return Instant(float(_BEGUN + self.second), float(self.second))


def record(folder: Path, incidents: Iterable[Incident] = ()) -> Recording:
    """Let the time pass in which the clients are well but for the incidents, and keep every page."""
    clock, recording = _Clock(), Recording()
    with ExitStack() as stack:
        clients = {name: stack.enter_context(_simulated(name, clock, folder)) for name in CLIENTS}
        targets = tuple(_target(name, client) for name, client in clients.items())
        daemon = stack.enter_context(_daemon(targets, clock, folder))
        for clock.second in range(WARM_UP + HOUR + SCRAPE):
            for incident in incidents:
                if clock.second == incident.begins:
                    clients[incident.client].bring(incident.fault)
                if clock.second == incident.ends:
                    clients[incident.client].lift(incident.fault)
            daemon.live()
            if clock.second % SCRAPE == 0:
                recording.add(b"".join(daemon.exporter.metrics(PageRequest())).decode())
    return recording


@contextmanager
def _simulated(name: str, clock: _Clock, folder: Path) -> Iterator[SimulatedClient]:
    ca_file = folder / f"{name}.pem" if CLIENTS[name].get("tls") else None
    options = Options(users=USERS, ca_file=str(ca_file) if ca_file else None, **CLIENTS[name])  # type: ignore[arg-type]
    with (
        Simulator(options, clock=clock.simulated) as simulator,
        SimulatedClient(simulator.url, ca_file) as client,
    ):
        yield client


def _target(name: str, client: SimulatedClient) -> Target:
    user, password = OWNER
    return Target(
        name,
        client.url,
        auth=Credentials(username=user, password=Secret(password)),
        tls=Tls(ca_file=str(client.ca_file) if client.ca_file else None),
        shards=_SHARDS if name == "multiconnect" else None,
        canary_number="+14155550123",
        plans={endpoint: PollPlan(interval, _PATIENCE) for endpoint, interval in _INTERVALS.items()},
    )


@contextmanager
def _daemon(targets: tuple[Target, ...], clock: _Clock, folder: Path) -> Iterator[_Daemon]:
    contexts = TlsContexts()
    with ExitStack() as stack:
        clients = {
            target.name: Client(target, Limits(), contexts, TransportOptions(clock.now)) for target in targets
        }
        for client in clients.values():
            stack.callback(client.close)
        store, telemetry = Store(targets, clock.now), Telemetry()
        settings = PagerSettings(state_dir=str(folder / "journal"), watchdogs=(_watchdog(),))
        pager = DaemonPager(settings, PagerTargets(store, clients, contexts), telemetry, clock.now).pager
        stack.callback(pager.stop)
        pager.start()
        yield _Daemon(tuple(clients.values()), store, telemetry, pager, clock)


def _watchdog() -> Watchdog:
    return Watchdog("prometheus", (("alertname", "Watchdog"),), 180.0)


class _Daemon:
    """Everything of the daemon but its timers and its server."""

    def __init__(
        self,
        clients: tuple[Client, ...],
        store: Store,
        telemetry: Telemetry,
        pager: Pager,
        clock: _Clock,
    ) -> None:
        self._clock, self._store, self._telemetry, self._pager = clock, store, telemetry, pager
        self._heartbeat = Heartbeat(telemetry, clock.now)
        self.exporter = Exporter(
            store, OnDemandPolls(store, clock.now), telemetry, self._heartbeat, _no_clash, pager
        )
        self._pollers = [
            Poller(
                client,
                endpoint,
                Limits(),
                clock.now,
                lambda name=client.target.name: store.on_call_group(name),  # type: ignore[misc]
            )
            for client in clients
            for endpoint in client.target.plans
        ]
        telemetry.reload_successful.set(1)
        telemetry.reload_success_time.set(clock.now().wall)

    def live(self) -> None:
        """Do what is due in this second."""
        second = self._clock.second
        self._heartbeat.beat()
        for poller in self._pollers:
            if second % poller.target.plans[poller.endpoint].interval == _FIRST_POLL:
                self._telemetry.lateness.observe(0.0)
                self._store.put(poller.poll())
        if second % _WATCHDOG == 0:
            self._pager.receive(json.dumps(_WEBHOOK | {"alerts": [_DOG]}).encode())
        self._pager.upkeep.tick()


def _no_clash(clashes: tuple[str, ...]) -> None:
    assert clashes == ()
