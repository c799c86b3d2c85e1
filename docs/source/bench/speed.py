"""Processor time of translating and serving, against the obvious way to do the same."""

from __future__ import annotations

import gzip
import json
import threading
import time
from typing import TYPE_CHECKING, Any

from isal import isal_zlib
from prometheus_client import CollectorRegistry, Gauge, generate_latest

from docs.source.bench.bodies import answers
from waexporter.daemon.exporter import Exporter, Heartbeat
from waexporter.metrics.layout import LayoutContext
from waexporter.metrics.on_premises.upstream_catalogue import CATALOGUE
from waexporter.metrics.telemetry import Telemetry
from waexporter.metrics.translation import Translator
from waexporter.model import Endpoint, Limits, PollPlan, Reading, Success, Target, now
from waexporter.polling.on_demand import OnDemandPolls
from waexporter.polling.on_premises import COLLECTORS
from waexporter.polling.on_premises.collectors import STATISTICS_KEYS
from waexporter.polling.store import Store
from waexporter.web.backend import PageRequest
from waexporter.whatsapp.documents.health import read_health
from waexporter.whatsapp.documents.statistics import read_statistics

if TYPE_CHECKING:
    from collections.abc import Callable

_ENDPOINTS = (Endpoint.HEALTH, Endpoint.APP, Endpoint.DB, Endpoint.WEB)
_PLANS = {endpoint: PollPlan(15.0, 10.0) for endpoint in _ENDPOINTS}
_WANTED = PageRequest(gzip=True)


class Ours:
    """The exporter without network: answers in, pages out."""

    def __init__(self, targets: int, bodies: dict[str, bytes]) -> None:
        self.bodies = bodies
        self.targets = [
            Target(f"client-{number:04}", "https://localhost", plans=_PLANS) for number in range(targets)
        ]
        self.store = Store(self.targets, now)
        self.telemetry = Telemetry()
        self.exporter = Exporter(
            self.store,
            OnDemandPolls(self.store, now),
            self.telemetry,
            Heartbeat(self.telemetry, now),
            lambda _: None,
        )
        self._translators = {
            (target.name, endpoint): Translator(
                LayoutContext(
                    COLLECTORS[endpoint].path,
                    (("target", target.name),),
                    CATALOGUE[endpoint],
                    Limits(),
                    COLLECTORS[endpoint].has_replicas,
                )
            )
            for target in self.targets
            for endpoint in STATISTICS_KEYS
        }

    def take_in(self) -> None:
        """Process the answers of every target as a poll does after the network."""
        for target in self.targets:
            for endpoint in _ENDPOINTS:
                if endpoint is Endpoint.HEALTH:
                    outcome = Success(document=read_health(self.bodies["/v1/health"]).value)
                else:
                    body = self.bodies[COLLECTORS[endpoint].path]
                    statistics = read_statistics(body, *STATISTICS_KEYS[endpoint])
                    outcome = self._translators[target.name, endpoint].translate(statistics)
                self.store.put(Reading(target.name, endpoint, now(), 0.01, outcome))

    def page(self) -> bytes:
        """Return the page as Prometheus requests it."""
        return b"".join(self.exporter.metrics(_WANTED))


class Theirs:
    """The obvious exporter: json, a Gauge per family, generate_latest, gzip."""

    def __init__(self, targets: int, bodies: dict[str, bytes]) -> None:
        self.bodies = bodies
        self.names = [f"client-{number:04}" for number in range(targets)]
        self.registry = CollectorRegistry()
        self.gauges: dict[str, Gauge] = {}

    def take_in(self) -> None:
        """Set a Gauge for every sample of every target."""
        for name in self.names:
            for path in ("/v1/stats/app", "/v1/stats/db", "/v1/metrics"):
                document: Any = json.loads(self.bodies[path])
                for key in KEYS_BY_PATH[path]:
                    document = document[key]
                for metric, said in document.items():
                    for datum in said["data"]:
                        self._set(name, metric, datum.get("labels", {}), datum["value"])

    def _set(self, name: str, metric: str, labels: dict[str, str], value: float) -> None:
        gauge = self.gauges.get(metric)
        if gauge is None:
            gauge = self.gauges[metric] = Gauge(metric, "x", ("target", *labels), registry=self.registry)
        gauge.labels(name, *labels.values()).set(value)

    def page(self) -> bytes:
        """Return the compressed page, as prometheus_client's own server does."""
        return gzip.compress(generate_latest(self.registry))


