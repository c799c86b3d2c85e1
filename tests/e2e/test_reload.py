"""A running daemon follows its configuration, and what did not change notices nothing."""

from __future__ import annotations

import json
import os
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.e2e.clients import MONITOR, OWNER, SimulatedClient
from tests.e2e.exporters import EVERY_SECOND, WAEXPORTER, Exporter, clean_environment, write_config
from tests.e2e.waiting import wait_for
from tests.real import parts
from tests.real.process import Process

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.conftest import Simulate

# Nothing is polled twice while a test looks.
SELDOM = {each: "1h" for each in ("health", "app", "web", "db")} | {
    each: "off" for each in ("support", "settings", "certificates", "group")
}
SUCCESSFUL = "waexporter_config_last_reload_successful"
SUCCESS_TIME = "waexporter_config_last_reload_success_timestamp_seconds"


@pytest.fixture(scope="module")
def simulated(simulate: Simulate) -> SimulatedClient:
    return simulate()


@pytest.fixture
def client(simulated: SimulatedClient) -> SimulatedClient:
    """Give a client with nothing wrong, and with the tokens of nobody."""
    simulated.lift()
    simulated.control("POST", "/expire_tokens")
    return simulated


@dataclass
class World:
    """A daemon, and the file that it follows."""

    folder: Path
    exporter: Exporter

    def write(self, *targets: dict[str, object], **blocks: object) -> None:
        """Replace the file in one step, as an editor or a ConfigMap does."""
        configure(self.folder, *targets, **blocks)

    def reload(self, status: int = 200, **headers: str) -> httpx.Response:
        answer = self.exporter.http.post("/-/reload", headers=headers)
        assert answer.status_code == status, answer.text
        return answer

    def document(self, status: int = 200) -> dict[str, Any]:
        said: dict[str, Any] = self.reload(status, accept="application/json").json()
        return said

    def value(self, name: str, **labels: str) -> float | None:
        return self.exporter.page().value(name, **labels)


def configure(folder: Path, *targets: dict[str, object], **blocks: object) -> Path:
    (folder / "new").mkdir(exist_ok=True)
    written = write_config(folder / "new", {"targets": targets, "poll": SELDOM, **blocks})
    return written.replace(folder / "waexporter.yml")


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Any]:
    """Give what starts a daemon with targets."""
    worlds: list[World] = []

    def start(*targets: dict[str, object], **blocks: object) -> World:
        exporter = Exporter.run(configure(tmp_path, *targets, **blocks))
        worlds.append(World(tmp_path, exporter))
        exporter.wait_until_ok(*(str(target["name"]) for target in targets))
        return worlds[-1]

    yield start
    for world in worlds:
        world.exporter.__exit__()
