"""Fixtures that last for a module: processes take their time to start."""

from __future__ import annotations

import re
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pytest

from tests.e2e.clients import USERS, SimulatedClient
from tests.e2e.exporters import WAEXPORTER, Exporter, clean_environment
from tests.e2e.reloads import World, configure
from tests.real.process import Process

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.reloads import Reloadable


class Simulate(Protocol):
    """`simulate("--topology=ha")` starts a simulator as a process, with accounts ready to use."""

    def __call__(self, *arguments: str) -> SimulatedClient: ...


@pytest.fixture(scope="module")
def simulate() -> Iterator[Simulate]:
    """Start simulators; each is ended by SIGTERM after the module."""
    with ExitStack() as stack:

        def start(*arguments: str) -> SimulatedClient:
            users = (f"--user={name}:{password}:{role}" for name, password, role in USERS)
            started = stack.enter_context(
                Process(
                    (*WAEXPORTER, "simulate", "--listen=127.0.0.1:0", "--health-limit=0", *users, *arguments),
                    env=clean_environment(),
                )
            )
            return stack.enter_context(find_simulated_client(started))

        yield start


@pytest.fixture
def reloadable(tmp_path: Path) -> Iterator[Reloadable]:
    """Start daemons that follow a file in the test's folder; each is ended by SIGTERM after the test."""
    with ExitStack() as stack:

        def start(*targets: dict[str, object], **blocks: object) -> World:
            exporter = stack.enter_context(Exporter.run(configure(tmp_path, *targets, **blocks)))
            exporter.wait_until_ok(*(str(target["name"]) for target in targets))
            return World(tmp_path, exporter)

        yield start


def find_simulated_client(process: Process) -> SimulatedClient:
    """Read from what a simulator says where it is, and whom it trusts."""
    url = process.wait_for_line(r"answers at (http\S+)")[1]
    process.wait_for_line("Control: ")
    signed = re.search(r"signed by (\S+)", process.output)
    return SimulatedClient(url, Path(signed[1]) if signed else None)
