"""`make screenshots`: record a story, draw every dashboard of it into docs/images."""

from __future__ import annotations

import argparse
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.e2e.browsers import Browser
from tests.grafana.boards import BOARDS, ROOT, Sight
from tests.pictures.paper import photograph, sheets, write_page
from tests.pictures.story import SCRAPE, recorded

IMAGES = ROOT / "docs" / "images"
CHOSEN = {"client": {"target": "orders"}}  # by dashboard: who is looked at; everybody, where none is said
LARGEST = 300_000  # bytes of a picture: more would make the documents slow to read


def main() -> None:
    """Record and draw; says what it does."""
    parser = argparse.ArgumentParser(prog="make screenshots", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10, help="how long the story takes (10)")
    minutes: float = parser.parse_args().minutes
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="waexporter-pictures-")))
        print(f"A story of {minutes:g} minutes is recorded ...")
        story = stack.enter_context(recorded(minutes * 60, folder, print))
        browser = stack.enter_context(Browser(folder / "profile"))
        IMAGES.mkdir(exist_ok=True)
        for old in IMAGES.glob("*.png"):
            old.unlink()
        for name, board in BOARDS.items():
            seconds = int(story.ended - story.began)
            sight = Sight(story.ended, seconds, SCRAPE, SCRAPE, CHOSEN.get(name))
            for suffix, sheet in sheets(board).items():
                page = folder / f"{name}{suffix}.html"
                page.write_text(write_page(sheet, sight, story.url))
                picture = IMAGES / f"{name}{suffix}.png"
                photograph(browser, page, picture)
                size = picture.stat().st_size
                print(f"{picture.relative_to(ROOT)}: {size // 1000} kB")
                assert size <= LARGEST, picture


if __name__ == "__main__":
    main()
