"""`make screenshots`: record a story, draw every dashboard of it into docs/images."""

from __future__ import annotations

import argparse
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from tests.e2e.browsers import Browser
from tests.e2e.scenarios import CLIENTS
from tests.grafana.boards import BOARDS, ROOT, Sight
from tests.pictures import scenarios, story
from tests.pictures.paper import photograph, sheets, write_page

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.pictures.story import Recording

IMAGES = ROOT / "docs" / "images"
CHOSEN = {"client": {"target": "orders"}}  # by dashboard: who is looked at; everybody, where none is said
LARGEST = 300_000  # bytes of a picture: more would make the documents slow to read
SCREEN = 1000  # pixels: what is seen of a dashboard without scrolling


def main() -> None:
    """Record and draw; says what it does."""
    parser = argparse.ArgumentParser(prog="make screenshots", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10, help="how long the story takes (10)")
    parser.add_argument(
        "--scenarios",
        type=Path,
        metavar="FOLDER",
        help="draw, instead, what is seen at first of each scenario of the simulator into this folder",
    )
    arguments = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="waexporter-pictures-")))
        if arguments.scenarios is not None:
            recording = stack.enter_context(scenarios.recorded_scenarios(folder, print))
            browser = stack.enter_context(Browser(folder / "profile"))
            draw_scenarios(browser, recording, folder, arguments.scenarios)
        else:
            print(f"A story of {arguments.minutes:g} minutes is recorded ...")
            recording = stack.enter_context(story.recorded(arguments.minutes * 60, folder, print))
            browser = stack.enter_context(Browser(folder / "profile"))
            draw_story(browser, recording, folder)


def draw_story(browser: Browser, recording: Recording, folder: Path) -> None:
    """Draw every dashboard in full for the documents."""
    IMAGES.mkdir(exist_ok=True)
    for old in IMAGES.glob("*.png"):
        old.unlink()
    for name, board in BOARDS.items():
        sight = _sight(recording, story.SCRAPE, CHOSEN.get(name))
        for suffix, sheet in sheets(board).items():
            page = folder / f"{name}{suffix}.html"
            page.write_text(write_page(sheet, sight, recording.url))
            picture = IMAGES / f"{name}{suffix}.png"
            photograph(browser, page, picture)
            size = picture.stat().st_size
            print(f"{picture.relative_to(ROOT)}: {size // 1000} kB")
            assert size <= LARGEST, picture


def draw_scenarios(browser: Browser, recording: Recording, folder: Path, pictures: Path) -> None:
    """Draw the client's dashboard for each scenario's client, and those that are about all of them once."""
    pictures.mkdir(parents=True, exist_ok=True)
    looks = [(client.name, "client", {"target": client.name}) for client in CLIENTS]
    looks += [(name, name, {}) for name in BOARDS if name != "client"]
    for picture, name, chosen in looks:
        sight = _sight(recording, scenarios.SCRAPE, chosen)
        sheet = next(iter(sheets(BOARDS[name]).values()))
        page = folder / f"{picture}.html"
        page.write_text(write_page(sheet, sight, recording.url))
        photograph(browser, page, pictures / f"{picture}.png", SCREEN)
        print(pictures / f"{picture}.png")


def _sight(recording: Recording, scrape: int, chosen: Mapping[str, str] | None) -> Sight:
    return Sight(recording.ended, int(recording.ended - recording.began), scrape, scrape, chosen)


if __name__ == "__main__":
    main()
