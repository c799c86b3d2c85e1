"""How fast pages leave, with real processes and a real disk."""

from __future__ import annotations

import http.client
import json
import os
import statistics
import tempfile
import threading
import time
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

from tests.e2e.clients import USERS, SimulatedClient
from tests.e2e.exporters import EVERY_SECOND, WAEXPORTER, Exporter, clean_environment, write_config
from tests.e2e.waiting import wait_for
from tests.real import parts
from tests.real.alertmanager import Alertmanager
from tests.real.process import Process
from tests.real.prometheus import Prometheus

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_ALERTS = 1000  # in a webhook
_PER_SECOND = 20
_SECONDS = 20
_SENDERS = 8  # connections; Alertmanager keeps a few open as well
_FSYNCS = 200
_BLOCK = os.urandom(4096)
_FAULTS = 10
_SUITE = "trixie"
_GROUP = "14155550100-1520000000"
_POLLS = {**EVERY_SECOND, "app": "off", "web": "off", "db": "off"}


def webhook_figures() -> list[str]:
    """Measure the answer to webhooks of a thousand new alerts each, while their pages go out."""
    # Not in /tmp, which may be memory.
    with tempfile.TemporaryDirectory(prefix=".bench-", dir=Path.cwd()) as name, ExitStack() as stack:
        folder = Path(name)
        client = stack.enter_context(_simulated())
        exporter = stack.enter_context(_paging(folder, [client.target("one")]))
        _wait_until_known(exporter)
        before = _fsyncs(folder)
        latencies = _storm(exporter)
        fsyncs = sorted(before + _fsyncs(folder))
        told = exporter.get("/api/v1/pages?limit=1").json()
        metrics = exporter.page()
        accepted = metrics.total("waexporter_webhooks_total", result="accepted")
        kibibytes = len(_body(0)) / 1024
    assert accepted == len(latencies), f"{accepted:.0f} of {len(latencies)} webhooks were accepted"
    return [
        f"{len(latencies)} webhooks of {_ALERTS} new alerts ({kibibytes:.0f} KiB), {_PER_SECOND} a second:",
        f"  answered after {_spread(latencies)} (p99 under 100 ms); all on disk by then",
        f"  a bare write of 4 KiB and fsync there, before and after: {_spread(fsyncs)}",
        f"  pages not out yet at the end: {told['pending']}, kept back by the rate of 10 in 5 minutes",
    ]


def alertmanager_figures() -> list[str]:
    """Measure the time from a fault to the accepted page, through a real Prometheus and Alertmanager."""
    missing = parts.missing_programs(_SUITE)
    if missing:
        return [f"{', '.join(missing)} missing: make real-parts"]
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        ill, well = stack.enter_context(_simulated()), stack.enter_context(_simulated())
        targets = [ill.target("ill"), well.target("well")]
        exporter = stack.enter_context(_paging(folder, targets, rate="1000/1m"))
        alertmanager = stack.enter_context(
            Alertmanager(
                parts.program(_SUITE, "prometheus-alertmanager"), folder / "am", _routes(exporter.url)
            )
        )
        prometheus = stack.enter_context(
            Prometheus(
                parts.program(_SUITE, "prometheus"), folder / "p", _rules(folder, exporter, alertmanager)
            )
        )
        prometheus.query('whatsapp_verdict{target="ill",verdict="ok"} == 1', deadline=60)
        _wait_until_known(exporter)
        times = []
        for number in range(_FAULTS):
            time.sleep(number / _FAULTS)  # polls, scrapes and rules keep their beat: each fault meets another
            times.append(_fault_to_page(ill, well))
    return [
        f"{_FAULTS} times a gateway was lost; polls, scrapes, rules and groups every second:",
        f"  accepted by another client after {_spread(times)} (under 5 s)",
    ]


