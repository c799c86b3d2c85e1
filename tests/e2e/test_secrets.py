"""Planted secrets, and every place where a person or a program might read them."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.e2e.conftest import find_simulated_client
from tests.e2e.exporters import EVERY_SECOND, WAEXPORTER, Exporter, clean_environment, write_config
from tests.e2e.waiting import wait_for
from tests.real.process import Process
from waexporter.config import load
from waexporter.transport.tls import TlsContexts
from waexporter.whatsapp.client import Client

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.e2e.clients import SimulatedClient

API_KEY = "planted-api-key-4711"
INLINE, FROM_FILE, OF_PROXY = "planted-inline-4712", "planted-file-4713", "planted-proxy-4714"
TOKEN_PREFIX = "eyJhbGciOiJIUzUxMiJ9"  # every token of the simulator begins with it
BASIC = [
    base64.b64encode(f"{user}:{password}".encode()).decode()
    for user, password in (("inline", INLINE), ("filed", FROM_FILE), ("proxied", OF_PROXY))
]
PLANTED = ("planted-", TOKEN_PREFIX, *BASIC, base64.b64encode(b"planted-").decode()[:10])
FORMATS = ("json", "console")


class Place(NamedTuple):
    """Where something was said, and what."""

    name: str
    text: str


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("secrets")
    (place / "password").write_text(f"{FROM_FILE}\n")
    return place


@pytest.fixture(scope="module")
def client() -> Iterator[SimulatedClient]:
    users = (f"--user=inline:{INLINE}", f"--user=filed:{FROM_FILE}")
    command = (
        *WAEXPORTER,
        "simulate",
        "--listen=127.0.0.1:0",
        "--health-limit=0",
        f"--api-key={API_KEY}",
        *users,
    )
    with Process(command, env=clean_environment()) as process, find_simulated_client(process) as client:
        yield client


@pytest.fixture(scope="module")
def file(client: SimulatedClient, folder: Path) -> Path:
    accounts = {
        "inline": {"username": "inline", "password": INLINE},
        "filed": {"username": "filed", "password_file": "password"},
        "keyed": {"api_key": API_KEY},
        "both": {"api_key": API_KEY, "username": "inline", "password": INLINE},
        "wrong": {"username": "inline", "password": f"{INLINE}-and-wrong"},
    }
    targets = [client.target(name, auth=auth) for name, auth in accounts.items()]
    return write_config(folder, {"targets": targets, "poll": EVERY_SECOND})


@pytest.fixture(scope="module")
def places(client: SimulatedClient, file: Path) -> list[Place]:
    """Collect whatever is said while all is well, and while it is not."""
    found = [_place("check-config", "--config", str(file)), _place("probe", "both", "--config", str(file))]
    for form in FORMATS:
        with Exporter.run(file, "--log-level", "debug", "--log-format", form) as exporter:
            found += _tell(exporter, client, form)
        found.append(Place(f"log as {form}", exporter.process.output))
    found += [_place("probe", name, "--config", str(file)) for name in ("inline", "wrong")]
    client.lift()
    return found


def _tell(exporter: Exporter, client: SimulatedClient, form: str) -> list[Place]:
    """Let things go well, badly, and then every login fail; collect all pages each time."""
    exporter.wait_until_ok("inline", "filed", "keyed", "both")
    found = _pages(exporter, f"well, {form}")
    client.bring("redirect")
    wait_for(exporter.page, until=lambda page: page.verdict("filed") == "unknown")
    found += _pages(exporter, f"redirected, {form}")
    client.lift()
    exporter.wait_until_ok("inline", "filed", "keyed", "both")
    client.bring("refuse_logins")
    client.control("POST", "/expire_tokens")
    wait_for(exporter.page, until=lambda page: page.problems("filed") == {"auth_refused"})
    found += _pages(exporter, f"refused, {form}")
    if form != FORMATS[-1]:
        client.lift()
    return found


def _pages(exporter: Exporter, when: str) -> list[Place]:
    paths = (
        "/",
        "/metrics",
        "/api/v1/targets",
        "/sd",
        "/-/ready",
        "/-/healthy",
        "/nothing",
        "/metrics?target=x",
        "/probe?target=filed",
    )
    accept = {"accept": "application/openmetrics-text, text/html, */*;q=0.1"}
    return [Place(f"{path} ({when})", exporter.http.get(path, headers=accept).text) for path in paths]


def _place(*arguments: str) -> Place:
    with Process((*WAEXPORTER, *arguments), env=clean_environment()) as process:
        process.wait()
    return Place(" ".join(arguments[:2]), process.output)


def test_no_secret_is_said_anywhere(places: list[Place]) -> None:
    leaks = [(place.name, word) for place in places for word in PLANTED if word in place.text]

    silent = [place.name for place in places if not place.text]

    assert leaks == []
    assert silent == []


def test_what_was_searched_tells_a_story_with_failures(places: list[Place]) -> None:
    texts = {place.name: place.text for place in places}

    log = texts["log as json"]

    assert {"poll failed", "verdict", "stopping"} <= {
        word for word in ("poll failed", "verdict", "stopping") if word in log
    }
    assert "poll failed" in texts["log as console"]
    assert "auth_refused" in texts["probe wrong"]
    assert "<secret>" in texts["check-config --config"]


@pytest.mark.parametrize("command", ["check-config", "run"])
def test_a_secret_in_a_wrong_place_is_not_repeated_in_the_complaint(tmp_path: Path, command: str) -> None:
    wrong = {
        "proxy_url": f"http://proxied:{OF_PROXY}@proxy.example:3128",
        "auth": {"api_key": f"{API_KEY} with a blank", "password": [INLINE], f"{{api_key:{API_KEY}}}": None},
        "shards": INLINE,
        "labels": {"target": FROM_FILE},
    }
    targets = [{"url": f"https://inline:{INLINE}@wa.example", **wrong}, INLINE]
    file = write_config(tmp_path, {"targets": targets, "limits": INLINE, "log": {"level": INLINE}})

    with Process((*WAEXPORTER, command, "--config", str(file)), env=clean_environment()) as process:
        status = process.wait()

    assert status == 2
    assert len(process.output.splitlines()) >= 7
    assert [word for word in PLANTED if word in process.output] == []


def test_a_configuration_and_a_client_can_be_printed(file: Path) -> None:
    config = load(str(file), {}).config
    client = Client(config.targets[0], config.limits, TlsContexts())

    printed = f"{config!r} {config} {client!r} {[str(target.auth) for target in config.targets]}"

    client.close()
    assert "<secret>" in printed
    assert [word for word in PLANTED if word in printed] == []
