"""A daemon whose targets a web server publishes: it answers late, wrongly, something else, or not at all."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.exporters import EVERY_SECOND, Exporter, write_config
from tests.e2e.reloads import account
from tests.e2e.waiting import wait_for
from tests.receivers import Receiver, receiving

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tests.e2e.clients import SimulatedClient
    from tests.e2e.conftest import Simulate

SUCCESS, SIZE = "waexporter_http_sd_success", "waexporter_http_sd_targets"
TOKEN = "hunter2-hunter2-hunter2"


@pytest.fixture(scope="module")
def client(simulate: Simulate) -> SimulatedClient:
    return simulate()


@pytest.fixture
def inventory() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


def configure(client: SimulatedClient, inventory: Receiver, *names: str) -> dict[str, Any]:
    """Return a configuration with these targets and a list; all of them share their credentials."""
    shared = client.target("any")
    config: dict[str, Any] = {
        "defaults": {key: shared[key] for key in ("auth", "tls") if key in shared},
        "poll": EVERY_SECOND,
        "http_sd_url": f"http://{inventory.place}/targets?key={TOKEN}",
        "http_sd": {"interval": "1s", "auth": {"bearer_token": TOKEN}},
    }
    return config | ({"targets": [{"name": name, "url": client.url} for name in names]} if names else {})


def publish(inventory: Receiver, client: SimulatedClient, *names: str) -> None:
    inventory.answer = json.dumps([{"name": name, "url": client.url} for name in names]).encode()


def names(exporter: Exporter) -> list[str]:
    return list(exporter.targets())


def wait_for_names(exporter: Exporter, *wanted: str) -> None:
    wait_for(lambda: names(exporter), until=lambda found: found == list(wanted))


def test_the_targets_of_a_list_come_and_go_while_the_others_notice_nothing(
    tmp_path: Path, client: SimulatedClient, inventory: Receiver
) -> None:
    publish(inventory, client, "a", "b")
    file = write_config(tmp_path, configure(client, inventory, "own"))
    with Exporter.run(file) as exporter:
        wait_for_names(exporter, "own", "a", "b")
        exporter.wait_until_ok("own", "a", "b")
        logins = account(exporter, "a")

        group = {"targets": [client.url], "labels": {"target": "c", "region": "eu"}}
        inventory.answer = json.dumps([{"name": "a", "url": client.url}, group]).encode()
        wait_for_names(exporter, "own", "a", "c")
        exporter.wait_until_ok("c")

        page = exporter.page()
        assert account(exporter, "a") == logins
        assert page.value("whatsapp_up", target="c", region="eu") == 1
        assert (page.value(SUCCESS), page.value(SIZE)) == (1, 2)
        assert exporter.http.get("/-/ready").status_code == 200
        assert [line["cause"] for line in exporter.log(msg="reloaded")] == ["http_sd", "http_sd"]
        assert TOKEN not in exporter.process.output + exporter.get("/").text
    [first, *_] = inventory.heard
    assert (first.path, first.headers["authorization"]) == (f"/targets?key={TOKEN}", f"Bearer {TOKEN}")


def test_a_daemon_starts_without_its_list_says_so_and_goes_on_trying(
    tmp_path: Path, client: SimulatedClient, inventory: Receiver
) -> None:
    inventory.status = 503
    file = write_config(tmp_path, configure(client, inventory, "own"))
    with Exporter.run(file) as exporter:
        exporter.wait_until_ok("own")
        ready = wait_for(lambda: exporter.http.get("/-/ready").text, until=lambda text: "503" in text)
        assert ready.strip() == (
            f"waiting for the list of targets at http://{inventory.place}/targets: it answers 503"
        )
        assert "Waiting for the list of targets" in exporter.get("/").text
        assert exporter.page().value(SUCCESS) == 0
        wait_for(lambda: len(inventory.heard), until=lambda heard: heard >= 3)
        assert len(exporter.log(msg="no usable answer from http_sd_url")) == 1

        publish(inventory, client, "a")
        inventory.status = 200
        wait_for_names(exporter, "own", "a")
        wait_for(lambda: exporter.http.get("/-/ready").status_code, until=lambda status: status == 200)
        assert exporter.page().value(SUCCESS) == 1


@pytest.mark.parametrize(
    ("answer", "headers", "words"),
    [
        (b'[{"name": "b", "url": "nowhere"}]', {}, "http_sd_url: [0].url: must begin with"),
        (b'[{"name": "own", "url": "http://a.example"}]', {}, "is used by targets[0] already"),
        (b"<!doctype html><p>Log in", {}, "http_sd_url: must be a list"),
        (b"<!doctype html><p>Log in", {"Content-Type": "text/html"}, "it answers a web page"),
        (gzip.compress(b" " * 20_000_000), {"Content-Encoding": "gzip"}, "larger than 16777216 bytes"),
        (
            b'[{"name": "b", "url": "http://a.example", "auth": {"api_key_file": "/etc/passwd"}}]',
            {},
            "must not name a file",
        ),
    ],
)
def test_a_bad_list_leaves_the_last_good_one_and_is_said_once(  # noqa: PLR0913, PLR0917 - a row of the table
    tmp_path: Path,
    client: SimulatedClient,
    inventory: Receiver,
    answer: bytes,
    headers: Mapping[str, str],
    words: str,
) -> None:
    publish(inventory, client, "a")
    file = write_config(tmp_path, configure(client, inventory, "own"))
    with Exporter.run(file) as exporter:
        wait_for_names(exporter, "own", "a")

        inventory.answer, inventory.headers = answer, dict(headers)
        wait_for(lambda: exporter.page().value(SUCCESS), until=lambda value: value == 0)
        heard = len(inventory.heard)
        wait_for(lambda: len(inventory.heard), until=lambda now: now >= heard + 2)

        said = [line for line in exporter.log() if words in json.dumps(line)]
        assert len(said) == 1
        assert names(exporter) == ["own", "a"]
        assert exporter.page().value(SIZE) == 1
        shown = exporter.get("/", Accept="text/html").text.replace("&#34;", '"')
        assert words in shown
        assert exporter.http.get("/-/healthy").status_code == 200

        inventory.headers = {}
        publish(inventory, client, "a", "b")
        wait_for_names(exporter, "own", "a", "b")
        assert words not in exporter.get("/").text


def test_another_address_of_the_list_is_a_reload(
    tmp_path: Path, client: SimulatedClient, inventory: Receiver
) -> None:
    publish(inventory, client, "a")
    file = write_config(tmp_path, configure(client, inventory))
    with Exporter.run(file) as exporter, receiving() as other:
        wait_for_names(exporter, "a")
        other.status = 404

        write_config(tmp_path, configure(client, other))
        reloaded = exporter.http.post("/-/reload")
        wait_for(lambda: exporter.page().value(SUCCESS), until=lambda value: value == 0)
        kept = names(exporter)
        publish(other, client, "b")
        other.status = 200
        wait_for_names(exporter, "b")
        write_config(tmp_path, {"targets": [client.target("own")], "poll": EVERY_SECOND})
        removed = exporter.http.post("/-/reload")

        assert (reloaded.status_code, removed.status_code) == (200, 200)
        assert kept == ["a"]
        wait_for_names(exporter, "own")
        assert not list(exporter.page().find(SUCCESS))