def fallback_figures() -> list[str]:
    """Measure the time from the webhook to the fallback while the only client is down."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        client = stack.enter_context(_simulated())
        fallback, url = stack.enter_context(_listening())
        more: dict[str, object] = {"fallback": [url], "rate": "1000/1m"}
        exporter = stack.enter_context(_paging(Path(name), [client.target("one")], **more))
        _wait_until_known(exporter)
        client.bring("gateway_down")
        wait_for(lambda: exporter.targets()["one"]["verdict"]["state"], until="down".__eq__, deadline=60)
        sender = _Sender(exporter)
        times = []
        for number in range(_FAULTS):
            began = time.perf_counter()
            assert sender.post(_body(number, alerts=1)) == http.client.OK
            wait_for(lambda: len(fallback), until=(number + 1).__eq__, deadline=60)
            times.append(fallback[-1] - began)
    return [
        f"{_FAULTS} webhooks while the only client was known to be down:",
        f"  at the fallback, a webhook, after {_spread(times)} (under 5 s)",
    ]


# --- what runs ---------------------------------------------------------------------------------


@contextmanager
def _simulated() -> Iterator[SimulatedClient]:
    users = (f"--user={name}:{password}:{role}" for name, password, role in USERS)
    command = (*WAEXPORTER, "simulate", "--listen=127.0.0.1:0", "--health-limit=0", *users)
    with Process(command, env=clean_environment()) as process:
        url = process.wait_for_line(r"answers at (http\S+)", deadline=60)[1]
        with SimulatedClient(url) as client:
            yield client


def _paging(folder: Path, targets: Sequence[object], **pager: object) -> Exporter:
    config = {
        "targets": targets,
        "poll": _POLLS,
        "log": {"level": "error"},
        "pager": {"state_dir": str(folder / "pager"), "group": _GROUP, **pager},
    }
    return Exporter.run(write_config(folder, config), "--log-level", "info")


def _wait_until_known(exporter: Exporter) -> None:
    def states() -> set[str]:
        return {target["verdict"]["state"] for target in exporter.targets().values()}

    wait_for(states, until={"ok"}.__eq__, deadline=60)


@contextmanager
def _listening() -> Iterator[tuple[list[float], str]]:
    """Receive messages at an address, and record when each arrived."""
    came: list[float] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            came.append(time.perf_counter())
            self.send_response(http.client.OK)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield came, f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


# --- webhooks ----------------------------------------------------------------------------------


def _body(number: int, alerts: int = _ALERTS) -> bytes:
    """Return a webhook with new alerts."""
    labels = {
        "alertname": "WhatsAppDown",
        "severity": "critical",
        "affects_channel": "whatsapp",
        "target": "one",
    }
    annotations = {
        "summary": "A WhatsApp client is down, no messages leave or arrive.",
        "description": "one is down: no_coreapp_connected",
        "runbook_url": "https://waexporter.example/runbooks/WhatsAppDown.md",
        "dashboard_url": "http://localhost:3000/d/waexporter-client?var-target=one",
    }
    listed = [
        {
            "status": "firing",
            "labels": {**labels, "node": f"core-{number}-{each}"},
            "annotations": annotations,
            "startsAt": "2026-01-31T09:30:00.250Z",
            "endsAt": "0001-01-01T00:00:00Z",
            "generatorURL": "http://localhost:9090/graph?g0.expr=whatsapp_verdict",
            "fingerprint": f"{number:08x}{each:08x}",
        }
        for each in range(alerts)
    ]
    return json.dumps(
        {
            "version": "4",
            "groupKey": f'{{}}:{{number="{number}"}}',
            "status": "firing",
            "truncatedAlerts": 0,
            "receiver": "on-call",
            "groupLabels": {"number": str(number)},
            "commonLabels": labels,
            "commonAnnotations": annotations,
            "externalURL": "http://localhost:9093",
            "alerts": listed,
        }
    ).encode()


class _Sender:
    """A connection that stays open."""

    def __init__(self, exporter: Exporter) -> None:
        self._connection = http.client.HTTPConnection(exporter.url.removeprefix("http://"), timeout=60)

    def post(self, body: bytes) -> int:
        """Send a webhook and return the status."""
        self._connection.request("POST", "/api/v1/alerts", body, {"Content-Type": "application/json"})
        with self._connection.getresponse() as answer:
            answer.read()
            return answer.status


def _storm(exporter: Exporter) -> list[float]:
    """Send webhooks at a constant rate; return the seconds from when each was due to its answer."""
    count = _PER_SECOND * _SECONDS
    numbers = iter(range(count))
    latencies: list[float] = []
    guard = threading.Lock()
    began = time.perf_counter() + 1.0

    def work() -> None:
        sender = _Sender(exporter)
        while True:
            with guard:
                number = next(numbers, None)
            if number is None:
                return
            body = _body(number)  # made before it is due
            due = began + number / _PER_SECOND
            time.sleep(max(due - time.perf_counter(), 0.0))
            if sender.post(body) == http.client.OK:
                latencies.append(time.perf_counter() - due)

    threads = [threading.Thread(target=work) for _ in range(_SENDERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(latencies) == count, f"{len(latencies)} of {count} webhooks were accepted"
    return latencies


def _fsyncs(folder: Path) -> list[float]:
    times = []
    with (folder / "bare").open("wb", buffering=0) as file:
        for _ in range(_FSYNCS):
            began = time.perf_counter()
            file.write(_BLOCK)
            os.fsync(file.fileno())
            times.append(time.perf_counter() - began)
    return times


# --- Prometheus and Alertmanager ---------------------------------------------------------------


def _routes(exporter: str) -> dict[str, object]:
    return {
        "route": {
            "receiver": "on-call",
            "group_by": ["target"],
            "group_wait": "0s",
            "group_interval": "1s",
            "repeat_interval": "1h",
        },
        "receivers": [{"name": "on-call", "webhook_configs": [{"url": f"{exporter}/api/v1/alerts"}]}],
    }


def _rules(folder: Path, exporter: Exporter, alertmanager: Alertmanager) -> dict[str, object]:
    rule = {
        "alert": "WhatsAppDown",
        "expr": 'whatsapp_verdict{verdict="down"} == 1',
        "labels": {"severity": "critical", "affects_channel": "whatsapp"},
        "annotations": {"summary": "A WhatsApp client is down, no messages leave or arrive."},
    }
    file = folder / "rules.yml"
    file.write_text(json.dumps({"groups": [{"name": "bench", "rules": [rule]}]}))
    exporter_at, alertmanager_at = (url.partition("//")[2] for url in (exporter.url, alertmanager.url))
    return {
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(file)],
        "scrape_configs": [{"job_name": "waexporter", "static_configs": [{"targets": [exporter_at]}]}],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [alertmanager_at]}]}]},
    }


def _fault_to_page(ill: SimulatedClient, well: SimulatedClient) -> float:
    """Disconnect the gateway of a client until another has sent the page; return the seconds."""
    told = _messages(well)
    began = time.perf_counter()
    ill.bring("gateway_down")
    wait_for(lambda: _messages(well), until=lambda count: count > told, deadline=60)
    took = time.perf_counter() - began
    told_before = _messages(ill) + _messages(well)
    ill.lift("gateway_down")
    wait_for(lambda: _messages(ill) + _messages(well), until=lambda count: count > told_before, deadline=60)
    return took


def _messages(client: SimulatedClient) -> int:
    count: int = client.control("GET")["messages"]
    return count


def _spread(seconds: Sequence[float]) -> str:
    """Return the median, the 99th percentile and the maximum as text."""
    ordered = sorted(seconds)
    rare = ordered[min(int(len(ordered) * 0.99), len(ordered) - 1)]
    figures = (statistics.median(ordered), rare, ordered[-1])
    if figures[-1] >= 1:
        return "median {:.2f} s, p99 {:.2f} s, most {:.2f} s".format(*figures)
    return "median {:.1f} ms, p99 {:.1f} ms, most {:.1f} ms".format(*(1e3 * figure for figure in figures))
