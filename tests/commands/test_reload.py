"""`waexporter reload`: a running daemon reads its configuration again, and the command prints the result."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.commands.conftest import SECRET, CommandResult, Workplace
from tests.e2e.exporters import Exporter, write_config
from tests.e2e.waiting import wait_for
from tests.real.network import find_free_port
from waexporter.cli import main

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def running(workplace: Workplace) -> Exporter:
    return Exporter.run(workplace.file, f"--listen=127.0.0.1:{workplace.port}")


@pytest.mark.parametrize(
    ("more", "lines"),
    [
        ({}, ["  nothing has changed", "  targets kept: 1"]),
        ({"rate": "5/1m"}, ["  other keys that changed: pager.rate", "  targets kept: 1"]),
        ({"target": {"shards": 4}}, ["  targets changed: support-line", "  targets kept: 0"]),
    ],
)
def test_the_changes_are_printed(workplace: Workplace, more: dict[str, object], lines: list[str]) -> None:
    with running(workplace):
        workplace.configure(**more)

        result = workplace.run("reload")

    assert result.status == 0, result
    assert result.output.splitlines() == [
        f"the daemon at http://127.0.0.1:{workplace.port} has reloaded",
        *lines,
    ]


def test_every_problem_is_printed_and_on_the_status_page_until_a_successful_reload(
    workplace: Workplace,
) -> None:
    with running(workplace) as exporter:
        good = workplace.file.read_text()
        workplace.file.write_text(good.replace('"health": "1s"', '"health": "1x", "nothing": 1'))

        result = workplace.run("reload")
        page = exporter.get("/").text
        workplace.file.write_text(good)
        again = workplace.run("reload")
        after = exporter.get("/").text

    *problems, last = result.complaints.splitlines()
    assert (result.status, result.output) == (1, "")
    assert [problem.partition(":")[0] for problem in problems] == ["poll.health", "poll.nothing"]
    assert last == f"the daemon at http://127.0.0.1:{workplace.port} did not reload: it goes on as before"
    assert "The configuration has been refused" in page
    assert problems[1] in page
    assert again.status == 0
    assert "The configuration has been refused" not in after


def test_with_a_url_an_unreadable_file_is_reported_by_the_daemon(workplace: Workplace) -> None:
    workplace.configure(webhook={"insecure": True})
    with running(workplace) as exporter:
        workplace.file.write_text("targets: [")

        result = workplace.run("reload", "--url", exporter.url)

    assert result.status == 1
    assert str(workplace.file) in result.complaints
    assert "did not reload: it goes on as before" in result.complaints


def test_another_secret_than_the_daemon_knows_is_explained(workplace: Workplace) -> None:
    with running(workplace):
        workplace.configure(webhook={"secret": "another-secret"})

        result = workplace.run("reload")

    assert result.status == 1
    assert "refuses to reload (401: The secret of pager.webhook is missing or wrong" in result.complaints
    assert "kill -HUP PID, with the pid of the line `started` in its log" in result.complaints
    assert SECRET not in result.complaints
    assert "another-secret" not in result.complaints


def test_the_signal_goes_to_the_process_that_the_log_names(
    workplace: Workplace, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["run", "--help"])
    (command,) = [line.strip() for line in capsys.readouterr().out.splitlines() if "kill -HUP" in line]

    with running(workplace) as exporter:
        (started,) = exporter.log(msg="started")
        kill = command.replace("PID", str(started["pid"])).split()
        subprocess.run(kill, check=True, timeout=60)
        wait_for(lambda: exporter.log(msg="reloaded"))

    assert command == "kill -HUP PID"


def test_curl_reloads_with_the_secret(workplace: Workplace) -> None:
    with running(workplace) as exporter:
        header = f"Authorization: Bearer {SECRET}"
        command = ["curl", "-sS", "-X", "POST", "-H", header, f"{exporter.url}/-/reload"]
        output = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout

    assert output == "Reloaded: targets: 0 added, 0 removed, 0 changed, 1 kept.\n"


def test_without_a_daemon_the_error_has_advice(tmp_path: Path, run: Callable[..., CommandResult]) -> None:
    listen = f"127.0.0.1:{find_free_port()}"
    file = write_config(tmp_path, {"targets": [{"url": "https://wa.example"}], "web": {"listen": listen}})

    result = run("reload", "--config", str(file))

    assert (result.status, result.output) == (1, "")
    assert result.complaints.startswith(f"no daemon is found at http://{listen} (no connection: ")
    assert "start it by `waexporter run`, or correct web.listen" in result.complaints


def test_problems_of_the_configuration_are_printed_if_the_daemon_is_not_found(
    tmp_path: Path, run: Callable[..., CommandResult]
) -> None:
    listen = f"127.0.0.1:{find_free_port()}"
    file = write_config(tmp_path, {"web": {"listen": listen, "lissen": 1}})

    result = run("reload", "--config", str(file))

    assert result.status == 1
    assert f"no daemon is found at http://{listen}" in result.complaints
    assert "\n  web.lissen: " in result.complaints


def test_another_server_is_reported(workplace: Workplace) -> None:
    result = workplace.run("reload", "--url", workplace.client.url)

    assert result.status == 1
    assert "correct web.listen, or give its address by --url" in result.complaints
