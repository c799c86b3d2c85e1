"""The page of a client of a real daemon: what happened to the client is there, and a reload keeps it."""

from __future__ import annotations

import re
from contextlib import ExitStack
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
import yaml

from tests.e2e.browsers import Browser
from tests.e2e.clients import OWNER, USERS, SimulatedClient
from tests.e2e.exporters import Exporter
from tests.e2e.reloads import configure
from tests.e2e.waiting import wait_for
from tests.web.site.test_status_page import Elements
from waexporter.simulator import Options, Simulator

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.real.fixtures import RealParts

pytestmark = pytest.mark.real

NAME = 'orders "EU"/west <100%>'
PATH = f"/targets/{quote(NAME, safe='')}"
POLLS = {
    **dict.fromkeys(("health", "app", "web", "settings"), "1s"),
    **dict.fromkeys(("db", "support", "certificates", "group"), "off"),
    "timeout": "10s",
    "stale_after": 10,
}
BARS = re.compile(r'<g class="bar (\w+)"')


class World:
    """A daemon that polls one client."""

    def __init__(self, stack: ExitStack, folder: Path) -> None:
        options = Options(topology="ha", users=USERS, health_per_minute=None)
        url = stack.enter_context(Simulator(options)).url
        self.client = stack.enter_context(SimulatedClient(url))
        self.folder = folder
        owner = dict(zip(("username", "password"), OWNER, strict=True))
        self.target = self.client.target(NAME, auth=owner)
        self.configure()
        self.exporter = stack.enter_context(Exporter.run(folder / "waexporter.yml"))
        self.exporter.wait_until_ok(NAME)

    def configure(self, *others: dict[str, object]) -> None:
        configure(self.folder, self.target, *others, poll=POLLS)

    def html(self) -> str:
        return self.exporter.get(PATH, accept="text/html").text

    def text(self) -> str:
        return " ".join(Elements(self.html()).text.split())


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with ExitStack() as stack:
        yield World(stack, tmp_path)


def test_what_happened_to_a_client_is_on_its_page_after_a_reload_too(world: World) -> None:
    before = world.text()
    world.client.control("PATCH", "/settings", {"sent_status": True, "on_call_pager": "120363-secret-group"})
    wait_for(world.text, until=lambda text: "sent_status" in text)
    world.client.bring("web_down")
    wait_for(world.html, until=lambda html: "bad" in BARS.findall(html))

    world.configure({"name": "another", "url": "http://127.0.0.1:9"})
    answer = world.exporter.http.post("/-/reload")
    text, html = world.text(), world.html()

    assert answer.status_code == 200
    assert "core1" in before
    assert "primary_master" in before
    assert "messages to be sent" in before
    assert "sent_status false true" in text or "sent_status not set true" in text
    assert "on_call_pager not shown, since it may be private" in text
    assert "secret-group" not in html
    assert {"ok", "bad"} <= set(BARS.findall(html))
    assert "first byte" in text


def test_the_configuration_is_shown_as_check_config_prints_it(world: World) -> None:
    world.configure({"name": "another", "url": "http://127.0.0.1:9"})
    refused = world.exporter.get("/config").text
    world.exporter.http.post("/-/reload")

    got = world.exporter.get("/config")

    page = world.exporter.get("/config", accept="text/html").text
    assert len(yaml.safe_load(refused)["targets"]) == 1
    assert [each["name"] for each in yaml.safe_load(got.text)["targets"]] == [NAME, "another"]
    assert OWNER[1] not in got.text + page
    assert "&lt;100%&gt;" in page
    assert str(world.folder / "waexporter.yml") in page


def test_what_a_reader_has_opened_stays_open_while_the_page_refreshes(
    world: World, real_parts: RealParts, tmp_path: Path
) -> None:
    real_parts.browser()
    with Browser(tmp_path / "profile") as browser:
        browser.open(f"{world.exporter.url}{PATH}")
        browser.run("""
            document.querySelector("#polls-table summary").click();
            window.old = document.querySelector("#polls-table tbody").textContent;
        """)
        world.client.bring("web_down")

        # The page refreshes itself after 15 s.
        wait_for(
            lambda: browser.run("return document.querySelectorAll('#polls-table .mark.bad').length"),
            until=lambda failed: failed > 0,
            deadline=60,
        )

        assert browser.run("return document.querySelector('#polls-table').open")
        assert browser.run("return document.querySelectorAll('svg.bars .cross').length") > 0
        assert browser.run("return document.querySelector('h1').textContent") == NAME
        assert browser.errors() == []
