"""Processor time and memory with a real network: one poll, a sidecar, a fleet."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import requests

from docs.source.bench.speed import processor_time
from tests.real.network import find_free_port
from waexporter.model import Endpoint, Limits, PollPlan, Target, now
from waexporter.polling.poller import Poller
from waexporter.polling.store import Store
from waexporter.transport.tls import TlsContexts
from waexporter.whatsapp.client import Client

if TYPE_CHECKING:
    from collections.abc import Iterator

_ENDPOINTS = (Endpoint.HEALTH, Endpoint.APP, Endpoint.DB, Endpoint.WEB)
_OTHERS_OFF = "support: off, settings: off, certificates: off, group: off"
WAEXPORTER = [sys.executable, "-m", "waexporter"]
_EMPTY_EXPORTER = """
import prometheus_client, time
prometheus_client.start_http_server({port}, addr="127.0.0.1")
time.sleep(3600)
"""


@contextmanager
def upstream() -> Iterator[str]:
    """Run the answering process; yields its URL."""
    process = subprocess.Popen(
        [sys.executable, "-m", "docs.source.bench.upstream"], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.kill()
        process.wait()


def poll_figures() -> list[str]:
    """Measure a poll of all four endpoints against plain requests of the same bodies."""
    with upstream() as url:
        target = Target("one", url, plans={endpoint: PollPlan(15.0, 10.0) for endpoint in _ENDPOINTS})
        client = Client(target, Limits(), TlsContexts())
        store = Store([target], now)
        pollers = [Poller(client, endpoint, Limits(), now) for endpoint in _ENDPOINTS]
        session = requests.Session()
        session.trust_env = False

        def ours() -> None:
            for _ in range(50):
                for poller in pollers:
                    store.put(poller.poll())

        def bare() -> None:
            for _ in range(50):
                for poller in pollers:
                    assert session.get(url + poller.row.path, timeout=10).content

        ours()
        bare()
        rounds = [(processor_time(ours, 1), processor_time(bare, 1)) for _ in range(7)]
        mine, theirs = (min(column) for column in zip(*rounds, strict=True))
        session.close()
        client.close()
    ratio = f"ours is {mine / theirs:.2f}x (at most 1.4x)"
    return [
        f"one poll of the four endpoints: {mine * 20:.2f} ms of processor time",
        f"  bare requests for the same bodies: {theirs * 20:.2f} ms; {ratio}",
    ]


# --- processes ---------------------------------------------------------------------------------


def measure_memory(process_id: int) -> float:
    """Return the resident memory of a process in MiB."""
    status = Path(f"/proc/{process_id}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    return int(found.group(1)) / 1024 if found else 0.0


def measure_processor(process_id: int) -> float:
    """Return the processor time of a process in seconds."""
    fields = Path(f"/proc/{process_id}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def scrape(port: int, path: str = "/metrics") -> bytes:
    """Return the body of a path of an exporter, as gzip."""
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers={"Accept-Encoding": "gzip"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return bytes(answer.read())


def _first_scrape(port: int, began: float, path: str) -> float:
    while time.monotonic() - began < 20:
        try:
            scrape(port, path)
        except OSError:
            time.sleep(0.005)
        else:
            return time.monotonic() - began
    raise TimeoutError(port)


@contextmanager
def run_exporter(arguments: list[str], port: int, path: str) -> Iterator[int]:
    """Run waexporter until the `with` block ends; yields its process id once a path answers."""
    with run_process([*WAEXPORTER, *arguments], port, path=path) as (process_id, _):
        yield process_id


@contextmanager
def run_process(
    command: list[str], port: int, environ: dict[str, str] | None = None, path: str | None = "/metrics"
) -> Iterator[tuple[int, float]]:
    """Run an exporter; yields its process id and the seconds until a path answers (None: don't wait)."""
    began = time.monotonic()
    process = subprocess.Popen(
        command, env={**os.environ, **(environ or {})}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield process.pid, 0.0 if path is None else _first_scrape(port, began, path)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()


def sidecar_figures() -> list[str]:
    """Measure an exporter of one target, and other exporters beside it."""
    lines = []
    with upstream() as url:
        port = find_free_port()
        rows: list[tuple[str, list[str], dict[str, str]]] = [
            (
                "waexporter, one target",
                [*WAEXPORTER, "run", "--listen", f"127.0.0.1:{port}"],
                {"WAEXPORTER_TARGET_URL": url, "WAEXPORTER_API_KEY": "benchmark-key-1"},
            ),
            (
                "an empty prometheus_client exporter",
                [sys.executable, "-c", _EMPTY_EXPORTER.format(port=port)],
                {},
            ),
        ]
        debians = ("prometheus-node-exporter", "prometheus-blackbox-exporter")
        rows += [
            (f"Debian's {name}", [found, f"--web.listen-address=127.0.0.1:{port}"], {})
            for name in debians
            if (found := shutil.which(name))
        ]
        for name, command, environ in rows:
            with run_process(command, port, environ) as (process_id, first):
                for _ in range(100):
                    scrape(port)
                size = f"{measure_memory(process_id):.1f} MiB after 100 scrapes"
                lines.append(f"{name}: {size}, first /metrics after {first:.2f} s")
    return lines


def fleet_figures(targets: int = 1000, seconds: int = 75) -> list[str]:
    """Measure an exporter of a thousand targets, each polled every 15 s."""
    port = find_free_port()
    with upstream() as url, tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "fleet.yml"
        entries = "".join(f"  - {{name: client-{number:04}, url: '{url}'}}\n" for number in range(targets))
        config.write_text(
            f"targets:\n{entries}poll: {{health: 15s, app: 15s, web: 15s, db: 15s, {_OTHERS_OFF}}}\n"
            "log: {level: error}\n"
        )
        command = [*WAEXPORTER, "run", "--config", str(config), "--listen", f"127.0.0.1:{port}"]
        with run_process(command, port) as (process_id, first):
            time.sleep(30)  # every target has been polled, and its layout made
            before, began = measure_processor(process_id), time.monotonic()
            for _ in range(seconds // 15):
                time.sleep(15)
                scrape(port)
            share = (measure_processor(process_id) - before) / (time.monotonic() - began)
            memory = measure_memory(process_id)
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=60) as answer:
                text = answer.read().decode()
    series = sum(not line.startswith("#") for line in text.splitlines())
    missed = sum(
        float(line.rsplit(" ", 1)[1])
        for line in text.splitlines()
        if line.startswith("waexporter_polls_missed_total{")
    )
    return [
        f"{targets} targets, four endpoints every 15 s: {series} series held",
        f"  resident: {memory:.0f} MiB (under 200)",
        f"  polls missed: {missed:.0f} (none); p99 lateness at most {_p99(text):g} s (under 1 s)",
        f"  processor: {share * 100:.0f} % of one core, scrapes included; first /metrics after {first:.1f} s",
    ]


def _p99(text: str) -> float:
    """Return the upper bound of the bucket with the 99th percentile of the lateness."""
    buckets = re.findall(
        r'^waexporter_poll_lateness_seconds_bucket\{le="([^"]+)"\} (\S+)', text, re.MULTILINE
    )
    total = float(buckets[-1][1])
    return next(float(bound) for bound, count in buckets if float(count) >= 0.99 * total)
