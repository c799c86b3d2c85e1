"""Every page of a daemon in trouble, as links lead to it: found, readable by everybody, on every screen."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

import pytest

from tests.e2e.browsers import Browser
from tests.e2e.showcase import LOST, TROUBLED, show
from tests.e2e.waiting import wait_for
from tests.real import axe
from tests.real.fixtures import RealParts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tests.e2e.exporters import Exporter

pytestmark = pytest.mark.real

SCREENS = {
    "desk": (1280, 900, False),
    "dark desk": (1280, 900, True),
    "phone": (360, 740, False),
    "dark phone": (360, 740, True),
}
HASTE = """
const wait = window.setTimeout;
window.setTimeout = (act, delay) => wait(act, delay / 20);
"""
HREF = re.compile(r'<a [^>]*href="([^"]*)"')


@pytest.fixture(scope="module")
def exporter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exporter]:
    RealParts().axe()
    with show(tmp_path_factory.mktemp("site")) as started:
        yield started


@pytest.fixture(scope="module")
def pages(exporter: Exporter) -> dict[str, str]:
    """Follow all links from the status page; one page of each kind is followed further."""
    found: dict[str, str] = {}
    kinds: set[str] = set()
    ahead = ["/"]
    while ahead:
        path = ahead.pop(0)
        if path in found:
            continue
        answer = exporter.get(path, accept="text/html")
        found[path] = answer.headers["content-type"].partition(";")[0]
        kind = path.rstrip("/").rpartition("/")[0] or path
        if found[path] == "text/html" and kind not in kinds:
            kinds.add(kind)
            links = (
                urljoin(str(answer.url), link.replace("&amp;", "&")) for link in HREF.findall(answer.text)
            )
            parts = (urlsplit(link) for link in links if link.startswith(exporter.url))
            # The status page has a link for each filter; it stays the same page.
            ahead += [
                f"{part.path}?{part.query}" if part.path != "/" and part.query else part.path
                for part in parts
            ]
    return found


def test_every_link_leads_to_something(pages: dict[str, str]) -> None:
    people = {path for path, kind in pages.items() if kind == "text/html"}

    assert {"/", f"/targets/{TROUBLED}", "/runbooks/", "/runbooks/WhatsAppDown"} <= people
    assert {"/metrics", "/api/v1/targets", "/sd"} <= set(pages) - people


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with Browser(tmp_path_factory.mktemp("profile")) as started:
        yield started


@pytest.mark.parametrize("screen", SCREENS)
def test_no_page_has_a_violation_of_axe_or_is_too_wide(
    screen: str, exporter: Exporter, pages: dict[str, str], browser: Browser
) -> None:
    width, height, dark = SCREENS[screen]
    browser.look(width=width, height=height, dark=dark)
    found = {}

    for path in one_of_each(path for path, kind in pages.items() if kind == "text/html"):
        browser.open(f"{exporter.url}{path}")
        problems = [*axe.violations(browser), *browser.errors()]
        if browser.run("return document.documentElement.scrollWidth") > width:
            problems.append("it is too wide")
        found[path] = problems

    assert {path: problems for path, problems in found.items() if problems} == {}


def test_the_page_of_a_client_refreshes_itself_and_what_is_open_stays_open(
    exporter: Exporter, browser: Browser
) -> None:
    browser.look(width=1280, height=900)
    with browser.prepared_by(HASTE):
        browser.open(f"{exporter.url}/targets/{TROUBLED}")
    browser.run("document.querySelectorAll('details').forEach(each => { each.open = true; })")
    browser.run("scrollTo(0, 500); window.first = document.querySelector('.asof time').dateTime")

    wait_for(
        lambda: browser.run("return document.querySelector('.asof time').dateTime !== window.first"),
        until=bool,
    )

    state = browser.run(
        "return [[...document.querySelectorAll('details')].every(each => each.open), scrollY]"
    )
    assert state == [True, 500]
    assert browser.errors() == []


def one_of_each(paths: Iterable[str]) -> list[str]:
    """Return the first page in each folder, and those of a client in trouble and of one out of reach."""
    wanted = {f"/targets/{TROUBLED}", f"/targets/{LOST['name']}"}
    folders = {path.rpartition("/")[0] if path.rstrip("/").count("/") > 1 else path: path for path in paths}
    return sorted({*folders.values(), *wanted})
