"""`waexporter probe` at every fault of the simulator: one screen, Nagios' code, the problem by its name."""

from __future__ import annotations

import os
import pty
import subprocess
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

import pytest

from tests.e2e.clients import USERS, SimulatedClient
from tests.e2e.exporters import (
    EVERY_SECOND,
    WAEXPORTER,
    WITHOUT_COLLECTORS,
    clean_environment,
    write_config,
)
from tests.real.process import Process
from waexporter.simulator import SCENARIOS, Options, Simulator
from waexporter.simulator.faults.faults import FAULTS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

OK, DEGRADED, DOWN, UNKNOWN = range(4)
pytestmark = pytest.mark.timeout(400)  # seconds; all scenarios take forty on an idle machine

SHARDS = 32  # as many nodes as there can be have to fit on the screen
WIDTH, HEIGHT = 120, 40
SHORT = {"timeout": "4s", "db": {"interval": "1m", "timeout": "4s"}}  # several scenarios wait for it


class Row(NamedTuple):
    """What a scenario has to come to, and at which sort of client."""

    status: int
    words: str  # a problem, or what else a person has to be told
    topology: str = "single"


ROWS: Mapping[str, Row] = {
    "healthy": Row(OK, "verdict: OK (multiconnect client, 32 of 32 coreapps connected)", "multiconnect"),
    "story": Row(OK, "verdict: OK (single client, 1 of 1 coreapps connected)"),
    "no_primary_master": Row(DEGRADED, "no_primary_master: no primary master: no failover", "ha"),
    "dead_node": Row(DEGRADED, "node_unreachable: core33:", "multiconnect"),
    "shard_uncovered": Row(DEGRADED, "shard_uncovered: 31 of 32 shards have", "multiconnect"),
    "two_primary_masters": Row(DEGRADED, "two_primary_masters: more than one primary master: master1", "ha"),
    "failover": Row(DOWN, "no_coreapp_connected: no coreapp is connected", "ha"),
    "duplicate_client": Row(DEGRADED, "duplicate_client: 2 coreapps are connected where 1 should be", "ha"),
    "connecting": Row(DEGRADED, "connecting: the client is connecting"),
    "gateway_down": Row(DOWN, "no_coreapp_connected: the coreapp is disconnected"),
    "unregistered": Row(DOWN, "unregistered: and 32 more like this", "multiconnect"),
    "uninitialized": Row(DOWN, "uninitialized: the client is uninitialized"),
    "odd_status": Row(UNKNOWN, "status_unclear: whether a coreapp is connected is not known: core1", "ha"),
    "slow_node": Row(UNKNOWN, "timeout: the client does not answer in time"),
    "growing_queues": Row(OK, "verdict: OK"),
    "messages_pile_up": Row(OK, "verdict: OK"),
    "webhook_fails": Row(OK, "verdict: OK"),
    "webhook_slow": Row(OK, "verdict: OK"),
    "sends_fail": Row(OK, "verdict: OK"),
    "queries_fail": Row(OK, "verdict: OK"),
    "queries_slow": Row(OK, "verdict: OK"),
    "processes_exhausted": Row(OK, "verdict: OK"),
    "stats_lost": Row(OK, "verdict: OK"),
    "counter_reset": Row(OK, "verdict: OK"),
    "drift": Row(OK, "5 families not in the API's documentation"),
    "expired_token": Row(OK, "verdict: OK"),
    "refuse_logins": Row(UNKNOWN, "auth_refused: the client does not accept the credentials"),
    "rate_limited": Row(UNKNOWN, "rate_limited: the client answers /health with 429"),
    "overload": Row(DEGRADED, "overloaded: the client is overloaded: answered 503: 1016"),
    "app_expired": Row(DOWN, "build_expired: this build of the client has expired"),
    "database": Row(DOWN, "database: the client does not reach its database"),
    "errors_in_200": Row(DOWN, "no_coreapp_connected: the webapp answers, but does not reach its coreapp"),
    "garbage": Row(UNKNOWN, "the answer is not JSON"),
    "html": Row(UNKNOWN, "the answer is a web page, not JSON"),
    "empty": Row(UNKNOWN, "the answer is empty"),
    "redirect": Row(UNKNOWN, "a redirect to https://elsewhere.invalid/"),
    "huge": Row(UNKNOWN, "the answer is larger than 1048576 bytes"),
    "truncated": Row(UNKNOWN, "the answer was cut short"),
    "drip": Row(UNKNOWN, "timeout: the client does not answer in time"),
    "hang": Row(UNKNOWN, "timeout: the client does not answer in time"),
    "web_down": Row(DOWN, "unreachable: the client can't be reached"),
    "message_fails": Row(OK, "verdict: OK"),
    "message_unmastered": Row(OK, "verdict: OK"),
    "answer_lost": Row(OK, "verdict: OK"),
    "contacts_fail": Row(OK, "verdict: OK"),
}


class Outcome(NamedTuple):
    """How a probe ended and what it said."""

    status: int
    output: str


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Outcome]]:
    """Probe every scenario, a few at a time."""
    with ThreadPoolExecutor(4) as pool, ExitStack() as stack:
        simulators = {name: stack.enter_context(Simulator(_options(name))) for name in ROWS}
        targets = [_target(name, simulator.url) for name, simulator in simulators.items()]
        config = {"targets": targets, "poll": {**EVERY_SECOND, **SHORT}, "limits": {"body_bytes": "1MiB"}}
        file = write_config(tmp_path_factory.mktemp("probe"), config)

        def probe(name: str) -> Outcome:
            with Process(
                (*WAEXPORTER, "probe", name, "--config", str(file)), env=clean_environment()
            ) as process:
                return Outcome(process.wait(), process.output)

        yield dict(zip(ROWS, pool.map(probe, ROWS), strict=True))


