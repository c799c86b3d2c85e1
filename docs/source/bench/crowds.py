"""What hostile clients cost an honest one: how long /metrics takes before they come and meanwhile."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import TYPE_CHECKING

import bcrypt

from docs.source.bench.hostile import KINDS, authorization
from docs.source.bench.network import run_exporter, upstream
from tests.real.network import find_free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

_TARGETS = 50
_SCRAPES = 300  # in each phase
_BETWEEN = 0.03  # seconds
_PAIR = "prometheus:correct horse"


def crowd_figures() -> list[str]:
    """Measure scrapes in connections of their own, before each crowd and while it is there."""
    port = find_free_port()
    name, password = _PAIR.split(":")
    with upstream() as url, tempfile.TemporaryDirectory() as folder:
        web = Path(folder) / "web.yml"
        hashed = bcrypt.hashpw(password.encode(), bcrypt.gensalt(10)).decode()
        web.write_text(f"basic_auth_users: {{{name}: '{hashed}'}}\n")
        config = Path(folder) / "waexporter.yml"
        entries = "".join(f"  - {{name: client-{number:02}, url: '{url}'}}\n" for number in range(_TARGETS))
        others = "support: off, settings: off, certificates: off, group: off"
        config.write_text(
            f"targets:\n{entries}poll: {{{others}}}\nweb: {{config_file: '{web}'}}\nlog: {{level: error}}\n"
        )
        arguments = ["run", "--config", str(config), "--listen", f"127.0.0.1:{port}"]
        with run_exporter(arguments, port, "/-/healthy"):
            time.sleep(10)  # every target has been polled
            size = len(_scrape(port))
            lines = [
                f"a page of {size / 1024:.0f} KiB, {_SCRAPES} times, each in a new connection, as a user:"
            ]
            for kind in KINDS:
                before = _measure(port)
                with _crowd(kind, port):
                    during = _measure(port)
                lines.append(f"  {kind}: {_compare(before, during)}")
    return lines


def _compare(before: list[float | None], during: list[float | None]) -> str:
    failed = during.count(None)
    was, now = (_percentile([each for each in times if each is not None], 0.99) for times in (before, during))
    half = [_percentile([each for each in times if each is not None], 0.5) for times in (before, during)]
    return (
        f"p99 {was * 1e3:.1f} ms before, {now * 1e3:.1f} ms during, {now / was:.1f}x; "
        f"median {half[0] * 1e3:.1f} and {half[1] * 1e3:.1f} ms; {failed} failed"
    )


def _percentile(times: list[float], share: float) -> float:
    return sorted(times)[min(int(len(times) * share), len(times) - 1)] if times else float("nan")


def _measure(port: int) -> list[float | None]:
    """Return how long each scrape took; None: it failed."""
    times: list[float | None] = []
    for _ in range(_SCRAPES):
        began = time.perf_counter()
        try:
            _scrape(port)
            times.append(time.perf_counter() - began)
        except (OSError, AssertionError):
            times.append(None)
        time.sleep(_BETWEEN)
    return times


def _scrape(port: int) -> bytes:
    name, _, value = authorization(_PAIR).decode().strip().partition(": ")
    with closing(HTTPConnection("127.0.0.1", port, timeout=30)) as client:
        client.request("GET", "/metrics", headers={name: value})
        response = client.getresponse()
        body = response.read()
        assert response.status == 200, response.status
        return body


@contextmanager
def _crowd(kind: str, port: int) -> Iterator[None]:
    """Run a crowd in another process, and wait until it is there."""
    command = [sys.executable, "-m", "docs.source.bench.hostile", kind, str(port), _PAIR]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        process.stdout.readline()
        yield
    finally:
        process.kill()
        process.wait()
