"""A story of incidents, acted by simulated clients and recorded by a real Prometheus."""

from __future__ import annotations

import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, NamedTuple

import yaml

from grafana.pictures.recording import Moment, data_folder, keep
from tests.e2e.clients import USERS
from tests.e2e.conftest import find_simulated_client
from tests.e2e.exporters import WAEXPORTER, Exporter, clean_environment, write_config
from tests.real import parts
from tests.real.alertmanager import Alertmanager
from tests.real.process import Process
from tests.real.prometheus import Prometheus

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from tests.e2e.clients import SimulatedClient

SUITE = parts.SUITES[-1]
RULES = parts.ROOT / "alerts"
SCRAPE = 5  # seconds
POLLS = {
    "health": "7s",
    "app": "5s",
    "web": "5s",
    "db": "15s",
    "support": "15s",
    "settings": "15s",
    "certificates": "30s",
    "group": "15s",
    "canary": "1m",
}
CLIENTS = {  # how each is simulated
    "orders": (),
    "support-line": ("--topology=ha",),
    "campaigns": ("--topology=multiconnect", "--shards=4"),
    "billing": (),
    "surveys": (),
    "alerts": ("--tls",),
}


class Turn(NamedTuple):
    """From a share of the story on, a fault holds at a client, or none does."""

    at: float
    client: str
    fault: str | None

    def __str__(self) -> str:
        fault = self.fault.replace("_", " ") if self.fault else "all is well again"
        return f"{self.at:.0%} {self.client}: {fault}"


TURNS = (
    Turn(0.2, "campaigns", "version_skew"),
    Turn(0.25, "alerts", "disk_low"),
    Turn(0.3, "support-line", "failover"),
    Turn(0.35, "surveys", "webhook_fails"),
    Turn(0.4, "billing", "sends_fail"),
    Turn(0.45, "orders", "gateway_down"),
    Turn(0.45, "orders", "growing_queues"),
    Turn(0.6, "campaigns", "shard_uncovered"),
    Turn(0.75, "support-line", None),
)
DEAD = 60.0  # seconds: how long the exporter has been dead when that is looked at


def record(seconds: float, folder: Path, say: Callable[[str], None]) -> None:
    """Act the story for so many seconds, then kill the exporter; keeps both."""
    with ExitStack() as stack:
        clients = {name: stack.enter_context(_simulated(stack, options)) for name, options in CLIENTS.items()}
        watch = stack.enter_context(ExitStack())
        exporter = watch.enter_context(Exporter.run(write_config(folder, _config(clients, folder))))
        exporter.wait_until_ok("orders", "billing", deadline=120)
        manager = stack.enter_context(_alertmanager(folder, exporter.url))
        stack.enter_context(_prometheus(folder, exporter.url, manager.url))
        began = time.time()
        for turn in TURNS:
            time.sleep(max(0.0, began + turn.at * seconds - time.time()))
            say(str(turn))
            if turn.fault is None:
                clients[turn.client].lift()
            else:
                clients[turn.client].bring(turn.fault)
        time.sleep(max(0.0, began + seconds - time.time()))
        ended = time.time()
        watch.close()
        say(f"the exporter has ended; {DEAD:g} s more")
        time.sleep(DEAD)
        dead = time.time()
    keep(folder, {"story": Moment(began, ended, SCRAPE), "dead": Moment(began, dead, SCRAPE)})


def _simulated(stack: ExitStack, options: tuple[str, ...]) -> SimulatedClient:
    users = (f"--user={name}:{password}:{role}" for name, password, role in USERS)
    command = (*WAEXPORTER, "simulate", "--listen=127.0.0.1:0", *users, *options)
    return find_simulated_client(stack.enter_context(Process(command, env=clean_environment())))


def _config(clients: Mapping[str, SimulatedClient], folder: Path) -> dict[str, object]:
    owner = {"username": "owner", "password": "owner-password"}
    targets = [
        client.target(name, auth=owner, canary_number="14155550123") for name, client in clients.items()
    ]
    next(target for target in targets if target["name"] == "campaigns")["shards"] = 4
    pager = {
        "state_dir": str(folder / "journal"),
        "webhook": {"insecure": True},
        "watchdogs": [{"name": "prometheus", "match": {"alertname": "Watchdog"}, "max_silence": "3m"}],
    }
    return {"targets": targets, "poll": POLLS, "pager": pager}


def _alertmanager(folder: Path, exporter: str) -> Alertmanager:
    # As it is shipped, but for the pager's address.
    shipped = (RULES / "alertmanager.yml").read_text().replace("http://127.0.0.1:9847", exporter)
    program = parts.program(SUITE, "prometheus-alertmanager")
    return Alertmanager(program, folder / "alertmanager", yaml.safe_load(shipped))


def _prometheus(folder: Path, exporter: str, manager: str) -> Prometheus:
    rules = [str(RULES / name) for name in ("recording-rules.yml", "alerts.yml")]
    address = exporter.removeprefix("http://")
    config = {
        "global": {"scrape_interval": f"{SCRAPE}s", "evaluation_interval": f"{SCRAPE}s"},
        "scrape_configs": [{"job_name": "waexporter", "static_configs": [{"targets": [address]}]}],
        "rule_files": rules,
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [manager.removeprefix("http://")]}]}]},
    }
    return Prometheus(parts.program(SUITE, "prometheus"), data_folder(folder), config)
