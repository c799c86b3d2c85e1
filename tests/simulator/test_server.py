"""The simulator as a server: TLS, ports, stopping, and the foreground."""

from __future__ import annotations

import os
import shlex
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from waexporter.simulator import Options, Simulator, serve

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_SERVE = """
import sys
from waexporter.simulator import Options, serve
options = Options(tls=True, scenario="story", api_key="key-of-twelve-or-more")
serve(options, lambda line: print(line, flush=True))
"""


def _trusting(simulator: Simulator) -> ssl.SSLContext:
    return ssl.create_default_context(cadata=simulator.ca_pem)


def test_the_certificate_is_good_for_every_local_name() -> None:
    with Simulator(Options(tls=True)) as simulator:
        port = httpx.URL(simulator.url).port
        context = _trusting(simulator)

        statuses = {
            host: httpx.get(f"https://{host}:{port}/", verify=context, trust_env=False).status_code
            for host in ("localhost", "127.0.0.1")
        }

    assert simulator.url.startswith("https://127.0.0.1:")
    assert statuses == {"localhost": 200, "127.0.0.1": 200}


def test_without_its_authority_the_certificate_is_not_trusted() -> None:
    with (
        Simulator(Options(tls=True)) as simulator,
        pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"),
    ):
        httpx.get(simulator.url, trust_env=False)


def test_the_authority_is_written_and_served(tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"

    with Simulator(Options(tls=True, ca_file=str(file))) as simulator:
        answer = httpx.get(f"{simulator.control_url}/ca.pem", verify=_trusting(simulator), trust_env=False)

    assert file.read_text() == answer.text == simulator.ca_pem


def test_plain_http_has_no_authority() -> None:
    with Simulator() as simulator:
        answer = httpx.get(f"{simulator.control_url}/ca.pem", trust_env=False)

    assert (simulator.ca_pem, answer.status_code) == (None, 404)


def test_a_taken_port_is_an_os_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        simulator = Simulator(Options(port=taken.getsockname()[1]))

        with pytest.raises(OSError, match="in use"):
            simulator.start()


def test_a_simulator_starts_again_after_it_was_stopped() -> None:
    simulator = Simulator()

    statuses = []
    for _ in range(2):
        with simulator:
            statuses.append(httpx.get(simulator.url, trust_env=False).status_code)

    assert statuses == [200, 200]
    simulator.stop()  # once more does no harm


@pytest.mark.parametrize("tls", [False, True])
@pytest.mark.parametrize("fault", ["hang", "drip", "slow_node"])
def test_it_stops_at_once_whatever_hangs(fault: str, tls: bool) -> None:  # noqa: FBT001 - a column of the table
    users = (("monitor", "password", "user"),)
    simulator = Simulator(Options(tls=tls, users=users)).start()
    http = httpx.Client(base_url=simulator.url, verify=_trusting(simulator) if tls else True, trust_env=False)
    token = http.post("/v1/users/login", auth=("monitor", "password")).json()["users"][0]["token"]
    http.post("/_control/faults", json={"fault": fault, "seconds": 60})
    failures: list[Exception] = []
    waiting = threading.Thread(target=_wait, args=(http, token, failures))
    waiting.start()
    _until(lambda: http.get("/_control").json()["waiting"] == 1)

    begun = time.monotonic()
    simulator.stop()
    taken = time.monotonic() - begun
    waiting.join(30)
    http.close()

    assert taken < 15  # not the minute, nor the half that the client waits
    assert len(failures) == 1


def _wait(http: httpx.Client, token: str, failures: list[Exception]) -> None:
    try:
        http.get("/v1/health", headers={"Authorization": f"Bearer {token}"}, timeout=30)
    except httpx.TransportError as error:
        failures.append(error)


def _until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not true():
        assert time.monotonic() < deadline, "waited in vain"


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"topology": "ring"}, "topology must be one of single, ha, multiconnect"),
        ({"shards": 3}, "shards must be one of 1, 2, 4, 8, 16, 32"),
        ({"scenario": "nothing"}, "scenario must be one of"),
        ({"api_key": "short"}, "api_key must have 12 to 128 characters"),
        ({"users": (("a", "b", "king"),)}, "roles must be one of admin, user"),
        ({"speed": 0}, "speed must be above 0"),
        ({"traffic": 0}, "traffic must be above 0"),
        ({"webapps": 0}, "webapps must be at least 1"),
    ],
)
def test_impossible_options_are_refused(wrong: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Options(**wrong)


def test_the_foreground_announces_a_login_that_works_and_ends_on_sigterm() -> None:
    with subprocess.Popen(
        [sys.executable, "-W", "error", "-c", _SERVE],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline().rstrip() for _ in range(7)]
        authority = lines[1].rpartition(" ")[2]
        curl = shlex.split(next(line for line in lines if "curl" in line))
        url, document = curl[-1], curl[curl.index("-d") + 1]
        context = ssl.create_default_context(cafile=authority)
        answer = httpx.post(url, auth=("admin", "secret"), content=document, verify=context, trust_env=False)

        process.send_signal(signal.SIGTERM)
        rest, errors = process.communicate(timeout=30)

    assert answer.status_code == 200
    assert curl[curl.index("--cacert") + 1] == authority
    assert any(line.startswith("Scenario story: Calm") for line in lines)
    assert lines[-1].startswith(f"Control: {url.removesuffix('/v1/users/login')}/_control")
    assert (process.returncode, rest, errors) == (0, "", "")
    assert not os.path.exists(authority)  # noqa: PTH110 - a name from a printed line


def test_the_foreground_raises_when_the_port_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        options = Options(port=taken.getsockname()[1])

        with pytest.raises(OSError, match="in use"):
            serve(options, print)
