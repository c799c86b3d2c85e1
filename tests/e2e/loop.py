"""The whole loop: many simulated clients, one exporter with its pager, a real Prometheus and Alertmanager."""

from __future__ import annotations

import re
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import yaml

from tests.alerts.rules import ALERTS, RULE_FILES
from tests.e2e.clients import OWNER, USERS, SimulatedClient
from tests.e2e.exporters import Exporter, write_config
from tests.e2e.paging import UNTHROTTLED
from tests.real.alertmanager import Alertmanager
from tests.real.network import find_free_port
from tests.real.prometheus import Prometheus
from waexporter.commands.demos.demo_stack import speed_up
from waexporter.config import DEFAULT_PLANS
from waexporter.config.values.quantities import format_duration
from waexporter.simulator import Options, Simulator

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

SHARDS = 4
CANARIES = frozenset({None, "contacts_fail", "no_contacts", "canary_slow"})  # faults of clients that have one
_CANARY = {"canary_number": "14155550123", "poll": {"canary": "1m"}}  # no shorter interval is accepted
_SCRAPE = 15.0  # seconds

# "CRITICAL: what is wrong" or "RESOLVED (critical): what was", and below it "WhatsAppDown / support-line"
_ITEM = re.compile(r"^(RESOLVED \()?([A-Za-z]+)\)?: .*\n(\w+) / (\S+)$", re.MULTILINE)


class Tempo(NamedTuple):
    """How fast it all goes."""

    pace: float  # every time is divided by it
    shortest: float  # seconds between two polls, and two scrapes, at least
    stale_after: int  # intervals

    @property
    def shortest_range(self) -> float:
        """Return the seconds in which a rate sees even polls that each end by their timeout of 10 s."""
        return 6 * max(_SCRAPE / self.pace, self.shortest)

    def every(self, seconds: float) -> str:
        """Give an interval as a duration."""
        return format_duration(max(seconds / self.pace, self.shortest))


class Client(NamedTuple):
    """One simulated client, and the fault it is to have."""

    fault: str | None
    topology: str = "single"

    @property
    def name(self) -> str:
        """The target's name."""
        return f"{(self.fault or 'healthy').replace('_', '-')}-{self.topology}"


class Firing(NamedTuple):
    """An alert that fires, as Prometheus has it; of several rules of one name, one by severity."""

    target: str
    alert: str
    severity: str


class Item(NamedTuple):
    """An alert as people read of it in a page."""

    severity: str
    alert: str
    target: str
    is_over: bool


@dataclass(frozen=True, slots=True)
class Loop:
    """What runs."""

    clients: Mapping[Client, SimulatedClient]
    config: Path  # of the exporter
    exporter: Exporter
    manager: Alertmanager
    prometheus: Prometheus

    def bring(self) -> None:
        """Start the fault of each client."""
        for client, simulated in self.clients.items():
            if client.fault is not None:
                simulated.bring(client.fault)
            if client.fault == "refuse_logins":  # it shows only to who has to log in
                simulated.control("POST", "/expire_tokens")

    def firing(self) -> set[Firing]:
        """Give every alert that fires, but for the one that always does."""
        vector = self.prometheus.query('ALERTS{alertstate="firing"}')
        found = (
            Firing(labels.get("target", ""), labels["alertname"], labels["severity"]) for labels, _ in vector
        )
        return {each for each in found if each.alert != "Watchdog"}

    def items(self) -> list[Item]:
        """Return every alert that people can read of, as often as they can."""
        return [item for texts in self.read().values() for item in find_items(texts)]

    def read(self) -> dict[str, list[str]]:
        """Give the messages in the on-call groups, by the target whose client they left through."""
        return {
            client.name: [
                message["text"]["body"]
                for group in simulated.control("GET", "/groups")["groups"]
                for message in group["messages"]
            ]
            for client, simulated in self.clients.items()
        }


def find_items(texts: Sequence[str]) -> list[Item]:
    """Find the alerts in the texts of pages."""
    return [
        Item(severity.lower(), alert, target, bool(over))
        for text in texts
        for over, severity, alert, target in _ITEM.findall(text)
    ]