def _options(scenario: str) -> Options:
    return Options(
        topology=ROWS[scenario].topology,
        shards=SHARDS,
        scenario=scenario,
        users=USERS,
        health_per_minute=None,
    )


def _target(scenario: str, url: str) -> dict[str, object]:
    topology = ROWS[scenario].topology
    shards = {"shards": SHARDS} if topology == "multiconnect" else {}
    with SimulatedClient(url) as client:
        return client.target(scenario, topology=topology, **shards)


def test_the_table_has_every_fault_of_the_simulator() -> None:
    known = set(FAULTS)

    rows = set(ROWS)

    assert known <= rows <= set(SCENARIOS)


@pytest.mark.parametrize("name", ROWS)
def test_a_scenario_ends_a_probe_with_its_code_and_its_words(outcomes: dict[str, Outcome], name: str) -> None:
    outcome = outcomes[name]

    words = " ".join(outcome.output.split())  # however the lines were broken

    assert ROWS[name].words in words
    assert outcome.status == ROWS[name].status, outcome.output
    assert ("->" in words) == (outcome.status != OK)


@pytest.mark.parametrize("name", ROWS)
def test_what_a_probe_says_fits_on_one_screen(outcomes: dict[str, Outcome], name: str) -> None:
    lines = outcomes[name].output.splitlines()

    widths = [len(line) for line in lines]

    assert len(lines) <= HEIGHT
    assert sum("carries the credentials in the clear" in line for line in lines) == 1  # its own note alone
    assert max(widths) <= WIDTH
    assert "Traceback" not in outcomes[name].output


def test_a_verdict_that_rests_on_a_guess_says_so(tmp_path_factory: pytest.TempPathFactory) -> None:
    options = Options(
        topology="multiconnect", shards=2, users=USERS, health_per_minute=None, scenario="no_primary_master"
    )
    folder = tmp_path_factory.mktemp("guess")
    with Simulator(options) as simulator, SimulatedClient(simulator.url) as client:
        file = write_config(folder, {"targets": [client.target("guessed")], "poll": WITHOUT_COLLECTORS})

        with Process(
            (*WAEXPORTER, "probe", "guessed", "--config", str(file)), env=clean_environment()
        ) as process:
            status = process.wait()

    assert status == DEGRADED
    assert "note: taken for ha, since no primary master is connected; set shards" in process.output


@pytest.fixture(scope="module")
def complete(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """Probe every endpoint of a cluster that is well."""
    options = Options(topology="ha", users=USERS, health_per_minute=None)
    with Simulator(options) as simulator, SimulatedClient(simulator.url) as client:
        file = write_config(tmp_path_factory.mktemp("sure"), {"targets": [client.target("sure")]})
        with Process(
            (*WAEXPORTER, "probe", "sure", "--config", str(file)), env=clean_environment()
        ) as process:
            return Outcome(process.wait(), process.output)


def test_a_verdict_that_rests_on_what_the_nodes_say_has_no_doubts(complete: Outcome) -> None:
    words = complete.output

    assert complete.status == OK
    assert "verdict: OK (ha client, 1 of 1 coreapps connected)\nnodes:" in words


def test_the_columns_of_a_probe_stand_below_each_other(complete: Outcome) -> None:
    lines = complete.output.splitlines()
    head = next(number for number, line in enumerate(lines) if line.startswith("asked"))

    rows = [line for line in lines[head + 1 : lines.index("", head)] if line.startswith("GET")]

    assert {line.index("ms ") + len("ms") for line in rows} == {lines[head].index("took") + len("took")}
    assert "external_ca until" in complete.output
    assert len(rows) == 8


def test_on_a_terminal_it_says_what_it_waits_for(tmp_path_factory: pytest.TempPathFactory) -> None:
    options = Options(users=USERS, health_per_minute=None)
    master, slave = pty.openpty()
    with Simulator(options) as simulator, SimulatedClient(simulator.url) as client:
        file = write_config(tmp_path_factory.mktemp("screen"), {"targets": [client.target("seen")]})
        command = (*WAEXPORTER, "probe", "seen", "--config", str(file))
        with (
            os.fdopen(master, "rb") as screen,
            subprocess.Popen(command, stdout=slave, env=clean_environment()) as process,
        ):
            os.close(slave)
            shown = b"".join(_until_the_end(screen)).decode()
            status = process.wait(60)

    rows = [line for line in shown.splitlines() if line.startswith("GET") and not line.endswith("...")]
    assert (status, len(rows)) == (OK, 8)
    assert all(f"{' '.join(row.split()[:2])} ...\r{row}" in shown for row in rows)


def _until_the_end(screen: BinaryIO) -> Iterator[bytes]:
    """Read until the last program has left the terminal, which is an error there."""
    with suppress(OSError):
        while read := os.read(screen.fileno(), 4096):
            yield read


def test_a_target_that_nobody_knows_is_refused_with_the_names_there_are(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    file = write_config(tmp_path_factory.mktemp("unknown"), {"targets": [{"url": "https://wa.example:9090"}]})

    with Process((*WAEXPORTER, "probe", "nobody", "--config", str(file)), env=clean_environment()) as process:
        status = process.wait()

    assert status == UNKNOWN
    assert process.output == "no target is called 'nobody'; there are: wa.example:9090\n"
