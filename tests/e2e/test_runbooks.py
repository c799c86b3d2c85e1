"""The runbooks on a phone: every one fits its screen, and a command is copied as it has to be typed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from tests.e2e.browsers import Browser
from tests.e2e.exporters import Exporter, write_config
from tests.e2e.waiting import wait_for
from waexporter.config.shipped_files import find_runbooks

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.real.fixtures import RealParts

WIDTH = 390
# What a touch on it selects is what is copied.
TOUCHED = """
const code = document.querySelector("pre code.command");
return [getComputedStyle(code).userSelect, getComputedStyle(code, "::before").content, code.innerText];
"""

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def exporter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exporter]:
    # Nothing listens at this address; runbooks are read when nothing works.
    targets = [{"name": "support-line", "url": "http://127.0.0.1:9"}]
    file = write_config(tmp_path_factory.mktemp("runbooks"), {"targets": targets})
    with Exporter.run(file) as started:
        yield started


@pytest.fixture
def phone(real_parts: RealParts, tmp_path: Path) -> Iterator[Browser]:
    real_parts.browser()
    with Browser(tmp_path / "profile") as browser:
        browser.look(width=WIDTH, height=844)
        yield browser


def test_no_runbook_has_to_be_moved_sideways(exporter: Exporter, phone: Browser, tmp_path: Path) -> None:
    sizes = {}

    for name in ("", *find_runbooks()):
        phone.open(f"{exporter.url}/runbooks/{name}")
        # Not window.innerWidth: a phone shows what is too wide smaller, and that grows with it.
        sizes[name] = phone.run("return document.documentElement.scrollWidth")
        phone.photograph(tmp_path / f"{name or 'list'}.png")

    assert {name: size for name, size in sizes.items() if size > WIDTH} == {}
    assert phone.errors() == []


def test_a_command_is_selected_by_a_touch_and_has_no_prompt(exporter: Exporter, phone: Browser) -> None:
    phone.open(f"{exporter.url}/runbooks/WhatsAppDown")

    select, prompt, text = phone.run(TOUCHED)

    assert (select, prompt) == ("all", '"$ "')
    assert text == "waexporter probe support-line --config /etc/waexporter/waexporter.yml"


def test_the_status_page_leads_to_what_to_do(exporter: Exporter, phone: Browser) -> None:
    wait_for(exporter.page, until=lambda page: page.problems("support-line") == {"unreachable"})
    phone.open(f"{exporter.url}/")

    phone.open(phone.run("return [...document.links].find(each => each.innerText === 'what to do').href"))
    title, heading = phone.run("return [document.title, document.querySelector('h1').innerText]")

    assert (title, heading) == ("WhatsAppDown - waexporter", "WhatsAppDown")


def test_the_text_comes_by_name_for_a_program(exporter: Exporter) -> None:
    answer = httpx.get(
        f"{exporter.url}/runbooks/WhatsAppDown", headers={"Accept": "text/markdown"}, trust_env=False
    )

    assert answer.text.startswith("# WhatsAppDown\n\n## Meaning\n")
