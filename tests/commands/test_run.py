"""`waexporter run`: what keeps the daemon from starting, and what the command line overrides."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from tests.e2e.exporters import write_config
from tests.real.network import find_free_port
from waexporter.cli import build_parser
from waexporter.commands.options import override
from waexporter.config import load

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.commands.conftest import CommandResult

TARGETS = [{"url": "https://wa.example"}]


def test_a_wrong_configuration_ends_the_start_with_every_problem(
    tmp_path: Path, run: Callable[..., CommandResult]
) -> None:
    file = write_config(tmp_path, {"targets": TARGETS, "nothing": 1, "web": {"listen": "x"}})

    result = run("run", "--config", str(file))

    assert (result.status, result.output) == (2, "")
    assert "nothing: unknown key" in result.complaints
    assert "web.listen: " in result.complaints


def test_the_address_on_the_command_line_may_not_open_the_pager_to_everybody(
    tmp_path: Path, run: Callable[..., CommandResult]
) -> None:
    file = write_config(tmp_path, {"targets": TARGETS, "pager": {"state_dir": str(tmp_path / "state")}})

    result = run("run", "--config", str(file), "--listen", f":{find_free_port()}")

    assert (result.status, result.output) == (2, "")
    assert result.complaints.startswith("pager.webhook: ")


def test_an_address_in_use_ends_the_start_with_what_to_do(
    tmp_path: Path, run: Callable[..., CommandResult]
) -> None:
    file = write_config(tmp_path, {"targets": TARGETS})
    with socket.create_server(("127.0.0.1", 0)) as taken:
        listen = f"127.0.0.1:{taken.getsockname()[1]}"

        result = run("run", "--config", str(file), "--listen", listen)

    assert result.status == 1
    assert f"can't listen on {listen}: another program listens there already" in result.complaints


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((), ("127.0.0.1", 9847, "warning", "json")),
        (("--listen", "[::1]:9999"), ("::1", 9999, "warning", "json")),
        (("--log-level", "debug"), ("127.0.0.1", 9847, "debug", "json")),
        (("--log-format", "console"), ("127.0.0.1", 9847, "warning", "console")),
    ],
)
def test_the_command_line_wins_over_the_file(
    tmp_path: Path, arguments: tuple[str, ...], expected: tuple[str, int, str, str]
) -> None:
    file = write_config(tmp_path, {"targets": TARGETS, "log": {"level": "warning"}})
    options = build_parser().parse_args(["run", *arguments])

    config = override(load(str(file), {}).config, options)

    assert (config.web.host, config.web.port, config.log.level, config.log.format) == expected
