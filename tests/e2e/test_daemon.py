"""The daemon as a supervisor, a person and a slow reader meet it."""

from __future__ import annotations

import signal
import socket
import time
from typing import TYPE_CHECKING

import pytest

from tests.e2e.conftest import find_simulated_client
from tests.e2e.exporters import EVERY_SECOND, WAEXPORTER, Exporter, clean_environment, write_config
from tests.e2e.waiting import wait_for
from tests.real.network import find_free_port

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.clients import SimulatedClient
    from tests.e2e.conftest import Simulate
    from tests.real.fixtures import StartProcess

PROMPTLY = 20.0  # seconds, on a busy machine too: a third of what anything here would hang for


@pytest.fixture(scope="module")
def client(simulate: Simulate) -> SimulatedClient:
    return simulate("--topology=ha")


@pytest.fixture
def well(client: SimulatedClient) -> SimulatedClient:
    """Give a client with nothing wrong, and with the tokens of nobody."""
    client.lift()
    client.control("POST", "/expire_tokens")
    return client


def configure(folder: Path, *targets: dict[str, object]) -> Path:
    return write_config(folder, {"targets": targets, "poll": EVERY_SECOND})


@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_promptly_and_logs_out_although_a_client_hangs_and_a_scrape_goes_on(
    well: SimulatedClient, simulate: Simulate, tmp_path: Path, by: signal.Signals
) -> None:
    hanging = simulate()
    file = configure(tmp_path, well.target("well"), hanging.target("hanging", poll={"timeout": "60s"}))
    with Exporter.run(file) as exporter, _slow_reader(exporter.url):
        exporter.wait_until_ok("well", "hanging")
        tokens = well.tokens()
        hanging.bring("hang")
        wait_for(lambda: hanging.control("GET")["waiting"])

        began = time.monotonic()
        status = exporter.process.stop(by=by)

        assert (status, tokens) == (0, 1)
        assert time.monotonic() - began < PROMPTLY
        assert well.tokens() == 0
        assert exporter.log(msg="stopping")
        assert "Traceback" not in exporter.process.output


def _slow_reader(url: str, path: str = "/metrics") -> socket.socket:
    """Ask for a page again and again without ever reading an answer."""
    host, port = url.removeprefix("http://").split(":")
    reader = socket.create_connection((host, int(port)))
    reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    reader.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode() * 50)
    return reader


def test_it_ends_promptly_while_it_is_starting(well: SimulatedClient, tmp_path: Path) -> None:
    file = configure(tmp_path, *(well.target(f"client-{number}") for number in range(50)))

    with Exporter.run(file) as exporter:
        began = time.monotonic()
        status = exporter.process.stop()

    assert status == 0
    assert time.monotonic() - began < PROMPTLY


def test_readers_who_do_not_read_block_nobody(well: SimulatedClient, tmp_path: Path) -> None:
    with Exporter.run(configure(tmp_path, well.target("well"))) as exporter:
        exporter.wait_until_ok("well")
        readers = [_slow_reader(exporter.url) for _ in range(20)]

        began = time.monotonic()
        pages = [exporter.page() for _ in range(5)]
        took = time.monotonic() - began

        for reader in readers:
            reader.close()
        assert {page.verdict("well") for page in pages} == {"ok"}
        assert took < PROMPTLY


def test_a_port_that_is_taken_ends_it_with_a_sentence(
    well: SimulatedClient, tmp_path: Path, process: StartProcess
) -> None:
    file = configure(tmp_path, well.target("well"))
    with socket.create_server(("127.0.0.1", 0)) as owner:
        address = f"127.0.0.1:{owner.getsockname()[1]}"

        second = process(
            *WAEXPORTER, "run", "--config", str(file), "--listen", address, env=clean_environment()
        )
        status = second.wait()

    complaints = [line for line in second.output.splitlines() if not line.startswith("{")]
    assert status == 1
    assert len(complaints) == 1
    assert f"can't listen on {address}: another program listens there already" in complaints[0]


def test_a_wrong_configuration_ends_it_with_every_problem(tmp_path: Path, process: StartProcess) -> None:
    targets = [
        {"name": "a", "url": "ftp://wa.example", "auth": {"password_file": "/nowhere/password"}},
        {"name": "a", "url": "https://wa.example", "shards": 3, "pol": {}},
    ]
    file = write_config(tmp_path, {"targets": targets, "poll": {"health": 30}})

    runs = [
        process(*WAEXPORTER, command, "--config", str(file), env=clean_environment())
        for command in ("run", "check-config")
    ]

    for run in runs:
        assert run.wait() == 2
        problems = sorted(line.partition(": ")[0] for line in run.output.splitlines())
        assert problems == [
            "poll.health",
            "targets[0].auth.password_file",
            "targets[0].auth.username",
            "targets[0].url",
            "targets[1].name",
            "targets[1].pol",
            "targets[1].shards",
        ]


