"""A journal that can't be written or read: webhooks hear 503, people are paged, and it mends by itself."""

from __future__ import annotations

import re
import shutil
import signal
import sqlite3
from contextlib import closing
from http import HTTPStatus
from typing import TYPE_CHECKING

import pytest

from tests.e2e.clients import USERS, SimulatedClient
from tests.e2e.disks import limit_files, small_disk
from tests.e2e.exporters import Exporter
from tests.e2e.paging import (
    deliver,
    firing,
    journal,
    messages_about,
    pages_of,
    post,
    wait_for_end,
    wait_for_message,
    webhook,
    write_pager,
)
from tests.e2e.waiting import wait_for
from waexporter.simulator import Options, Simulator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def client() -> Iterator[SimulatedClient]:
    options = Options(users=USERS, health_per_minute=None)
    with Simulator(options) as simulator, SimulatedClient(simulator.url) as client:
        yield client


@pytest.fixture(autouse=True)
def calm(client: SimulatedClient) -> Iterator[None]:
    yield
    client.lift()


def wait_until_writable(exporter: Exporter, *, is_so: bool) -> None:
    wait_for(lambda: exporter.page().value("waexporter_journal_writable"), until=lambda value: value == is_so)


def wait_until_taken(exporter: Exporter, body: bytes) -> None:
    """Deliver again and again, as Alertmanager does, until it is taken."""
    wait_for(lambda: post(exporter, body), until=lambda status: status == HTTPStatus.OK)