@contextmanager
def running(
    programs: Mapping[str, Path], clients: Iterable[Client], folder: Path, tempo: Tempo
) -> Iterator[Loop]:
    """Run all of it, and wait until every client is well."""
    with ExitStack() as stack:
        simulated = {each: _simulated(stack, each, folder, tempo) for each in clients}
        port = find_free_port()  # of Alertmanager, which the exporter asks
        config = write_config(folder, _config(simulated, folder, tempo, port))
        exporter = stack.enter_context(Exporter.run(config))
        exporter.wait_until_ok(*(each.name for each in simulated), deadline=180)
        manager = stack.enter_context(
            _alertmanager(programs["prometheus-alertmanager"], folder, exporter.url, tempo, port)
        )
        prometheus = stack.enter_context(
            _prometheus(programs["prometheus"], folder, exporter.url, manager.url, tempo)
        )
        yield Loop(simulated, config, exporter, manager, prometheus)


def _has_tls(client: Client) -> bool:
    return (client.fault or "").startswith("certificate_")  # it costs, and only these show it


def _ca_file(folder: Path, client: Client) -> Path:
    return folder / f"{client.name}.pem"


def _simulated(stack: ExitStack, client: Client, folder: Path, tempo: Tempo) -> SimulatedClient:
    options = Options(
        topology=client.topology,
        shards=SHARDS,
        tls=_has_tls(client),
        ca_file=str(_ca_file(folder, client)),
        users=USERS,
        health_per_minute=None,
        speed=tempo.pace,
        # In shorter windows as many events, or one of the refusals that are usual would be a large share.
        traffic=tempo.pace,
    )
    simulator = stack.enter_context(Simulator(options))
    # The test itself goes on talking to clients whose certificates have ended.
    return stack.enter_context(SimulatedClient(simulator.url))


def _config(
    clients: Mapping[Client, SimulatedClient], folder: Path, tempo: Tempo, port: int
) -> dict[str, object]:
    owner = dict(zip(("username", "password"), OWNER, strict=True))
    polls = {endpoint.value: tempo.every(plan.interval) for endpoint, plan in DEFAULT_PLANS.items()}
    return {
        "targets": [
            simulated.target(client.name, auth=owner)
            | (_CANARY if client.fault in CANARIES else {})
            | ({"shards": SHARDS} if client.topology == "multiconnect" else {})
            | ({"tls": {"ca_file": str(_ca_file(folder, client))}} if _has_tls(client) else {})
            for client, simulated in clients.items()
        ],
        "poll": polls | {"stale_after": tempo.stale_after},
        "pager": {
            "state_dir": str(folder / "journal"),
            "alertmanager_url": f"http://127.0.0.1:{port}",
            "webhook": {"insecure": True},
            "rate": UNTHROTTLED,
            "watchdogs": [{"name": "loop", "match": {"alertname": "Watchdog"}, "max_silence": "3m"}],
        },
    }


def _alertmanager(program: Path, folder: Path, exporter: str, tempo: Tempo, port: int) -> Alertmanager:
    shipped = speed_up((ALERTS / "alertmanager.yml").read_text(), tempo.pace).replace(
        "http://127.0.0.1:9847", exporter
    )
    return Alertmanager(program, folder / "alertmanager", yaml.safe_load(shipped), port=port)


def _prometheus(program: Path, folder: Path, exporter: str, manager: str, tempo: Tempo) -> Prometheus:
    files = [folder / file.name for file in RULE_FILES]
    for own, file in zip(files, RULE_FILES, strict=True):
        own.write_text(speed_up(file.read_text(), tempo.pace, tempo.shortest_range))
    every = tempo.every(_SCRAPE)
    return Prometheus(
        program,
        folder / "prometheus",
        {
            "global": {"scrape_interval": every, "scrape_timeout": every, "evaluation_interval": every},
            "rule_files": [str(file) for file in files],
            "scrape_configs": [
                {
                    "job_name": "waexporter",
                    "static_configs": [{"targets": [exporter.removeprefix("http://")]}],
                }
            ],
            "alerting": {
                "alertmanagers": [{"static_configs": [{"targets": [manager.removeprefix("http://")]}]}]
            },
        },
    )
