"""`make pictures`: photograph the pages for people of a daemon in trouble, for the documents."""

from __future__ import annotations

import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from tests.e2e.browsers import Browser
from tests.e2e.showcase import TROUBLED, show
from tests.markdown import ROOT

IMAGES = ROOT / "docs" / "images" / "pages"
LARGEST = 250_000  # bytes of a picture: more would make the documents slow to read
SECONDS = 150  # until the charts of a target have something to show


class Picture(NamedTuple):
    """A page, and the screen on which it is looked at."""

    path: str
    width: int
    height: int
    dark: bool = False


PICTURES = {
    "fleet": Picture("/", 1180, 1180),
    "fleet-phone": Picture("/", 390, 844, dark=True),
    "target": Picture(f"/targets/{TROUBLED}", 1180, 1480, dark=True),
}


def main() -> None:
    """Write every picture; end with an error if one is too large."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    with (
        TemporaryDirectory(prefix="waexporter-pictures-") as folder,
        Browser(Path(folder) / "profile") as browser,
        show(Path(folder)) as exporter,
    ):
        print(f"{SECONDS} s pass, so that there is a past to show ...", flush=True)
        time.sleep(SECONDS)
        for name, (path, width, height, dark) in PICTURES.items():
            browser.look(width=width, height=height, dark=dark)
            browser.open(f"{exporter.url}{path}")
            file = IMAGES / f"{name}.png"
            browser.photograph(file)
            size = file.stat().st_size
            print(f"{file.relative_to(ROOT)}: {size // 1000} kB", flush=True)
            assert size <= LARGEST, f"{name} is larger than {LARGEST // 1000} kB"


if __name__ == "__main__":
    main()
