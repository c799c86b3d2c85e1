"""Fixtures that run commands as a person does, with a configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from tests.e2e.clients import MONITOR, OWNER, USERS, SimulatedClient
from tests.e2e.exporters import write_config
from tests.real.network import find_free_port
from waexporter.cli import main
from waexporter.simulator import Options, Simulator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

GROUP = "14155550100-1520000000"
SECRET = "hush-hush-hush"


class CommandResult(NamedTuple):
    """The exit code of a command and what it printed."""

    status: int
    output: str
    complaints: str

    def lines(self, beginning: str) -> list[str]:
        """Return the lines of the output that begin with this."""
        return [line for line in self.output.splitlines() if line.startswith(beginning)]


class Workplace:
    """One simulated client, and a configuration file that names it."""

    def __init__(self, client: SimulatedClient, folder: Path, run: Callable[..., CommandResult]) -> None:
        self.client = client
        self.folder = folder
        self.state = folder / "state"
        self.port = find_free_port()
        self._run_command = run
        self.configure()

    def configure(self, *, account: Any = OWNER, target: object = None, **pager: object) -> Path:  # noqa: ANN401 - a pair; tests unpack keys of any type
        """Write the configuration; `pager` overrides keys of its pager."""
        entry: dict[str, Any] = self.client.target("support-line")
        entry["auth"] = {"username": account[0], "password": account[1]}
        entry |= target if isinstance(target, dict) else {}
        self.file = write_config(
            self.folder,
            {
                "targets": [entry],
                "poll": {"health": "1s", "settings": "1s"},
                "web": {"listen": f"127.0.0.1:{self.port}"},
                "pager": {"state_dir": str(self.state), "webhook": {"secret": SECRET}, **pager},
            },
        )
        return self.file

    def run(self, *arguments: str) -> CommandResult:
        """Run a command with the configuration."""
        return self._run_command(*arguments, "--config", str(self.file))

    def texts(self, to: str = GROUP) -> list[str]:
        """Return the texts that the client has sent to a recipient."""
        messages = self.client.control("GET", "/messages")["messages"]
        return [message["text"]["body"] for message in messages if message["to"] == to]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., CommandResult]:
    """Run a command of waexporter in this process."""

    def run(*arguments: str) -> CommandResult:
        capsys.readouterr()
        status = main(list(arguments))
        result = capsys.readouterr()
        return CommandResult(status, result.out, result.err)

    return run


@pytest.fixture
def workplace(tmp_path: Path, run: Callable[..., CommandResult]) -> Iterator[Workplace]:
    """Start a simulated client."""
    with (
        Simulator(Options(users=USERS, health_per_minute=None)) as simulator,
        SimulatedClient(simulator.url) as client,
    ):
        yield Workplace(client, tmp_path, run)


__all__ = ["GROUP", "MONITOR", "SECRET", "CommandResult", "Workplace"]
