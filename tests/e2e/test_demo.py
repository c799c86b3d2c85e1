"""The demonstration as a newcomer meets it: announced, seen in a browser, over when Ctrl-C says so."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from docs.source.reference import off_by_default
from tests.docs.test_metrics import known_upstream
from tests.e2e.browsers import Browser
from tests.e2e.exporters import WAEXPORTER, clean_environment
from tests.e2e.pages import Page
from tests.e2e.waiting import wait_for
from tests.markdown import METRICS, SPAN, part, rows
from tests.real.process import Process

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.real.fixtures import RealParts

SPEED = "4"  # ten seconds of peace, ten of trouble; /health is polled every seven
ROUND = 60  # seconds in which both come by, also on a busy machine
SCREENS = {"light": (1200, 900, False), "dark": (1200, 900, True), "phone": (390, 844, False)}


@pytest.fixture(scope="module")
def demo() -> Iterator[Process]:
    command = (*WAEXPORTER, "demo", "--listen", "127.0.0.1:0", "--speed", SPEED)
    with Process(command, env=clean_environment()) as process:
        process.wait_for_line("Ctrl-C ends it")
        yield process


@pytest.fixture(scope="module")
def url(demo: Process) -> str:
    found: str = demo.wait_for_line(r"status page\s+(http://127\.0\.0\.1:\d+/)")[1]
    return found


@pytest.fixture(scope="module")
def page(url: str) -> Iterator[Callable[[], Page]]:
    with httpx.Client(base_url=url, trust_env=False) as http:
        yield lambda: Page(http.get("/metrics").text)


def test_it_says_what_to_open_and_all_of_it_is_there(demo: Process, url: str) -> None:
    addresses = [
        demo.wait_for_line(rf"{name}\s+(http\S+)")[1] for name in ("status page", "metrics", "as JSON")
    ]

    answers = [httpx.get(address, trust_env=False).status_code for address in addresses]

    assert answers == [200, 200, 200]
    assert addresses[0] == url


def test_the_incident_comes_and_is_seen_in_a_browser(
    page: Callable[[], Page], url: str, real_parts: RealParts, tmp_path: Path
) -> None:
    real_parts.browser()
    with Browser(tmp_path / "profile") as browser:
        wait_for(page, until=lambda page: page.verdict("single") == "ok", deadline=ROUND)
        wait_for(page, until=lambda page: page.verdict("single") == "down", deadline=ROUND)
        sights = {
            name: _look(browser, url, tmp_path / f"{name}.png", *screen) for name, screen in SCREENS.items()
        }

    for text, _, width, overflow in sights.values():
        assert "down" in text
        assert "the coreapp is disconnected: no messages leave or arrive" in text
        assert overflow <= width
    assert sights["light"][1] != sights["dark"][1]


def _look(browser: Browser, url: str, picture: Path, *screen: int) -> tuple[str, str, int, int]:
    """Give the words, the colour behind them, and how wide the window and the page are."""
    width, height, dark = screen
    browser.look(width=width, height=height, dark=bool(dark))
    browser.open(url)
    browser.photograph(picture)
    assert browser.errors() == []
    text, background, scroll = browser.run(
        "return [document.body.innerText, getComputedStyle(document.body).backgroundColor,"
        " document.documentElement.scrollWidth]"
    )
    return text, background, width, scroll  # a phone's window.innerWidth grows with what is too wide


def test_the_incident_passes(page: Callable[[], Page]) -> None:
    after = wait_for(page, until=lambda page: page.verdict("single") == "ok", deadline=ROUND)

    problems = after.problems("single")

    assert problems == frozenset()
    assert after.value("waexporter_crashes_total") == 0
    assert after.total("waexporter_poll_failures_total", reason="rate_limited") == 0


def test_people_were_paged_about_it_through_a_client_that_works(url: str) -> None:
    def pages() -> list[dict[str, Any]]:
        told: list[dict[str, Any]] = httpx.get(f"{url}api/v1/pages", trust_env=False).json()["pages"]
        return [page for page in told if page["state"] == "accepted" and _is_about(page, "WhatsAppDown")]

    paged = wait_for(pages, deadline=ROUND)

    assert paged[-1]["firing"] == 1
    assert paged[-1]["destination"].partition("/")[0] in {"ha", "multiconnect"}


def _is_about(page: dict[str, Any], alert: str) -> bool:
    return any(shown["alertname"] == alert and shown["target"] == "single" for shown in page["shown"])


def test_every_metric_that_is_on_by_default_is_shown(page: Callable[[], Page]) -> None:
    listed = {SPAN.findall(row[0])[0]: row[2] for row in rows(part(METRICS, "Everything at a glance"))}
    wanted = {name for name, is_on in listed.items() if is_on == "yes"} | known_upstream().keys()
    no_files = {"waexporter_config_watch_timestamp_seconds"}  # the demo has none to watch

    missing = wait_for(
        lambda: wanted - no_files - _families(page()), until=lambda missing: not missing, deadline=ROUND
    )

    assert missing == set()
    assert listed.keys() - wanted == off_by_default().keys()
    still_off = {name for name, key in off_by_default().items() if key != "pager"}  # the demo has a pager
    assert not _families(page()) & still_off


def _families(page: Page) -> set[str]:
    """Give the families that have samples, each with and without what its type adds."""
    names = {name for name, _, _ in page}
    return names | {name.removesuffix(end) for name in names for end in ("_total", "_count", "_bucket")}


def test_ctrl_c_ends_it_cleanly(demo: Process) -> None:
    status = demo.stop(by=signal.SIGINT)

    output = demo.output

    assert status == 0
    assert "Traceback" not in output
