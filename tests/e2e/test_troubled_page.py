"""The status page with everything on it that is wrong with waexporter itself, as a browser draws it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.e2e.browsers import Browser
from tests.e2e.clients import MONITOR, OWNER, USERS, SimulatedClient
from tests.e2e.exporters import Exporter, write_config
from tests.e2e.waiting import wait_for
from waexporter.simulator import Options, Simulator

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.real.fixtures import RealParts

pytestmark = pytest.mark.real

SECRET = "hush-hush-hush"
DOG = {"name": "eu", "match": {"alertname": "Watchdog", "prometheus": "eu"}, "max_silence": "1h"}
SCREENS = {"desk": (1280, 900, False), "dark desk": (1280, 900, True), "phone": (390, 844, False)}
SEEN = (
    "The configuration has been refused",
    "poll.nothing: unknown key",
    "nobody reads a page in the group of support-line",
    "2 webhooks were refused, the last",
    "answered 401, 2 times. Another secret was sent than that of pager.webhook",
    "watchdog eu: has never come",
)
# The contrast of every text with what is behind it (WCAG 2.1, 1.4.3), and how wide the page is.
MEASURE = """
const luminance = colour => {
  const [r, g, b] = colour.map(part => part / 255)
    .map(part => part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const read = text => text.match(/[0-9.]+/g).map(Number);
const behind = element => {
  for (let each = element; each; each = each.parentElement) {
    const colour = read(getComputedStyle(each).backgroundColor);
    if (colour.length === 3 || colour[3] === 1) return colour.slice(0, 3);
  }
  return [255, 255, 255];
};
const faint = [];
for (const element of document.querySelectorAll("body *")) {
  const own = [...element.childNodes].some(node => node.nodeType === 3 && node.textContent.trim());
  if (!own) continue;
  const text = luminance(read(getComputedStyle(element).color).slice(0, 3));
  const back = luminance(behind(element));
  const contrast = (Math.max(text, back) + 0.05) / (Math.min(text, back) + 0.05);
  if (contrast < 4.5) faint.push([element.textContent.trim().slice(0, 60), contrast.toFixed(2)]);
}
const dots = [...document.querySelectorAll(".problems li, p.note")]
  .map(each => getComputedStyle(each, "::before").color);
const green = [...document.querySelectorAll(".ok .tick")].map(each => getComputedStyle(each).color);
return {faint, dots, green, text: document.body.innerText, width: document.documentElement.scrollWidth,
        inner: window.innerWidth};
"""


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Run a daemon whose reload failed, whose webhooks are refused, and one of whose accounts is no admin."""
    options = Options(users=USERS, health_per_minute=None)
    with (
        Simulator(options) as one,
        Simulator(options) as two,
        SimulatedClient(one.url) as first,
        SimulatedClient(two.url) as second,
    ):
        first.bring("group_empty")
        often = dict.fromkeys(("health", "settings", "group"), "1s")
        config = {
            "targets": [
                first.target("support-line", auth=_login(OWNER)),
                second.target("orders", auth=_login(MONITOR)),
            ],
            "poll": often,
            "pager": {
                "state_dir": str(tmp_path_factory.mktemp("state")),
                "webhook": {"secret": SECRET},
                "watchdogs": [DOG],
            },
        }
        file = write_config(tmp_path_factory.mktemp("run"), config)
        with Exporter.run(file) as exporter:
            _trouble(exporter, file)
            yield exporter.url


def _login(account: tuple[str, ...]) -> dict[str, str]:
    return {"username": account[0], "password": account[1]}


def _trouble(exporter: Exporter, file: Path) -> None:
    headers = {"User-Agent": "Alertmanager/0.28.0", "Authorization": "Bearer another"}
    for _ in range(2):
        httpx.post(f"{exporter.url}/api/v1/alerts", json={}, headers=headers, trust_env=False)
    file.write_text(file.read_text().replace('"health": "1s"', '"health": "1s", "nothing": 1'))
    right = {"Authorization": f"Bearer {SECRET}"}
    assert httpx.post(f"{exporter.url}/-/reload", headers=right, trust_env=False).status_code == 400
    wait_for(
        lambda: exporter.get("/").text,
        until=lambda page: "nobody reads a page in the group" in page,
    )


def test_all_of_it_is_said_and_can_be_read_on_every_screen(
    url: str, real_parts: RealParts, tmp_path: Path
) -> None:
    real_parts.browser()

    with Browser(tmp_path / "profile") as browser:
        seen = {name: _look(browser, url, *screen) for name, screen in SCREENS.items()}

    for name, found in seen.items():
        text = " ".join(found["text"].split())
        assert [words for words in SEEN if words not in text] == [], name
        assert found["faint"] == [], name
        assert found["width"] <= found["inner"], name
        assert found["dots"], name
        assert not {*found["dots"]} & {*found["green"]}, f"{name}: a problem has a green dot"


def _look(browser: Browser, url: str, width: int, height: int, dark: bool) -> dict[str, Any]:  # noqa: FBT001
    browser.look(width=width, height=height, dark=dark)
    browser.open(url)
    found: dict[str, Any] = browser.run(MEASURE)
    assert browser.errors() == []
    return found