def test_it_is_ready_after_the_first_polls_and_healthy_before(well: SimulatedClient, tmp_path: Path) -> None:
    well.bring("slow_node", seconds=8)
    slow = {"health": {"interval": "60s", "timeout": "50s"}, "app": "off", "web": "off", "db": "off"}

    with Exporter.run(configure(tmp_path, well.target("slow", poll=slow))) as exporter:
        early = exporter.http.get("/-/ready")
        healthy = exporter.http.get("/-/healthy")
        late = wait_for(lambda: exporter.http.get("/-/ready"), until=lambda answer: answer.status_code == 200)

    assert (early.status_code, early.text) == (503, "waiting for the first poll of slow\n")
    assert healthy.status_code == 200
    assert late.text == "The exporter is ready.\n"


def test_a_healthcheck_tells_a_running_exporter_from_none(
    well: SimulatedClient, tmp_path: Path, process: StartProcess
) -> None:
    with Exporter.run(configure(tmp_path, well.target("well"))) as exporter:
        listen = exporter.url.removeprefix("http://")
        asked = process(*WAEXPORTER, "healthcheck", env=clean_environment(WAEXPORTER_LISTEN=listen))
        running = asked.wait()
    # The port of an exporter that has ended may belong to another test by now; nobody listens at port 1.
    nobody = process(
        *WAEXPORTER, "healthcheck", "--url", "http://127.0.0.1:1/-/healthy", env=clean_environment()
    )

    stopped = nobody.wait()

    assert (running, asked.output) == (0, "")
    assert stopped == 1
    assert nobody.output.endswith("does not answer: Connection refused\n")


def test_a_page_may_be_restricted_to_some_targets(well: SimulatedClient, tmp_path: Path) -> None:
    with Exporter.run(configure(tmp_path, *(well.target(name) for name in "abc"))) as exporter:
        exporter.wait_until_ok(*"abc")

        part = exporter.get("/metrics?target=a&target=c").text
        unknown = exporter.http.get("/metrics?target=a&target=d")

    assert 'whatsapp_up{target="a"} 1' in part
    assert 'whatsapp_up{target="c"} 1' in part
    assert 'target="b"' not in part
    assert unknown.status_code == 404


def test_a_sidecar_needs_but_its_environment(tmp_path: Path, process: StartProcess) -> None:
    ca_file, password_file = tmp_path / "ca.pem", tmp_path / "password"
    port = find_free_port()
    simulator = process(
        *(*WAEXPORTER, "simulate", "--topology", "multiconnect", "--shards", "4", "--tls"),
        *("--listen", f"127.0.0.1:{port}", "--ca-file", str(ca_file)),
        env=clean_environment(),
    )
    with find_simulated_client(simulator) as client:
        client.log_in("admin", "secret", new_password="Another-1")  # as a person would
        password_file.write_text("Another-1\n")
        environment = clean_environment(
            WAEXPORTER_TARGET_URL=f"https://127.0.0.1:{port}",
            WAEXPORTER_USERNAME="admin",
            WAEXPORTER_PASSWORD_FILE=str(password_file),
            WAEXPORTER_TLS_CA_FILE=str(ca_file),
            WAEXPORTER_LISTEN="127.0.0.1:0",
        )

        with Exporter(process(*WAEXPORTER, "run", env=environment)) as exporter:
            name = f"127.0.0.1:{port}"
            page = wait_for(exporter.page, until=lambda page: page.verdict(name) == "ok")

    assert page.value("whatsapp_coreapps_connected", target=name) == 4
    assert page.value("whatsapp_topology_info", target=name, topology="multiconnect") == 1
    assert page.value("waexporter_logins_total", target=name, result="ok") == 1


def test_a_new_account_is_told_to_change_its_password(tmp_path: Path, process: StartProcess) -> None:
    simulator = process(*WAEXPORTER, "simulate", "--listen", "127.0.0.1:0", env=clean_environment())
    with find_simulated_client(simulator) as client:
        target = client.target("new", auth={"username": "admin", "password": "secret"})

        with Exporter.run(configure(tmp_path, target)) as exporter:
            page = wait_for(exporter.page, until=lambda page: page.problems("new") == {"auth_refused"})
            status = exporter.get("/", accept="text/html").text

    assert page.verdict("new") == "unknown"
    assert page.value("waexporter_logins_total", target="new", result="refused") == 1
    assert "must change its password at its first login" in status
