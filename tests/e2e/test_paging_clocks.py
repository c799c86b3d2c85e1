"""A wall clock that jumps by an hour either way, while a daemon runs or while it does not."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.clients import USERS, SimulatedClient
from tests.e2e.exporters import Exporter
from tests.e2e.paging import (
    deliver,
    firing,
    messages_about,
    pages_of,
    resolved,
    wait_for_end,
    webhook,
    write_pager,
)
from tests.e2e.waiting import wait_for
from waexporter.simulator import Options, Simulator

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HOUR = 3600.0
WATCHDOGS = [{"name": "eu", "match": {"alertname": "Watchdog"}, "max_silence": "5m"}]


class Clock:
    """The wall clock of daemons, as far as it is off."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.jump(0.0)

    def jump(self, seconds: float) -> None:
        """Be off by so many seconds from now on."""
        newer = self._file.with_suffix(".new")
        newer.write_text(str(seconds))
        newer.rename(self._file)

    def run(self, config: Path) -> Exporter:
        """Start a daemon that goes by it."""
        return Exporter.run(config, program=(sys.executable, "-m", "tests.e2e.skewed", str(self._file)))


@pytest.fixture(scope="module")
def client() -> Iterator[SimulatedClient]:
    options = Options(users=USERS, health_per_minute=None)
    with Simulator(options) as simulator, SimulatedClient(simulator.url) as client:
        yield client


@pytest.fixture(autouse=True)
def calm(client: SimulatedClient) -> Iterator[None]:
    yield
    client.lift()


@pytest.fixture
def clock(tmp_path: Path) -> Clock:
    return Clock(tmp_path / "clock")


def _name(prefix: str, jump: float) -> str:
    return prefix + ("Forward" if jump > 0 else "Back")


@pytest.mark.parametrize("jump", [HOUR, -HOUR], ids=["forward", "back"])
def test_a_jump_while_pages_wait_neither_ends_nor_delays_them(
    client: SimulatedClient, tmp_path: Path, clock: Clock, jump: float
) -> None:
    name = _name("Waits", jump)
    client.bring("message_fails")
    with clock.run(write_pager(tmp_path, {"line": client}, {"watchdogs": WATCHDOGS})) as exporter:
        deliver(exporter, webhook(firing(name)))
        wait_for(lambda: pages_of(exporter, name)[0]["why"])
        clock.jump(jump)
        deliver(exporter, webhook(firing(f"{name}Too")))
        wait_for(lambda: pages_of(exporter, f"{name}Too")[0]["why"])
        oldest = exporter.page().value("waexporter_oldest_pending_page_seconds") or 0.0
        client.lift()
        pages = wait_for_end(exporter, name) + wait_for_end(exporter, f"{name}Too")
        silence = exporter.page().value("waexporter_watchdog_age_seconds", source="eu")

    assert [page["state"] for page in pages] == ["accepted"] * 2
    assert 0 < oldest < HOUR / 2
    assert silence is not None
    assert 0 <= silence < HOUR / 2
    assert len(messages_about(client, name)) == 1
    assert len(messages_about(client, f"{name}Too")) == 1
    assert messages_about(client, "WaExporterWatchdogMissing") == []


@pytest.mark.parametrize("jump", [HOUR, -HOUR], ids=["forward", "back"])
def test_after_a_jump_a_repeated_delivery_is_none_and_an_end_is_told(
    client: SimulatedClient, tmp_path: Path, clock: Clock, jump: float
) -> None:
    alert = firing(_name("Twice", jump))
    name = alert["labels"]["alertname"]
    with clock.run(write_pager(tmp_path, {"line": client})) as exporter:
        deliver(exporter, webhook(alert))
        wait_for_end(exporter, name)
        clock.jump(jump)
        deliver(exporter, webhook(alert))
        again = messages_about(client, name)
        deliver(exporter, webhook(resolved(alert)))
        wait_for(lambda: messages_about(client, name), until=lambda texts: len(texts) > 1)

    assert len(again) == 1
    _, cleared = messages_about(client, name)
    assert "ALL CLEAR" in cleared


@pytest.mark.parametrize("jump", [HOUR, -HOUR], ids=["forward", "back"])
def test_a_jump_between_two_lives_loses_no_page(
    client: SimulatedClient, tmp_path: Path, clock: Clock, jump: float
) -> None:
    name = _name("Lives", jump)
    alert = firing(name)
    file = write_pager(tmp_path, {"line": client})
    client.bring("message_fails")
    with clock.run(file) as exporter:
        deliver(exporter, webhook(alert))
        wait_for(lambda: pages_of(exporter, name)[0]["why"])
    clock.jump(jump)

    with clock.run(file) as exporter:
        wait_for(
            lambda: exporter.page().value("waexporter_page_attempts_total", channel="whatsapp", code="1014")
        )
        client.lift()
        wait_for_end(exporter, name)
        deliver(exporter, webhook(resolved(alert)))
        wait_for(lambda: messages_about(client, name), until=lambda texts: len(texts) > 1)
        pages = wait_for_end(exporter, name)

    fired, cleared = messages_about(client, name)
    assert [page["state"] for page in pages] == ["accepted"] * 2
    assert "ALL CLEAR" not in fired
    assert "ALL CLEAR" in cleared


def test_a_jump_back_does_not_keep_the_built_in_watch_from_paging(
    client: SimulatedClient, tmp_path: Path, clock: Clock
) -> None:
    pager = {"watch": True, "watch_for": "4s"}
    with clock.run(write_pager(tmp_path, {"line": client}, pager)) as exporter:
        client.bring("gateway_down")
        wait_for(lambda: state_of(exporter), until=lambda state: state == "down")
        clock.jump(-HOUR)
        text = wait_for(lambda: messages_about(client, "WhatsAppDown"))[0]

    assert re.search(r"Since [0-9:]+ UTC \([0-9]+ s\)", text), "since when it was down, not since it was said"
    assert "Delayed" not in text


def test_a_jump_forward_makes_the_built_in_watch_page_no_sooner(
    client: SimulatedClient, tmp_path: Path, clock: Clock
) -> None:
    pager = {"watch": True, "watch_for": "30m"}
    with clock.run(write_pager(tmp_path, {"forward": client}, pager)) as exporter:
        client.bring("gateway_down")
        wait_for(lambda: state_of(exporter), until=lambda state: state == "down")
        clock.jump(HOUR)
        [problem] = wait_for(lambda: target_of(exporter)["verdict"]["problems"])
        deliver(exporter, webhook(firing("AfterTheJump")))
        wait_for_end(exporter, "AfterTheJump")  # what is looked at every second has been looked at

    assert problem["since_seconds"] < HOUR / 2
    assert not any("forward" in text for text in messages_about(client, "WhatsAppDown"))


def target_of(exporter: Exporter) -> dict[str, Any]:
    [target] = exporter.get("/api/v1/targets").json()["targets"]
    return dict(target)


def state_of(exporter: Exporter) -> str:
    return str(target_of(exporter)["verdict"]["state"])
