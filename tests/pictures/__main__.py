"""`make screenshots`: record what can happen, draw every dashboard of it, and check what is seen."""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from collections import defaultdict
from contextlib import contextmanager
from functools import cached_property, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from tests.e2e.browsers import Browser
from tests.grafana.boards import BOARDS, ROOT, Sight, rows
from tests.grafana.costs import costs
from tests.pictures import bundle, fleets, scenarios, story
from tests.pictures.checks import faults, faults_together
from tests.pictures.drawing import draw
from tests.pictures.looks import BUDGETS, DOCUMENTED, UNWATCHED, looks
from tests.pictures.recording import is_kept, opened
from tests.pictures.report import View

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.pictures.looks import Look
    from tests.pictures.pages import Pages
    from tests.pictures.recording import Moment, Recording
    from tests.pictures.report import Report

IMAGES = ROOT / "docs" / "images"
KEPT = ROOT / ".cache" / "pictures"
RECORDINGS = ("story", "scenarios", *fleets.FLEETS)
LARGEST = 300_000  # bytes of a picture: more would make the documents slow to read
SCREEN = 900  # pixels: what is seen of a dashboard without scrolling


def main() -> None:
    """Record, draw and check; says what it does, and ends with 1 when anything looks wrong."""
    arguments = _arguments()
    wanted: Sequence[str] = arguments.only or RECORDINGS
    bundle.install()
    recorder = Recorder(arguments.minutes * 60)
    for name in wanted:
        if not arguments.again or not is_kept(KEPT / name):
            with _timed(f"Recording: {name}"):
                recorder.record(name)
    artist = Artist(arguments.into)
    with TemporaryDirectory(prefix="waexporter-browser-") as profile, Browser(Path(profile)) as browser:
        for name in wanted:
            with _timed(f"Drawing: {name}"), opened(KEPT / name) as recording:
                artist.draw_all(browser, recording)
    if set(wanted) == set(RECORDINGS):  # else much would seem never to apply
        artist.compare()
    if "story" in wanted:
        artist.write_documents()
    print(f"The pictures are in {arguments.into}.")
    sys.exit(_tell(artist.findings))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make screenshots", description=__doc__)
    parser.add_argument("--minutes", type=float, default=6, help="how long the story takes (6)")
    parser.add_argument(
        "--only", nargs="+", choices=RECORDINGS, metavar="NAME", help=f"some of: {', '.join(RECORDINGS)}"
    )
    parser.add_argument("--again", action="store_true", help="draw what was recorded before, where it was")
    parser.add_argument(
        "--into",
        type=Path,
        default=KEPT / "drawn",
        metavar="FOLDER",
        help="where the pictures go (%(default)s)",
    )
    return parser.parse_args()


def _tell(findings: Sequence[str]) -> int:
    print(f"{len(findings)} findings:" if findings else "Nothing looks wrong.")
    for finding in findings:
        print(f"  {finding}")
    return 1 if findings else 0


@contextmanager
def _timed(what: str) -> Iterator[None]:
    print(what, flush=True)
    began = time.monotonic()
    yield
    print(f"  done after {time.monotonic() - began:.0f} s", flush=True)


class Recorder:
    """Records by name; one reading of real pages serves all fleets."""

    def __init__(self, seconds: float) -> None:
        """Take how many seconds the story takes."""
        self._seconds = seconds

    def record(self, name: str) -> None:
        """Record anew what has this name."""
        folder = KEPT / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        say = partial(print, " ", flush=True)
        if name == "story":
            story.record(self._seconds, folder, say)
        elif name == "scenarios":
            scenarios.record(folder, say)
        else:
            fleets.record(name, self._pages, folder)

    @cached_property
    def _pages(self) -> tuple[Pages, Pages]:
        with TemporaryDirectory(prefix="waexporter-pages-") as folder:
            return fleets.read_models(fleets.FLEETS, Path(folder))


class Artist:
    """Draws, keeps the pictures, and collects what looks wrong."""

    def __init__(self, into: Path) -> None:
        """Take the folder of the pictures."""
        self.findings: list[str] = []
        self._into = into
        self._reports: defaultdict[str, list[Report]] = defaultdict(list)

    def draw_all(self, browser: Browser, recording: Recording) -> None:
        """Draw every look at each of its moments."""
        for name, moment in recording.moments.items():
            folder = self._into / name
            folder.mkdir(parents=True, exist_ok=True)
            for look in looks(name):
                self._draw(browser, recording.url, name, moment, look)
            if name == "hundred":
                self._ask(recording.url, moment)

    def compare(self) -> None:
        """Find what applied in none of all pictures of a dashboard."""
        for name, reports in self._reports.items():
            self.findings += [f"{name}: {fault}" for fault in faults_together(reports, BOARDS[name])]

    def write_documents(self) -> None:
        """Put the pictures of the story that the documents show in their place."""
        for old in IMAGES.glob("*.png"):
            old.unlink()
        IMAGES.mkdir(exist_ok=True)
        for name, look in DOCUMENTED.items():
            picture = shutil.copy(_first_screen(self._into / "story" / look.file), IMAGES / f"{name}.png")
            if picture.stat().st_size > LARGEST:
                self.findings.append(f"{picture.name} is larger than {LARGEST // 1000} kB")

    def _draw(self, browser: Browser, url: str, name: str, moment: Moment, look: Look) -> None:
        board = BOARDS[look.board]
        began = time.monotonic()
        view = View(
            begin=moment.began,
            end=moment.ended,
            scrape=moment.scrape,
            chosen={"target": look.client} if look.client else {},
            expanded=frozenset(row["id"] for row in rows(board) if row["collapsed"]),
        )
        drawn = draw(browser, board, view, url, (look.width, SCREEN))
        picture = self._into / name / look.file
        drawn.photograph(picture)
        if name == "story":
            drawn.photograph(_first_screen(picture), SCREEN)
        found = faults(drawn.report, board, dead=name in UNWATCHED)
        self.findings += [f"{name}, {look.file}: {fault}" for fault in found]
        self._reports[look.board].append(drawn.report)
        print(f"  {name}/{look.file}: {len(found)} findings, {time.monotonic() - began:.1f} s", flush=True)

    def _ask(self, url: str, moment: Moment) -> None:
        """Say how long Prometheus needs for each dashboard when it is opened."""
        seconds = int(moment.ended - moment.began)
        for name, board in BOARDS.items():
            sight = Sight(moment.ended, seconds, moment.scrape, moment.scrape, {"target": "client-013"})
            asked = [cost for cost in costs(url, board, sight) if cost.is_at_first]
            total = sum(cost.seconds for cost in asked)
            longest = max(cost.size for cost in asked)
            print(f"  {name}: {len(asked)} queries of {longest} bytes at most take {total:.2f} s")
            if total > BUDGETS.get(name, total):
                self.findings.append(f"{name}: its queries take {total:.1f} s for a hundred clients")


def _first_screen(picture: Path) -> Path:
    return picture.with_stem(f"{picture.stem}-first-screen")


if __name__ == "__main__":
    main()