def test_a_full_disk_refuses_pages_until_there_is_room(client: SimulatedClient, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk:
        file = write_pager(tmp_path, {"support-line": client}, {"state_dir": str(disk.folder)})
        large = webhook(*(firing("Crowded", number=str(number)) for number in range(3000)))
        with Exporter.run(file) as exporter:
            deliver(exporter, webhook(firing("Roomy")))
            wait_for_end(exporter, "Roomy")
            disk.fill()

            refused = post(exporter, large)
            wait_until_writable(exporter, is_so=False)
            crowded = messages_about(client, "Crowded")
            failed = exporter.page().value("waexporter_webhooks_total", result="failed") or 0
            disk.free()
            wait_until_writable(exporter, is_so=True)
            wait_until_taken(exporter, large)
            (page,) = wait_for_end(exporter, "Crowded")

    assert refused == HTTPStatus.SERVICE_UNAVAILABLE
    assert crowded == []
    assert failed >= 1
    assert (page["state"], page["alerts"]) == ("accepted", 3000)
    assert len(messages_about(client, "Crowded")) == 1


def test_a_page_is_sent_while_the_disk_is_full_and_noted_when_there_is_room(
    client: SimulatedClient, tmp_path: Path
) -> None:
    file = write_pager(tmp_path, {"support-line": client})
    client.bring("message_fails")
    with Exporter.run(file) as exporter:
        deliver(exporter, webhook(firing("Unnoted")))
        wait_for(lambda: pages_of(exporter, "Unnoted")[0]["why"])
        limit_files(exporter.process.pid, 0)
        client.lift()

        wait_for_message(client, "Unnoted")
        wait_until_writable(exporter, is_so=False)
        refused = post(exporter, webhook(firing("Refused")))
        limit_files(exporter.process.pid, None)
        wait_until_writable(exporter, is_so=True)
        wait_until_taken(exporter, webhook(firing("Refused")))
        wait_for_end(exporter, "Refused")
        (page,) = wait_for_end(exporter, "Unnoted")

    assert refused == HTTPStatus.SERVICE_UNAVAILABLE
    assert page["state"] == "accepted"
    assert len(messages_about(client, "Unnoted")) == 1
    assert len(messages_about(client, "Refused")) == 1
    assert [kept.state for kept in journal(tmp_path)] == ["accepted"] * 2


def test_a_stop_on_a_full_disk_has_a_page_read_twice_at_worst(
    client: SimulatedClient, tmp_path: Path
) -> None:
    file = write_pager(tmp_path, {"support-line": client})
    client.bring("message_fails")
    with Exporter.run(file) as exporter:
        deliver(exporter, webhook(firing("Forgotten")))
        wait_for(lambda: pages_of(exporter, "Forgotten")[0]["why"])
        limit_files(exporter.process.pid, 0)
        client.lift()
        wait_for_message(client, "Forgotten")
        wait_until_writable(exporter, is_so=False)
        exporter.process.stop()

    with Exporter.run(file) as exporter:
        (page,) = wait_for_end(exporter, "Forgotten")

    assert page["state"] == "accepted"
    assert len(messages_about(client, "Forgotten")) == 2


def test_a_start_on_a_full_disk_after_a_kill_sends_what_was_left(
    client: SimulatedClient, tmp_path: Path
) -> None:
    with small_disk(tmp_path / "disk") as disk:
        file = write_pager(tmp_path, {"support-line": client}, {"state_dir": str(disk.folder)})
        client.bring("message_fails")
        with Exporter.run(file) as exporter:
            deliver(exporter, webhook(firing("Leftover")))
            wait_for(lambda: pages_of(exporter, "Leftover")[0]["why"])
            exporter.process.stop(by=signal.SIGKILL)
        disk.fill()
        client.lift()

        with Exporter.run(file) as exporter:
            wait_for_message(client, "Leftover")
            disk.free()
            wait_until_writable(exporter, is_so=True)
            (page,) = wait_for_end(exporter, "Leftover")

    assert page["state"] == "accepted"
    assert len(messages_about(client, "Leftover")) == 1


def test_a_read_only_disk_refuses_pages_until_it_can_be_written(
    client: SimulatedClient, tmp_path: Path
) -> None:
    with small_disk(tmp_path / "disk") as disk:
        disk.lock()
        file = write_pager(tmp_path, {"support-line": client}, {"state_dir": str(disk.folder)})
        with Exporter.run(file) as exporter:
            refused = post(exporter, webhook(firing("Locked")))
            writable = exporter.page().value("waexporter_journal_writable")
            disk.unlock()
            wait_until_taken(exporter, webhook(firing("Locked")))
            (page,) = wait_for_end(exporter, "Locked")
            wait_until_writable(exporter, is_so=True)
            said = exporter.log(level="error")

    assert (refused, writable) == (HTTPStatus.SERVICE_UNAVAILABLE, 0)
    assert any(str(disk.folder) in line["why"] for line in said)
    assert page["state"] == "accepted"
    assert len(messages_about(client, "Locked")) == 1


def test_a_file_in_the_place_of_the_folder_refuses_pages_until_it_is_gone(
    client: SimulatedClient, tmp_path: Path
) -> None:
    file = write_pager(tmp_path, {"support-line": client})
    state = tmp_path / "state"
    state.write_text("not a folder")
    with Exporter.run(file) as exporter:
        refused = post(exporter, webhook(firing("Misplaced")))
        status = exporter.get("/api/v1/pages").json()
        left = state.read_text()
        state.unlink()
        wait_until_taken(exporter, webhook(firing("Misplaced")))
        wait_for_end(exporter, "Misplaced")

    assert refused == HTTPStatus.SERVICE_UNAVAILABLE
    assert str(state) in status["journal"]
    assert left == "not a folder"
    assert len(messages_about(client, "Misplaced")) == 1


def _make_foreign(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE bookmarks (url TEXT)")


def _make_newer(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(f"PRAGMA application_id = {0x57414558}; PRAGMA user_version = 99;")


def _make_corrupt(path: Path) -> None:
    path.write_bytes(b"SQLite format 3\0" + b"\xff" * 8176)


def _make_noise(path: Path) -> None:
    path.write_bytes(b"these are not the pages you are looking for" * 100)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (_make_foreign, "no journal of waexporter"),
        (_make_newer, "later version"),
        (_make_corrupt, "pages.sqlite"),
        (_make_noise, "not a database"),
    ],
    ids=["foreign", "newer", "corrupt", "noise"],
)
def test_a_journal_that_is_none_is_named_and_left_alone(
    client: SimulatedClient, tmp_path: Path, make: Callable[[Path], None], words: str
) -> None:
    name = re.sub(r"\W", "", words.title())
    state = tmp_path / "state"
    state.mkdir()
    path = state / "pages.sqlite"
    make(path)
    before = path.read_bytes()
    with Exporter.run(write_pager(tmp_path, {"support-line": client})) as exporter:
        refused = post(exporter, webhook(firing(name)))
        said = exporter.get("/api/v1/pages").json()["journal"]
        after = path.read_bytes()
        alive = exporter.page().value("waexporter_journal_writable")
        path.rename(tmp_path / "moved-away.sqlite")
        for beside in state.glob("pages.sqlite-*"):
            beside.unlink()
        wait_until_taken(exporter, webhook(firing(name)))
        wait_for_end(exporter, name)

    assert (refused, alive) == (HTTPStatus.SERVICE_UNAVAILABLE, 0)
    assert words in said
    assert str(path) in said
    assert after == before
    assert len(messages_about(client, name)) == 1


def test_a_damaged_page_is_named_and_keeps_no_other_back(client: SimulatedClient, tmp_path: Path) -> None:
    file = write_pager(tmp_path, {"support-line": client})
    client.bring("message_fails")
    with Exporter.run(file) as exporter:
        deliver(exporter, webhook(firing("Damaged")))
        deliver(exporter, webhook(firing("Sound")))
    with closing(sqlite3.connect(tmp_path / "state" / "pages.sqlite")) as connection, connection:
        connection.execute("UPDATE pages SET content = x'00' WHERE number = 1")
    client.lift()

    with Exporter.run(file) as exporter:
        deliver(exporter, webhook(firing("Later")))
        wait_for_message(client, "Sound")
        wait_for_message(client, "Later")
        document = exporter.get("/api/v1/pages").json()
        shown = exporter.get("/").text
        counted = exporter.page().value("waexporter_journal_damaged_total")
        healthy = exporter.http.get("/-/healthy").status_code

    assert (healthy, counted, document["journal"]) == (200, 1, "ok")
    assert [page["state"] for page in document["pages"] if page["number"] == 1] == ["damaged"]
    assert "its row in the journal is damaged" in shown
    assert messages_about(client, "Damaged") == []


@pytest.mark.parametrize("spoil", [True, False], ids=["spoiled", "removed"])
def test_a_journal_that_goes_while_pages_wait_costs_none_of_them(
    client: SimulatedClient, tmp_path: Path, *, spoil: bool
) -> None:
    name = "Spoiled" if spoil else "Removed"
    state = tmp_path / "state"
    client.bring("message_fails")
    with Exporter.run(write_pager(tmp_path, {"support-line": client})) as exporter:
        deliver(exporter, webhook(firing(f"{name}First")))
        wait_for(lambda: pages_of(exporter, f"{name}First")[0]["why"])
        if spoil:
            for file in state.glob("pages.sqlite*"):
                with file.open("r+b") as spoiled:  # as long as it was: the daemon has mapped one of them
                    spoiled.write(b"noise" * (file.stat().st_size // 5))
            wait_for(
                lambda: post(exporter, webhook(firing(f"{name}Between"))),
                until=lambda status: status == HTTPStatus.SERVICE_UNAVAILABLE,
            )
        shutil.move(state, tmp_path / "moved-away")
        wait_until_taken(exporter, webhook(firing(f"{name}Second")))
        client.lift()
        wait_for_message(client, f"{name}First")
        wait_for_message(client, f"{name}Second")
        (page,) = wait_for_end(exporter, f"{name}Second")

    assert page["state"] == "accepted"
    assert len(messages_about(client, f"{name}First")) == 1
    assert len(messages_about(client, f"{name}Second")) == 1
    assert [kept.state for kept in journal(tmp_path)] == ["accepted"]