KEYS_BY_PATH = {COLLECTORS[endpoint].path: keys for endpoint, keys in STATISTICS_KEYS.items()}


def processor_time(work: Callable[[], object], times: int) -> float:
    """Return the least processor time of a few runs in seconds, because disturbances only add to it."""
    best = float("inf")
    for _ in range(times):
        began = time.process_time()
        work()
        best = min(best, time.process_time() - began)
    return best


def page_figures() -> list[str]:
    """Measure a page of 100 000 series."""
    ours, theirs = Ours(235, answers()), Theirs(235, answers())
    ours.take_in()
    theirs.take_in()
    text = b"".join(ours.exporter.metrics(PageRequest()))
    series = sum(not line.startswith(b"#") for line in text.splitlines())

    def anew() -> bytes:
        # A change, so that nothing kept may be served.
        ours.store.count_missed(ours.store.state("client-0000").target, Endpoint.APP, 1)
        return ours.page()

    def copied() -> bytes:
        return isal_zlib.compress(text[:-1] + b"\n", 1)

    fresh, again, least = processor_time(anew, 7), processor_time(ours.page, 7), processor_time(copied, 7)
    obvious = processor_time(theirs.page, 2)
    theirs_series = sum(not line.startswith(b"#") for line in generate_latest(theirs.registry).splitlines())
    obvious *= series / theirs_series  # the obvious exporter has no series about its polls
    return [
        f"page of {series} series, text + gzip: {fresh * 1e3:.0f} ms",
        f"  generate_latest + gzip of as many: {obvious * 1e3:.0f} ms, {obvious / fresh:.0f}x (at least 60x)",
        f"  copy + isal level 1 of the bytes: {least * 1e3:.0f} ms; ours {fresh / least:.2f}x (at most 3)",
        f"  the same page again, unchanged: {again * 1e3:.1f} ms",
    ]


def all_in_figures() -> list[str]:
    """Measure everything between two networks, for one interval of 189 targets."""
    bodies = answers(more=True)
    ours, theirs = Ours(189, bodies), Theirs(189, bodies)
    samples = sum(body.count(b'"value"') for body in bodies.values()) + 1

    def interval(side: Ours | Theirs) -> Callable[[], object]:
        def work() -> None:
            side.take_in()
            side.page()

        work()  # the first interval builds what the others reuse, on both sides
        return work

    mine = processor_time(interval(ours), 5)
    obvious = processor_time(interval(theirs), 3)
    return [
        f"189 targets of {samples} samples, one interval without the network: {mine * 1e3:.0f} ms",
        f"  json + Gauges + generate_latest: {obvious * 1e3:.0f} ms, {obvious / mine:.1f}x (at least 8x)",
    ]


def wait_figures() -> list[str]:
    """Measure how long another thread waits for the interpreter while 400 000 series are rendered."""
    ours = Ours(930, answers())
    ours.take_in()
    longest = 0.0
    done = threading.Event()

    def other() -> None:
        nonlocal longest
        last = time.perf_counter()
        while not done.is_set():
            time.sleep(0.0005)
            current = time.perf_counter()
            longest = max(longest, current - last)
            last = current

    thread = threading.Thread(target=other)
    thread.start()
    page = ours.page()
    done.set()
    thread.join()
    series = sum(not line.startswith(b"#") for line in gzip.decompress(page).splitlines())
    return [
        f"page of {series} series: another thread waited {longest * 1e3:.0f} ms at most (at most 50 ms)",
    ]
