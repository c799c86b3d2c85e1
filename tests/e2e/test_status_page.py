"""The pages for people in a real browser: on every screen, by keyboard, with and without scripts."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest

from tests.e2e.browsers import Browser
from tests.e2e.waiting import wait_for
from tests.real import axe
from tests.real.fixtures import RealParts
from tests.web.fakes import NOW, FakeBackend, an_application
from tests.web.pagers import FakePager, a_pending_page
from tests.web.site.fleets import HOSTILE_NAMES, a_fleet
from waexporter.model import ReloadCause
from waexporter.paging.model import Alert
from waexporter.web.backend import RefusedConfig
from waexporter.web.formatting import link_to
from waexporter.web.server import Server

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.real

PAGES = tuple(
    a_pending_page(number, Alert("f", NOW, None, {"alertname": name, "target": name}, {"summary": name}))
    for number, name in enumerate(HOSTILE_NAMES, start=1)
)
SCREENS = {
    "desk": (1280, 900, False),
    "dark desk": (1280, 900, True),
    "phone": (360, 740, False),
    "dark phone": (360, 740, True),
}
HOSTILE = tuple(
    replace(each, name=name) for each, name in zip(a_fleet(len(HOSTILE_NAMES), 3), HOSTILE_NAMES, strict=True)
)
REFUSED = (
    RefusedConfig(ReloadCause.FILE, ("targets[0].url: must begin with https:// or http://",), NOW, NOW),
)
ROWS = "return [...document.querySelectorAll('bdi')].map(each => each.textContent)"
FOCUS = "return document.activeElement.name || document.activeElement.textContent"
FOCUSED = "const focused = document.activeElement"
HASTE = """
const wait = window.setTimeout;
window.setTimeout = (act, delay) => wait(act, delay / 100);
"""


@dataclass
class Site:
    """A server whose fleet a test may change."""

    backend: FakeBackend
    server: Server

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.port}"


@contextmanager
def serving(backend: FakeBackend) -> Iterator[Site]:
    with Server(an_application(backend), "127.0.0.1", 0).background() as server:
        yield Site(backend, server)


@pytest.fixture
def site() -> Iterator[Site]:
    with serving(FakeBackend(a_fleet(40, 6))) as started:
        yield started


@pytest.fixture(scope="module")
def window(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    RealParts().browser()
    with Browser(tmp_path_factory.mktemp("profile")) as started:
        yield started


@pytest.fixture
def browser(window: Browser) -> Browser:
    window.look(width=1280, height=900)
    window.open("about:blank")
    window.errors()
    return window


@pytest.mark.parametrize("screen", SCREENS)
def test_every_fleet_fits_and_has_no_violation_of_axe(
    screen: str, real_parts: RealParts, browser: Browser
) -> None:
    real_parts.axe()
    width, height, dark = SCREENS[screen]
    browser.look(width=width, height=height, dark=dark)
    mixed = FakeBackend(a_fleet(40, 6), refused=REFUSED, waiting="waiting for the first poll of a")
    hostile = FakeBackend(HOSTILE)
    paged = FakeBackend(a_fleet(1, 1), pager=FakePager(latest=PAGES))  # type: ignore[arg-type]
    looks = [
        (mixed, ("/", "/?q=shop&label=region:eu", "/?verdict=down", "/?q=nothing")),
        (hostile, ("/", *(f"/{link_to('targets', name)}" for name in HOSTILE_NAMES))),
        (FakeBackend(), ("/", "/pages")),
        (paged, ("/", "/pages", "/pages/1")),
    ]
    found: dict[str, list[str]] = {}

    for backend, paths in looks:
        with serving(backend) as site:
            for path in paths:
                browser.open(f"{site.url}{path}")
                problems = [*axe.violations(browser), *browser.errors()]
                if browser.run("return document.documentElement.scrollWidth") > width:
                    problems.append("it is too wide")
                found[f"{len(backend.shown)} targets, {path}"] = problems

    assert {page: problems for page, problems in found.items() if problems} == {}


def test_a_violation_is_found(real_parts: RealParts, site: Site, browser: Browser) -> None:
    real_parts.axe()
    browser.open(f"{site.url}/")
    browser.run("""
        document.querySelector("h1").remove();
        document.querySelector("input").closest("label").replaceWith(document.querySelector("input"));
        document.querySelector(".meta").style.color = "#ccc";
    """)

    found = {each.partition(" ")[0] for each in axe.violations(browser)}

    assert found >= {"color-contrast", "page-has-heading-one"}


def test_hostile_names_are_shown_and_lead_to_their_pages(browser: Browser) -> None:
    with serving(FakeBackend(HOSTILE)) as site:
        browser.open(f"{site.url}/")

        shown = browser.run(ROWS)
        links = browser.run(
            "return [...document.querySelectorAll('a:has(bdi)')].map(a => decodeURIComponent(a.pathname))"
        )

    assert sorted(shown) == sorted(HOSTILE_NAMES)
    assert sorted(links) == sorted(f"/targets/{name}" for name in HOSTILE_NAMES)
    assert browser.errors() == []


@pytest.mark.parametrize("screen", ["desk", "dark phone"])
def test_typing_filters_at_once_and_keeps_the_focus(screen: str, site: Site, browser: Browser) -> None:
    width, height, dark = SCREENS[screen]
    browser.look(width=width, height=height, dark=dark)
    browser.open(f"{site.url}/?label=region:eu")

    browser.press("/", 191, "/")
    browser.type("shop-0020")

    wait_for(lambda: browser.run(ROWS), until=lambda rows: rows == ["shop-0020"])
    assert browser.run("return location.search") == "?q=shop-0020&label=region%3Aeu"
    assert browser.run("return document.activeElement.value") == "shop-0020"
    assert browser.run("return document.querySelector('.found').innerText").startswith(
        "1 of 40 targets matches"
    )


def test_a_choice_filters_at_once(site: Site, browser: Browser) -> None:
    browser.open(f"{site.url}/")

    browser.run("""
        const select = document.querySelector("select");
        select.value = "team:support";
        select.dispatchEvent(new Event("input", {bubbles: true}));
    """)

    wait_for(lambda: len(browser.run(ROWS)), until=lambda rows: rows == 20)
    assert browser.run("return document.querySelector('select').value") == "team:support"


def test_a_refresh_keeps_focus_selection_and_place(site: Site, browser: Browser) -> None:
    browser.open(f"{site.url}/")
    browser.run("""
        const row = document.querySelector("[id='targets/shop-0030']");
        row.querySelector("a").focus();
        row.scrollIntoView({block: "center"});
        getSelection().selectAllChildren(row.querySelector("bdi"));
        window.kept = [row, row.getBoundingClientRect().top];
    """)
    others = tuple(each for each in a_fleet(40, 9) if each.name != "shop-0002")
    site.backend.shown = others

    browser.run("document.querySelector('a[data-refresh]').click()")

    wait_for(lambda: browser.run("return document.title"), until=lambda title: title.startswith("4 down"))
    assert browser.run(FOCUS) == "shop-0030"
    assert browser.run("return getSelection().toString()") == "shop-0030"
    moved = browser.run("return Math.abs(window.kept[0].getBoundingClientRect().top - window.kept[1])")
    assert moved < 2
    assert browser.run("return window.kept[0].isConnected")
    assert "shop-0002" not in browser.run(ROWS)


def test_a_page_refreshes_itself_again_and_again(site: Site, browser: Browser) -> None:
    with browser.prepared_by(HASTE):
        browser.open(f"{site.url}/")
    browser.run("window.isTheSame = true")

    def title() -> str:
        return str(browser.run("return document.title"))

    site.backend.shown = a_fleet(3)
    wait_for(title, until=lambda words: words == "all ok - waexporter")
    site.backend.shown = a_fleet(3, 1)
    wait_for(title, until=lambda words: words == "1 down - waexporter")

    assert browser.run("return window.isTheSame")
    assert browser.run("return document.querySelector('link[rel=icon]').href").endswith(
        "fill='%23b3161d'/%3E%3C/svg%3E"
    )


def test_a_page_that_was_hidden_is_refreshed_when_seen_also_if_the_clock_was_set_back(
    site: Site, browser: Browser
) -> None:
    with browser.prepared_by("window.timers = []; window.setTimeout = (act) => window.timers.push(act);"):
        browser.open(f"{site.url}/")
    site.backend.shown = a_fleet(3)

    browser.run("""
        let hidden = true;
        Object.defineProperty(document, "hidden", {get: () => hidden});
        window.timers[0]();
        Date.now = () => 0;
        hidden = false;
        document.dispatchEvent(new Event("visibilitychange"));
    """)

    wait_for(lambda: browser.run("return document.title"), until=lambda title: title.startswith("all ok"))


def test_a_page_that_cannot_be_refreshed_says_that_it_is_old(browser: Browser) -> None:
    with serving(FakeBackend(a_fleet(3))) as site:
        browser.open(f"{site.url}/")
    # The daemon has ended.

    browser.run("document.querySelector('a[data-refresh]').click()")

    words = wait_for(lambda: browser.run("return document.getElementById('lost').innerText"), until=bool)
    assert words.startswith("The exporter does not answer. What is shown here is as of ")


def test_a_page_whose_address_has_a_password_is_refreshed_too(site: Site, browser: Browser) -> None:
    browser.open(site.url.replace("//", "//anna:secret@"))
    site.backend.shown = a_fleet(3)

    browser.run("document.querySelector('a[data-refresh]').click()")

    wait_for(lambda: browser.run("return document.title"), until=lambda title: title.startswith("all ok"))
    assert browser.run("return document.getElementById('lost').hidden")


def test_a_refused_refresh_says_so(site: Site, browser: Browser) -> None:
    browser.open(f"{site.url}/")
    browser.run("history.replaceState(null, '', '/nothing')")

    browser.run("document.querySelector('a[data-refresh]').click()")

    words = wait_for(lambda: browser.run("return document.getElementById('lost').innerText"), until=bool)
    assert words.startswith("The exporter answers 404. What is shown here is as of ")
    assert "shop-0000" in browser.run(ROWS)


def test_the_page_of_another_program_is_not_taken_for_fresh(site: Site, browser: Browser) -> None:
    browser.open(f"{site.url}/")

    browser.run("""
        window.fetch = async () => new Response("<title>Log in</title><form></form>");
        document.querySelector("a[data-refresh]").click();
    """)

    words = wait_for(lambda: browser.run("return document.getElementById('lost').innerText"), until=bool)
    assert words.startswith("Something else than the exporter answers. What is shown here is as of ")
    assert "shop-0000" in browser.run(ROWS)


def test_details_stay_open_and_what_differs_is_all_that_changes(site: Site, browser: Browser) -> None:
    """No page of this fleet has details: the script is the same for all."""
    browser.open(f"{site.url}/")
    browser.run("""
        const main = document.getElementById("main");
        main.insertAdjacentHTML("beforeend", "<details id='more'><summary>More</summary>old</details>");
        window.details = document.getElementById("more");
        window.details.open = true;
        const answer = window.fetch;
        window.fetch = async (...request) => {
          const text = await (await answer(...request)).text();
          const details = "<details id='more'><summary>More</summary>new</details>";
          return new Response(text.replace("</main>", `${details}</main>`));
        };
        document.querySelector("a[data-refresh]").click();
    """)

    wait_for(lambda: browser.run("return window.details.textContent"), until=lambda text: text == "Morenew")

    assert browser.run("return [window.details.open, window.details.isConnected]") == [True, True]


def test_without_scripts_the_form_filters_and_the_page_reloads_itself(site: Site, browser: Browser) -> None:
    with browser.without_scripts():
        browser.open(f"{site.url}/?verdict=down")
        browser.run("document.querySelector('input[type=search]').focus()")

        browser.type("shop-0001")
        browser.press("Enter", 13, "\r")

        wait_for(lambda: browser.run(ROWS), until=lambda rows: rows == ["shop-0001"])
    assert browser.run("return location.search") == "?q=shop-0001&label=&verdict=down"
    assert browser.run("return document.querySelector('noscript button').innerText") == "Filter"
    assert browser.run("return document.querySelector('noscript meta').content") == "15"


def test_the_keyboard_leads_past_the_navigation_to_the_content(site: Site, browser: Browser) -> None:
    browser.open(f"{site.url}/")

    browser.press("Tab", 9)
    first = browser.run(f"{FOCUSED}; return [focused.innerText, focused.getBoundingClientRect().left >= 0]")
    browser.press("Enter", 13, "\r")
    browser.press("Tab", 9)
    second = browser.run("return document.activeElement.innerText")
    outline = browser.run("return getComputedStyle(document.activeElement).outlineStyle")

    assert first == ["Skip to the content", True]
    assert (second, outline) == ("Refresh", "solid")


def test_what_is_printed_is_dark_on_white_without_what_paper_cannot_do(
    real_parts: RealParts, site: Site, browser: Browser
) -> None:
    real_parts.axe()
    browser.look(width=800, height=1100, dark=True, media="print")
    browser.open(f"{site.url}/")

    colours = browser.run("""
        const style = getComputedStyle(document.body);
        return [style.color, style.backgroundColor];
    """)
    shown = browser.run(
        "return ['form', '.top nav', '.skip', 'a[data-refresh]', 'article']"
        ".map(each => document.querySelector(each).checkVisibility())"
    )

    assert colours == ["rgb(0, 0, 0)", "rgb(255, 255, 255)"]
    assert shown == [False, False, False, False, True]
    assert axe.violations(browser) == []


def test_a_thousand_targets_are_all_there(browser: Browser) -> None:
    with serving(FakeBackend(a_fleet(1000, 40))) as site:
        browser.open(f"{site.url}/?all=1")
        rows = browser.run("return document.querySelectorAll('bdi').length")
        browser.open(f"{site.url}/")
        shown = browser.run("return document.querySelectorAll('bdi').length")

    assert (rows, shown) == (1000, 250)
    assert browser.errors() == []
