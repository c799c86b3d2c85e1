"""Secrets planted in every place of the pager, and every place where somebody might read them."""

from __future__ import annotations

import base64
import sqlite3
import zlib
from contextlib import closing
from http import HTTPStatus
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.e2e.conftest import find_simulated_client
from tests.e2e.exporters import WAEXPORTER, Exporter, clean_environment, write_config
from tests.e2e.paging import (
    GROUP,
    OFF,
    PATH,
    UNTHROTTLED,
    firing,
    pages_of,
    wait_for_end,
    wait_for_message,
    webhook,
)
from tests.e2e.waiting import wait_for
from tests.real.network import find_free_port
from tests.real.process import Process

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.e2e.clients import SimulatedClient

API_KEY, PASSWORD, WEBHOOK = "planted-key-4721", "planted-password-4722", "planted-webhook-4723"
BASIC = [
    base64.b64encode(f"{user}:{word}".encode()).decode()
    for user, word in (("monitor", PASSWORD), ("alertmanager", WEBHOOK), ("planted-user", "planted-word"))
]
TOKEN_PREFIX = "eyJhbGciOiJIUzUxMiJ9"  # every token of the simulator begins with it
PLANTED = ("planted-", "planted%2D", TOKEN_PREFIX, *BASIC)
GATES = {
    "token": {"secret": WEBHOOK},
    "login": {"username": "alertmanager", "password": WEBHOOK},
}
DEAD = "127.0.0.1:9"  # where nobody listens


class Story(NamedTuple):
    """What was said while pages went out and while they could not, by place."""

    places: dict[str, bytes]
    pages: list[dict[str, object]]  # that could not be delivered


@pytest.fixture(scope="module")
def client() -> Iterator[SimulatedClient]:
    command = (
        *WAEXPORTER,
        "simulate",
        "--listen=127.0.0.1:0",
        "--health-limit=0",
        f"--api-key={API_KEY}",
        f"--user=monitor:{PASSWORD}:admin",
    )
    with Process(command, env=clean_environment()) as process, find_simulated_client(process) as client:
        yield client


@pytest.fixture(scope="module", params=GATES)
def story(
    request: pytest.FixtureRequest, client: SimulatedClient, tmp_path_factory: pytest.TempPathFactory
) -> Story:
    """Page once through WhatsApp and once in vain, and keep whatever is said of it."""
    folder, port = tmp_path_factory.mktemp("secrets"), find_free_port()
    file = _configure(folder, client, port, GATES[request.param])
    secret = f"Bearer {WEBHOOK}" if request.param == "token" else f"Basic {BASIC[1]}"
    places = {"check-config": _say("check-config", file)}
    client.lift()
    with Exporter.run(file, "--log-level=debug", f"--listen=127.0.0.1:{port}") as exporter:
        refused = exporter.http.post(
            PATH, content=b"{}", headers={"authorization": f"Bearer {WEBHOOK}-and-wrong"}
        )
        assert refused.status_code == HTTPStatus.UNAUTHORIZED
        places["refusal"] = refused.content
        wait_for(exporter.page, until=lambda page: page.verdict("support-line") == "ok")
        for name in ("First", "Second"):
            body = webhook(firing(name, target="support-line"))
            taken = exporter.http.post(PATH, content=body, headers={"authorization": secret})
            assert taken.status_code == HTTPStatus.OK, taken.text
            if name == "First":
                wait_for_message(client, name)
                places |= _read_everything("well", exporter, file)
                client.bring("refuse_logins")
                client.control("POST", "/expire_tokens")
        pages = wait_for_end(exporter, "Second")
        places |= _read_everything("badly", exporter, file)
        places["pager test"] = _say("pager", "test", file)
        wait_for(lambda: "the heartbeat was not taken" in exporter.process.output, deadline=90)
        assert pages_of(exporter, "First")
    places["log"] = exporter.process.output.encode()
    places["pager test alone"] = _say("pager", "test", file)
    places |= _read_folder(folder / "state")
    return Story(places, pages)


def _configure(folder: Path, client: SimulatedClient, port: int, gate: dict[str, str]) -> Path:
    auth = {"api_key": API_KEY, "username": "monitor", "password": PASSWORD}
    pager = {
        "state_dir": str(folder / "state"),
        "group": GROUP,
        "rate": UNTHROTTLED,
        "webhook": gate,
        "fallback": [
            f"http://planted-user:planted-word@{DEAD}/planted-path?key=planted-query",
            f"json://planted-user:planted-word@{DEAD}/planted-path?key=planted-query",
        ],
        "fallback_after": "2s",
        "give_up_after": "6s",
        "alertmanager_url": f"http://planted-user:planted-word@{DEAD}/planted-path",
        "heartbeat_url": f"http://planted-user:planted-word@{DEAD}/planted-ping?key=planted-query",
        "heartbeat_interval": "10s",
    }
    poll = {"health": "1s", "timeout": "5s", **OFF}
    target = client.target("support-line", auth=auth)
    web = {"listen": f"127.0.0.1:{port}"}
    return write_config(folder, {"targets": [target], "poll": poll, "web": web, "pager": pager})


def _read_everything(when: str, exporter: Exporter, file: Path) -> dict[str, bytes]:
    paths = ("/", "/metrics", "/api/v1/targets", "/api/v1/pages?limit=100", "/sd", "/-/ready", PATH)
    places = {f"{path}, {when}": exporter.http.get(path).content for path in paths}
    commands = (("pages",), ("pages", "--json"), ("pager", "check"))
    return places | {f"{' '.join(command)}, {when}": _say(*command, file) for command in commands}


def _read_folder(folder: Path) -> dict[str, bytes]:
    """Read every file as it is, and what the journal has compressed."""
    places = {f"file {file.name}": file.read_bytes() for file in folder.iterdir() if file.stat().st_size}
    with closing(sqlite3.connect(folder / "pages.sqlite")) as connection:
        contents = [content for (content,) in connection.execute("SELECT content FROM pages")]
    return places | {"contents of pages": b"\n".join(map(zlib.decompress, contents))}


def _say(*arguments: str | Path) -> bytes:
    *command, file = arguments
    with Process(
        (*WAEXPORTER, *map(str, command), "--config", str(file)), env=clean_environment()
    ) as process:
        process.wait()
    return process.output.encode()


def test_no_secret_of_the_pager_is_said_or_kept_anywhere(story: Story) -> None:
    leaks = [
        (place, word) for place, said in story.places.items() for word in PLANTED if word.encode() in said
    ]

    silent = [place for place, said in story.places.items() if not said]

    assert leaks == []
    assert silent == []


def test_what_was_searched_tells_of_pages_that_failed(story: Story) -> None:
    said = {place: text.decode(errors="replace") for place, text in story.places.items()}

    assert [page["state"] for page in story.pages] == ["failed"]
    assert "A PAGE COULD NOT BE DELIVERED" in said["log"]
    assert "FAILED" in said["pages, badly"]
    assert "fallback" in said["pages, badly"]
    assert "NOT OK" in said["pager check, badly"]
    assert "NOT OK" in said["pager test"]
    assert "NOT OK" in said["pager test alone"]
    assert "fallback" in said["file pages.sqlite"]
    assert "Second" in said["contents of pages"]
    assert "<secret>" in said["check-config"]
