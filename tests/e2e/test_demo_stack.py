"""The demonstration with a real Prometheus and Alertmanager: from a rule to the people's group and back."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.e2e.clients import SimulatedClient
from tests.e2e.exporters import WAEXPORTER, clean_environment
from tests.e2e.waiting import wait_for
from tests.real.fixtures import RealParts
from tests.real.process import Process

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

pytestmark = [pytest.mark.real, pytest.mark.timeout(300)]

SUITE = "trixie"
SPEED = "2"  # twenty seconds of peace, twenty of trouble; six and a poll of seven are enough to page
STORY = 150  # seconds in which the incident comes by three times, on a machine that may be busy


@pytest.fixture(scope="module")
def demo() -> Iterator[Process]:
    programs = [RealParts().program(SUITE, name) for name in ("prometheus", "prometheus-alertmanager")]
    path = os.pathsep.join([str(programs[0].parent), os.environ["PATH"]])
    command = (*WAEXPORTER, "demo", "--stack", "--listen", "127.0.0.1:0", "--speed", SPEED)
    with Process(command, env=clean_environment(PATH=path)) as process:
        process.wait_for_line("Ctrl-C ends it", deadline=90)
        yield process


@pytest.fixture(scope="module")
def clients(demo: Process) -> Iterator[dict[str, SimulatedClient]]:
    found = {}
    for name in ("single", "ha", "multiconnect"):
        said = demo.wait_for_line(rf"curl --cacert (\S+/{name}\.pem) (https://\S+)/_control/groups")
        found[name] = SimulatedClient(said[2], Path(said[1]))
    yield found
    for client in found.values():
        client.__exit__()


def told(clients: Iterable[SimulatedClient], alert: str, state: str) -> list[str]:
    """Read, in the groups of these clients, every message on an alert in a state."""
    groups = (group for client in clients for group in client.control("GET", "/groups")["groups"])
    texts = (message["text"]["body"] for group in groups for message in group["messages"])
    return [text for text in texts if text.startswith(state) and alert in text.splitlines()]


def children(process: int) -> dict[int, str]:
    """Give the processes that a process has started, with their names."""
    found = {}
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            fields = dict(line.split(":\t", 1) for line in status.read_text().splitlines() if ":\t" in line)
        except OSError:  # it has ended meanwhile
            continue
        if int(fields["PPid"]) == process:
            found[int(fields["Pid"])] = fields["Name"]
    return found


def test_an_incident_and_its_end_reach_the_group_through_a_client_that_works(
    clients: dict[str, SimulatedClient],
) -> None:
    able = [client for name, client in clients.items() if name != "single"]

    fired = wait_for(lambda: told(able, "WhatsAppDown / single", "FIRING"), deadline=STORY)
    # By then the client may carry what is said about itself.
    cleared = wait_for(lambda: told(clients.values(), "WhatsAppDown / single", "ALL CLEAR"), deadline=STORY)

    assert "no messages leave or arrive" in fired[0]
    assert "cleared" in cleared[0]
    assert told([clients["single"]], "WhatsAppDown / single", "FIRING") == []


def test_the_watchdog_arrives(demo: Process) -> None:
    url = demo.wait_for_line(r"pages\s+(http://\S+/api/v1/pages)")[1]

    def silence() -> float:
        told: dict[str, Any] = httpx.get(url, trust_env=False, timeout=20).json()
        (watchdog,) = told["watchdogs"]
        seconds: float = watchdog["silent_seconds"]
        return seconds

    looks = [silence()]

    def has_fallen() -> bool:
        looks.append(silence())
        return looks[-1] < looks[-2]  # it grows until the next one arrives

    wait_for(has_fallen, deadline=60)


def test_a_program_that_dies_is_said_and_ctrl_c_ends_the_rest(demo: Process) -> None:
    started = children(demo.pid)
    assert sorted(name[:10] for name in started.values()) == ["prometheus", "prometheus"]  # cut at 15 letters
    (alertmanager,) = (pid for pid, name in started.items() if name != "prometheus")

    os.kill(alertmanager, signal.SIGKILL)
    demo.wait_for_line("Alertmanager HAS ENDED BY ITSELF", deadline=60)
    folder = Path(demo.wait_for_line(r"their logs\s+(\S+)/\*\.log")[1])
    status = demo.stop(by=signal.SIGINT, deadline=60)

    assert status == 0
    assert "Traceback" not in demo.output
    assert not [pid for pid in started if Path(f"/proc/{pid}").exists()]
    assert not folder.exists()
