"""`make screenshots`: record what can happen, draw every dashboard of it, and check what is seen."""

from __future__ import annotations

import argparse
import logging
import shutil
import sys
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from grafana.pictures import bundle, fleets, scenarios, story
from grafana.pictures.checks import faults, faults_together
from grafana.pictures.drawing import draw
from grafana.pictures.looks import BUDGETS, DOCUMENTED, LOOKED_AT, OF_ONE_CLIENT, UNWATCHED, looks
from grafana.pictures.recording import is_kept, opened
from grafana.pictures.report import View
from tests.e2e.browsers import Browser
from tests.grafana.boards import BOARDS, ROOT, Sight, rows
from tests.grafana.costs import costs

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from grafana.pictures.looks import Look
    from grafana.pictures.pages import Pages
    from grafana.pictures.recording import Moment, Recording
    from grafana.pictures.report import Report

IMAGES = ROOT / "docs" / "images"
KEPT = ROOT / ".cache" / "pictures"
RECORDINGS = ("story", "scenarios", *fleets.FLEETS)
LARGEST = 300_000  # bytes of a picture: more would make the documents slow to read
SCREEN = 900  # pixels: what is seen of a dashboard without scrolling


def main() -> None:
    """Record, draw and check; says what it does, and ends with 1 when anything looks wrong."""
    logging.getLogger("asyncio").setLevel(logging.ERROR)  # simulated clients break connections on purpose
    arguments = _arguments()
    wanted: Sequence[str] = arguments.only or RECORDINGS
    bundle.install()
    recorder = Recorder(arguments.minutes * 60, again=arguments.again)
    artist = Artist(arguments.into)
    with ExitStack() as stack:
        profile = stack.enter_context(TemporaryDirectory(prefix="waexporter-browser-"))
        browser = stack.enter_context(Browser(Path(profile)))
        pool = stack.enter_context(ThreadPoolExecutor(1))  # what comes next is recorded meanwhile
        stack.callback(pool.shutdown, wait=False, cancel_futures=True)
        recorded = {name: pool.submit(recorder.record, name) for name in wanted}
        for name in wanted:
            recorded[name].result()
            with opened(KEPT / name) as recording:
                artist.draw_all(browser, recording)
    if set(wanted) == set(RECORDINGS):  # else much would seem never to apply
        artist.compare()
    if "story" in wanted:
        artist.write_documents()
    say(f"The pictures are in {arguments.into}.")
    sys.exit(_tell(artist.findings))


def say(text: str) -> None:
    """Print a line at once."""
    print(text, flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make screenshots", description=__doc__)
    parser.add_argument("--minutes", type=float, default=5, help="how long the story takes (5)")
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


def _tell(findings: Mapping[str, Sequence[str]]) -> int:
    say(f"{len(findings)} findings:" if findings else "Nothing looks wrong.")
    for finding, pictures in findings.items():
        more = f" and {len(pictures) - 1} more" if len(pictures) > 1 else ""
        say(f"  {finding}, in {pictures[0]}{more}")
    return 1 if findings else 0


class Recorder:
    """Records by name; one reading of real pages serves all fleets."""

    def __init__(self, seconds: float, *, again: bool) -> None:
        """Take how many seconds the story takes, and whether what is kept already will do."""
        self._seconds = seconds
        self._again = again

    def record(self, name: str) -> None:
        """Record what has this name."""
        folder = KEPT / name
        if self._again and is_kept(folder):
            return
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        began = time.monotonic()
        if name == "story":
            story.record(self._seconds, folder, lambda text: say(f"{name}: {text}"))
        elif name == "scenarios":
            scenarios.record(folder, lambda text: say(f"{name}: {text}"))
        else:
            fleets.record(name, self._pages, folder)
        say(f"{name}: recorded in {time.monotonic() - began:.0f} s")

    @cached_property
    def _pages(self) -> tuple[Pages, Pages]:
        with TemporaryDirectory(prefix="waexporter-pages-") as folder:
            return fleets.read_models(fleets.FLEETS, Path(folder))


class Artist:
    """Draws, keeps the pictures, and collects what looks wrong."""

    def __init__(self, into: Path) -> None:
        """Take the folder of the pictures."""
        self.findings: defaultdict[str, list[str]] = defaultdict(list)  # the pictures of each
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
            for fault in faults_together(reports, BOARDS[name]):
                self.findings[f"{name}: {fault}"].append("all pictures")

    def write_documents(self) -> None:
        """Put the pictures of the story that the documents show in their place."""
        for old in IMAGES.glob("*.png"):
            old.unlink()
        IMAGES.mkdir(exist_ok=True)
        for name, look in DOCUMENTED.items():
            picture = IMAGES / f"{name}.png"
            shutil.copy(_first_screen(self._into / "story" / look.file), picture)
            if picture.stat().st_size > LARGEST:
                self.findings[f"larger than {LARGEST // 1000} kB"].append(picture.name)

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
        try:
            drawn = draw(browser, board, view, url, (look.width, SCREEN))
        except AssertionError as error:
            self.findings[f"{look.board}: {error}"].append(f"{name}/{look.file}")
            return
        picture = self._into / name / look.file
        drawn.photograph(picture)
        if name == "story":
            drawn.photograph(_first_screen(picture), SCREEN)
        found = faults(drawn.report, board, dead=name in UNWATCHED)
        for fault in found:
            self.findings[f"{look.board}: {fault}"].append(f"{name}/{look.file}")
        self._reports[look.board].append(drawn.report)
        say(f"{name}/{look.file}: {len(found)} findings, {time.monotonic() - began:.1f} s")

    def _ask(self, url: str, moment: Moment) -> None:
        """Say how long Prometheus needs for each dashboard when it is opened."""
        for name, board in BOARDS.items():
            chosen = {"target": LOOKED_AT["hundred"][0]} if name in OF_ONE_CLIENT else {}
            seconds = int(moment.ended - moment.began)
            sight = Sight(moment.ended, seconds, moment.scrape, moment.scrape, chosen)
            asked = [cost for cost in costs(url, board, sight) if cost.is_at_first]
            total = sum(cost.seconds for cost in asked)
            longest = max(cost.size for cost in asked)
            say(f"hundred: {name}: {len(asked)} queries of {longest} bytes at most take {total:.2f} s")
            if total > BUDGETS.get(name, total):
                self.findings[f"{name}: its queries take {total:.1f} s"].append("hundred")


def _first_screen(picture: Path) -> Path:
    return picture.with_stem(f"{picture.stem}-first-screen")


if __name__ == "__main__":
    main()
