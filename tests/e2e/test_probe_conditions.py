"""`waexporter probe` at every lasting condition of the simulator, by an admin's login and over TLS."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from tests.e2e.clients import OWNER, USERS, SimulatedClient
from tests.e2e.exporters import WAEXPORTER, clean_environment, write_config
from tests.e2e.test_probe import DEGRADED, HEIGHT, OK, UNKNOWN, WIDTH, Outcome, Row
from tests.real.process import Process
from waexporter.simulator import Options, Simulator
from waexporter.simulator.faults.conditions import CONDITIONS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

POLL = {"canary": {"interval": "5m", "timeout": "4s"}, "timeout": "30s"}

# The lasting conditions, as an admin sees them over TLS: what ages, and what was set up badly.
ROWS: Mapping[str, Row] = {
    "disk_low": Row(DEGRADED, "disk_low: 50 MiB are left for data on core1:8f2c", "ha"),
    "build_expiring": Row(OK, "build_expiring: the build of core1:8f2c expires on", "ha"),
    "build_expired": Row(DEGRADED, "build_expired: the build of core1:8f2c has expired on", "ha"),
    "version_skew": Row(OK, "version_skew: the nodes run different versions: 2.43.2, 2.45.1", "ha"),
    "support_flat_numbers_as_text": Row(OK, "1 node, version 2.45.1"),
    "two_primary_masters": Row(DEGRADED, "two_primary_masters: more than one primary master: master1", "ha"),
    "master_disconnected": Row(
        DEGRADED, "primary_master_disconnected: the primary master master1:77aa is", "multiconnect"
    ),
    "token_refused": Row(OK, "verdict: OK"),  # it takes several polls to see
    "settings_changed": Row(OK, "a webhook, an on-call group"),
    "pager_unset": Row(OK, "a webhook, no on-call group"),
    "group_empty": Row(OK, "on_call_group_unreachable: the on-call group has nobody in it but the business"),
    "group_gone": Row(OK, "on_call_group_unreachable: the on-call group does not exist"),
    "no_groups": Row(OK, "FAILED, status: answered 404"),
    "no_contacts": Row(OK, "POST /v1/contacts"),
    "certificate_expiring": Row(OK, "certificate_expiring: the webapp's certificate expires on"),
    "certificate_expired": Row(UNKNOWN, "the certificate is not trusted: certificate has expired; renew it"),
    "ca_garbage": Row(OK, "served until 3000-01-01; but body:"),
    "canary_slow": Row(OK, "FAILED, timeout: no complete answer in time (poll.canary: timeout 4 s)"),
}


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Outcome]]:
    """Probe every condition, a few at a time."""
    folder = tmp_path_factory.mktemp("probe")
    with ThreadPoolExecutor(4) as pool, ExitStack() as stack:
        targets = [_target(stack, name, folder) for name in ROWS]
        file = write_config(folder, {"targets": targets, "poll": POLL})

        def probe(name: str) -> Outcome:
            command = (*WAEXPORTER, "probe", name, "--config", str(file))
            with Process(command, env=clean_environment()) as process:
                return Outcome(process.wait(), process.output)

        yield dict(zip(ROWS, pool.map(probe, ROWS), strict=True))


def _target(stack: ExitStack, name: str, folder: Path) -> dict[str, object]:
    ca_file = folder / f"{name}.pem"
    options = Options(
        topology=ROWS[name].topology, scenario=name, tls=True, ca_file=str(ca_file), users=USERS,
        health_per_minute=None,
    )  # fmt: skip
    simulator = stack.enter_context(Simulator(options))
    with SimulatedClient(simulator.url, ca_file) as client:
        auth = dict(zip(("username", "password"), OWNER, strict=True))
        return client.target(name, auth=auth, canary_number="+14155550101")


def test_the_table_has_every_condition_of_the_simulator() -> None:
    known = set(CONDITIONS)

    rows = set(ROWS)

    assert rows == known


@pytest.mark.parametrize("name", ROWS)
def test_a_condition_ends_a_probe_with_its_code_and_its_words(
    outcomes: dict[str, Outcome], name: str
) -> None:
    outcome = outcomes[name]

    words = " ".join(outcome.output.split())  # however the lines were broken

    assert ROWS[name].words in words
    assert outcome.status == ROWS[name].status, outcome.output


@pytest.mark.parametrize("name", ROWS)
def test_what_a_probe_says_fits_on_one_screen(outcomes: dict[str, Outcome], name: str) -> None:
    lines = outcomes[name].output.splitlines()

    widths = [len(line) for line in lines]

    assert len(lines) <= HEIGHT
    assert max(widths) <= WIDTH
    assert "Traceback" not in outcomes[name].output
