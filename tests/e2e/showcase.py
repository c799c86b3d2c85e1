"""A daemon with something on each of its pages: clients in every state, faults that last, and pages sent."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, NamedTuple

from tests.e2e.clients import OWNER, USERS, SimulatedClient
from tests.e2e.exporters import Exporter, write_config
from tests.e2e.paging import GROUP, Alert, firing, post, resolved, webhook
from tests.e2e.waiting import wait_for
from waexporter.simulator import Options, Simulator

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

POLLS = {
    **dict.fromkeys(("health", "app", "web", "db", "support", "settings", "certificates", "group"), "2s"),
    "timeout": "10s",
    "stale_after": 10,
}


class Client(NamedTuple):
    """A simulated client, and what goes wrong with it."""

    name: str
    region: str
    team: str
    topology: str = "single"
    faults: tuple[str, ...] = ()


CLIENTS = (
    Client("orders-eu", "eu", "orders"),
    Client("orders-us", "us", "orders", "ha", ("gateway_down", "growing_queues")),
    Client("support-eu", "eu", "support", "multiconnect", ("shard_uncovered",)),
    Client("support-us", "us", "support", "ha"),
    Client("billing-eu", "eu", "orders", "single", ("disk_low",)),
    Client("billing-us", "us", "orders"),
    Client("surveys", "eu", "support"),
)
LOST = {"name": "reminders", "url": "http://127.0.0.1:9", "labels": {"region": "us", "team": "orders"}}
TROUBLED = "orders-us"


@contextmanager
def show(folder: Path) -> Iterator[Exporter]:
    """Run the daemon until the verdicts are what the faults make them, and the pages were sent."""
    with ExitStack() as stack:
        clients = {each.name: stack.enter_context(_simulate(stack, each)) for each in CLIENTS}
        exporter = stack.enter_context(Exporter.run(write_config(folder, _config(folder, clients))))
        exporter.wait_until_ok(*clients)
        for each in CLIENTS:
            for fault in each.faults:
                clients[each.name].bring(fault)
        troubled = {each.name for each in CLIENTS if each.faults}
        wait_for(exporter.page, until=lambda page: all(page.verdict(name) != "ok" for name in troubled))
        degraded = _alert("WhatsAppDegraded", "billing-eu", "warning", "The WhatsApp client is degraded.")
        down = _alert("WhatsAppDown", TROUBLED, "critical", "The WhatsApp client is down.")
        for alert in (degraded, resolved(degraded), down):
            post(exporter, webhook(alert))
        wait_for(
            lambda: exporter.get("/api/v1/pages").json(),
            until=lambda said: said["pages"] and not said["pending"],
        )
        yield exporter


def _alert(name: str, target: str, severity: str, summary: str) -> Alert:
    return firing(name, target=target, severity=severity) | {"annotations": {"summary": summary}}


def _simulate(stack: ExitStack, client: Client) -> SimulatedClient:
    options = Options(topology=client.topology, users=USERS, health_per_minute=None, traffic=3.0)
    return SimulatedClient(stack.enter_context(Simulator(options)).url)


def _config(folder: Path, clients: dict[str, SimulatedClient]) -> dict[str, object]:
    owner = dict(zip(("username", "password"), OWNER, strict=True))
    targets = [
        clients[each.name].target(each.name, auth=owner, labels={"region": each.region, "team": each.team})
        | ({"shards": 4} if each.topology == "multiconnect" else {})
        for each in CLIENTS
    ]
    pager = {
        "state_dir": str(folder / "journal"),
        "webhook": {"insecure": True},
        "group": GROUP,
        "watchdogs": [{"name": "prometheus", "match": {"alertname": "Watchdog"}, "max_silence": "3m"}],
    }
    return {"targets": [*targets, LOST], "poll": POLLS, "pager": pager}
