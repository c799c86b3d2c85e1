"""What nobody planned: clients that die and come back, and faults at random."""

from __future__ import annotations

import random
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from tests.e2e.clients import USERS, SimulatedClient
from tests.e2e.conftest import find_simulated_client
from tests.e2e.exporters import EVERY_SECOND, WAEXPORTER, Exporter, clean_environment, write_config
from tests.e2e.waiting import wait_for, watch
from tests.real.network import find_free_port
from tests.real.process import Process
from waexporter.simulator import Options, Simulator
from waexporter.simulator.faults.faults import FAULTS

if TYPE_CHECKING:
    from pathlib import Path

TOPOLOGIES = ("single", "ha", "multiconnect")
PATHS = (None, "/v1/health", "/v1/stats", "/v1/metrics")
# After a login that went wrong none is tried for minutes, on purpose.
FAULTS_THAT_PASS = [name for name in FAULTS if name not in {"refuse_logins", "expired_token"}]
SECONDS = 10.0
SEEDS = (20,)


def test_a_client_that_was_killed_and_is_started_again_is_polled_again(tmp_path: Path) -> None:
    users = (f"--user={name}:{password}:{role}" for name, password, role in USERS)
    address = f"--listen=127.0.0.1:{find_free_port()}"
    command = (*WAEXPORTER, "simulate", address, "--health-limit=0", *users)
    with ExitStack() as stack:
        first = Process(command, env=clean_environment())
        target = find_simulated_client(first).target("phoenix")
        file = write_config(tmp_path, {"targets": [target], "poll": EVERY_SECOND})
        exporter = stack.enter_context(Exporter.run(file))
        exporter.wait_until_ok("phoenix")

        first.stop()
        down = wait_for(exporter.page, until=lambda page: page.verdict("phoenix") == "down")
        second = stack.enter_context(Process(command, env=clean_environment()))
        client = stack.enter_context(find_simulated_client(second))
        exporter.wait_until_ok("phoenix")

        page = exporter.page()
        assert down.problems("phoenix") == {"unreachable"}
        assert page.value("waexporter_logins_total", target="phoenix", result="ok") == 2
        assert client.tokens() == 1
        assert exporter.process.is_running


@pytest.mark.parametrize("seed", SEEDS)
def test_after_faults_at_random_everything_recovers(tmp_path: Path, seed: int) -> None:
    with ExitStack() as stack:
        clients = {name: stack.enter_context(_client(stack, name)) for name in TOPOLOGIES}
        targets = [client.target(name) for name, client in clients.items()]
        config = {"targets": targets, "poll": EVERY_SECOND, "limits": {"body_bytes": "1MiB"}}
        exporter = stack.enter_context(Exporter.run(write_config(tmp_path, config)))
        exporter.wait_until_ok(*clients)
        chance = random.Random(seed)  # noqa: S311 - a test that can be repeated

        pages = watch(lambda: _disturb(chance, clients, exporter), until=lambda _: False, deadline=SECONDS)
        for client in clients.values():
            client.lift()
        exporter.wait_until_ok(*clients)

        page = exporter.page()
        verdicts = {verdict for each in pages for verdict in each}
        assert "ok" in verdicts
        assert len(verdicts) > 1
        assert page.value("waexporter_crashes_total") == 0
        assert exporter.log(level="error") == []
        assert (
            time.time() - (page.value("waexporter_scheduler_heartbeat_timestamp_seconds") or 0) < 15
        )  # as /-/healthy wants it


def _client(stack: ExitStack, topology: str) -> SimulatedClient:
    options = Options(topology=topology, shards=2, users=USERS, health_per_minute=None, speed=10)
    return SimulatedClient(stack.enter_context(Simulator(options)).url)


def _disturb(chance: random.Random, clients: dict[str, SimulatedClient], exporter: Exporter) -> list[str]:
    """Bring a fault somewhere, or lift all of them there; gives the verdicts of now."""
    client = chance.choice(list(clients.values()))
    if chance.random() < 0.4:
        client.lift()
    else:
        client.bring(
            chance.choice(FAULTS_THAT_PASS),
            endpoint=chance.choice(PATHS),
            seconds=chance.choice((None, 0.2, 3)),
        )
    page = exporter.page()
    return [page.verdict(name) for name in clients]
