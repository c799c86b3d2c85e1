"""A daemon that dies or is stopped at the worst moment, and what its next life makes of what it left."""

from __future__ import annotations

import signal
import sys
import time
from typing import TYPE_CHECKING

import pytest

from tests.e2e.clients import USERS, SimulatedClient
from tests.e2e.dying import SPOTS
from tests.e2e.exporters import Exporter
from tests.e2e.paging import (
    deliver,
    firing,
    journal,
    messages_about,
    post,
    resolved,
    try_to_deliver,
    wait_for_end,
    wait_for_message,
    webhook,
    write_pager,
)
from tests.e2e.waiting import wait_for
from waexporter.simulator import Options, Simulator

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MESSAGES = "/v1/messages"


@pytest.fixture(scope="module")
def client() -> Iterator[SimulatedClient]:
    options = Options(users=USERS, health_per_minute=None)
    with Simulator(options) as simulator, SimulatedClient(simulator.url) as client:
        yield client


@pytest.fixture(autouse=True)
def calm(client: SimulatedClient) -> Iterator[None]:
    yield
    client.lift()


def test_the_spots_are_the_steps_of_a_page() -> None:
    spots = [*SPOTS]

    assert spots == ["before-commit", "after-commit", "before-send", "after-send", "after-end"]


@pytest.mark.parametrize(
    ("spot", "messages", "repeats"),
    [
        ("before-commit", 1, 0),  # Alertmanager delivers again
        ("after-commit", 1, 0),  # Alertmanager delivers again, which is no news
        ("before-send", 1, 1),  # nobody knows that it was not sent, so it counts as a repetition
        ("after-send", 2, 1),
        ("after-end", 1, 0),
    ],
)
def test_a_kill_at_any_step_loses_no_page(
    client: SimulatedClient, tmp_path: Path, spot: str, messages: int, repeats: int
) -> None:
    name = "Killed" + spot.title().replace("-", "")
    file = write_pager(tmp_path, {"support-line": client})
    body = webhook(firing(name))

    with Exporter.run(file, program=(sys.executable, "-m", "tests.e2e.dying", spot)) as exporter:
        first = try_to_deliver(exporter, body)
        status = exporter.process.wait(deadline=60)
    with Exporter.run(file) as exporter:
        again = None if first == 200 else post(exporter, body)
        (page,) = wait_for_end(exporter, name)
        counted = exporter.page().total("waexporter_page_duplicates_total")

    assert status == -signal.SIGKILL
    assert 200 in {first, again}
    assert page["state"] == "accepted"
    assert (len(messages_about(client, name)), page["repeats"], counted) == (messages, repeats, repeats)


def test_pages_pending_at_a_stop_go_out_after_the_start_in_their_order(
    client: SimulatedClient, tmp_path: Path
) -> None:
    file = write_pager(tmp_path, {"support-line": client})
    alerts = {name: firing(name) for name in ("PendingA", "PendingB", "PendingC")}
    with Exporter.run(file) as exporter:
        deliver(exporter, webhook(alerts["PendingA"]))
        wait_for_end(exporter, "PendingA")
        client.bring("message_fails")
        for name in ("PendingB", "PendingC"):
            deliver(exporter, webhook(alerts[name]))
        deliver(exporter, webhook(resolved(alerts["PendingA"])))
        deliver(exporter, webhook(resolved(alerts["PendingB"])))
        began = time.monotonic()
        status = exporter.process.stop()
        took = time.monotonic() - began
    assert [page.state for page in journal(tmp_path)] == ["accepted", *["pending"] * 4]

    client.lift()
    with Exporter.run(file) as exporter:
        for name in alerts:
            assert all(page["state"] == "accepted" for page in wait_for_end(exporter, name))

    assert (status, took < 30) == (0, True)
    first, second = messages_about(client, "PendingA")
    assert "ALL CLEAR" not in first
    assert "ALL CLEAR" in second
    (both,) = messages_about(client, "PendingB")  # it fired and ended while nobody could be told
    assert "PendingB" in both
    assert len(messages_about(client, "PendingC")) == 1
    assert sum(page.repeats for page in journal(tmp_path)) == 0


def test_a_page_older_than_the_time_to_give_up_is_tried_again_after_a_restart(
    client: SimulatedClient, tmp_path: Path
) -> None:
    times = {"give_up_after": "3s", "fallback_after": "1s"}
    file = write_pager(tmp_path, {"support-line": client}, times)
    client.bring("message_fails")
    with Exporter.run(file) as exporter:
        deliver(exporter, webhook(firing("Aged")))
        exporter.process.stop(by=signal.SIGKILL)
    left = time.time() + 3
    wait_for(time.time, until=lambda now: now > left)

    with Exporter.run(file) as exporter:
        wait_for(
            lambda: exporter.page().value("waexporter_page_attempts_total", channel="whatsapp", code="1014")
        )
        client.lift()
        (page,) = wait_for_end(exporter, "Aged")

    assert page["state"] == "accepted"
    assert len(messages_about(client, "Aged")) == 1


def test_a_watchdog_that_falls_silent_across_a_restart_is_missed(
    client: SimulatedClient, tmp_path: Path
) -> None:
    watchdogs = [{"name": "eu", "match": {"alertname": "Watchdog", "prometheus": "eu"}, "max_silence": "10s"}]
    file = write_pager(tmp_path, {"support-line": client}, {"watchdogs": watchdogs})
    heartbeat = webhook(firing("Watchdog", prometheus="eu", severity="none"))
    with Exporter.run(file) as exporter:
        heard = time.monotonic()
        deliver(exporter, heartbeat)
        exporter.process.stop(by=signal.SIGKILL)
    wait_for(time.monotonic, until=lambda now: now > heard + 3)

    began = time.monotonic()
    with Exporter.run(file) as exporter:
        # Had the restart made it forget when it heard last, it could not have been silent for longer.
        wait_for(
            lambda: exporter.page().value("waexporter_watchdog_age_seconds", source="eu") or 0.0,
            until=lambda age: age > time.monotonic() - began,
        )
        (missing,) = wait_for_message(client, "WaExporterWatchdogMissing")
        missed = time.monotonic()
        deliver(exporter, heartbeat)
        texts = wait_for(
            lambda: messages_about(client, "WaExporterWatchdogMissing"), until=lambda texts: len(texts) > 1
        )

    assert "ALL CLEAR" not in missing
    assert missed - heard > 10
    assert "ALL CLEAR" in texts[1]
    assert messages_about(client, "Watchdog") == []
