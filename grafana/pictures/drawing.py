"""Draw a dashboard with Grafana's own published packages in a browser, and say what is seen."""

from __future__ import annotations

import json
import threading
import time
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from grafana.pictures import bundle
from grafana.pictures.report import read
from tests.real.process import GLANCE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path
    from typing import Any

    from grafana.pictures.report import Report, View
    from tests.e2e.browsers import Browser

SCREEN = (1600, 900)  # pixels
USUAL = (  # what the packages say of their own data source, and what of icons that they come without
    "Using deprecated annotationQuery method",
    "/public/img/icons/",
)
DEADLINE = 90  # seconds: a busy machine needs half a minute


@dataclass(frozen=True, slots=True)
class Drawn:
    """A dashboard that is on the screen now, until the next one is drawn."""

    report: Report
    browser: Browser

    def photograph(self, file: Path, tallest: int | None = None) -> None:
        """Keep a picture of the whole page, or of what of it is seen on a screen so tall."""
        height = min(self.report.height, tallest or self.report.height)
        self.browser.look(width=self.report.width, height=height)
        _wait(self.browser)
        self.browser.photograph(file)


def draw(
    browser: Browser,
    board: Mapping[str, Any],
    view: View,
    url: str,
    size: tuple[int, int] = SCREEN,
) -> Drawn:
    """Draw a dashboard over the Prometheus at this address; waits until all of it is there."""
    job = {"board": board, "view": asdict(view), "url": url}
    width, height = size
    with _served(json.dumps(job, default=sorted).encode()) as address:
        browser.look(width=width, height=height)
        browser.errors()  # those of the page before are not ours
        browser.open(f"{address}/index.html")
        _wait(browser)
        report = browser.run("return window.report()")
        complaints = {
            message.partition("\n")[0]
            for message in browser.errors()
            if not any(usual in message for usual in USUAL)
        }
    return Drawn(read(report, sorted(complaints)), browser)


def _wait(browser: Browser) -> None:
    """Wait until nothing is left to ask or to draw."""
    until = time.monotonic() + DEADLINE
    while not browser.run("return window.drawn === true"):
        if time.monotonic() > until:
            left = browser.run("return window.unfinished()")
            raise AssertionError(f"not drawn after {DEADLINE} s: {left}; {browser.errors()[:5]}")
        time.sleep(GLANCE)


@contextmanager
def _served(job: bytes) -> Iterator[str]:
    """Serve the page and what it has to draw on loopback."""
    handler = partial(_Handler, job, directory=str(bundle.page()))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


class _Handler(SimpleHTTPRequestHandler):
    def __init__(self, job: bytes, *arguments: Any, directory: str) -> None:  # noqa: ANN401 - as the base has it
        self._job = job
        super().__init__(*arguments, directory=directory)

    def do_GET(self) -> None:
        if self.path != "/job.json":
            super().do_GET()
            return
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(self._job)

    def translate_path(self, path: str) -> str:
        for beginning, place in bundle.ASSETS.items():
            if path.startswith(beginning):
                return f"{bundle.modules()}/{place}{path.removeprefix(beginning)}"
        return super().translate_path(path)

    def log_message(self, *_: object) -> None:
        pass
