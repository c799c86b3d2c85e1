"""Real pages of an exporter, and clients made after them: how their series go on over hours."""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from prometheus_client.parser import text_string_to_metric_families

from tests.e2e.clients import OWNER, USERS, SimulatedClient
from tests.e2e.exporters import Exporter, write_config
from waexporter.config import DEFAULT_PLANS
from waexporter.simulator import Options, Simulator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from grafana.pictures.remote_write import Series

Labels = tuple[tuple[str, str], ...]

SHARDS = 4
_TRAFFIC = 5.0  # times the usual: in seconds, one failure among a few would be a large share
_SETTLED = 4.0  # seconds: every endpoint has been polled after a fault began
_APART = 5.0  # seconds between two pages, of which rates are taken
_RECENT = 3600.0  # seconds: a time that lies no longer back is that of something that has just happened


class Model(NamedTuple):
    """A client to be read from a real page: its fault, if any, and how its nodes are arranged."""

    fault: str | None = None
    topology: str = "single"

    @property
    def name(self) -> str:
        """The target's name on the page."""
        return f"{self.fault or 'well'}-{self.topology}"


@dataclass(frozen=True, slots=True)
class Pages:
    """Two pages of one exporter, a few seconds apart: by target, of each series what it was first and then.

    What is about no client has the target ''.
    """

    when: float  # of the first one
    apart: float  # seconds
    counters: frozenset[str]  # the names of the series that only grow
    series: Mapping[str, Mapping[Labels, tuple[float, float]]]


class Phase(NamedTuple):
    """From one moment until another, a client is like one on a page."""

    begin: float
    end: float
    pages: Pages
    target: str


def read_pages(models: Sequence[Model], folder: Path) -> tuple[Pages, Pages]:
    """Run an exporter for clients of these models; gives its pages before and while their faults hold."""
    with ExitStack() as stack:
        clients = {model: stack.enter_context(_simulated(stack, model)) for model in models}
        exporter = stack.enter_context(Exporter.run(write_config(folder, _config(clients, folder))))
        exporter.wait_until_ok(*(model.name for model in models))
        well = _read_twice(exporter)
        for model, client in clients.items():
            if model.fault:
                client.bring(model.fault)
        time.sleep(_SETTLED)
        return well, _read_twice(exporter)


def _simulated(stack: ExitStack, model: Model) -> SimulatedClient:
    options = Options(
        topology=model.topology, shards=SHARDS, users=USERS, health_per_minute=None, traffic=_TRAFFIC
    )
    return SimulatedClient(stack.enter_context(Simulator(options)).url)


def _config(clients: Mapping[Model, SimulatedClient], folder: Path) -> dict[str, object]:
    owner = dict(zip(("username", "password"), OWNER, strict=True))
    polls = {endpoint.value: "1s" for endpoint in DEFAULT_PLANS if endpoint.value != "canary"}
    return {
        "targets": [
            client.target(model.name, auth=owner)
            | ({"shards": SHARDS} if model.topology == "multiconnect" else {})
            for model, client in clients.items()
        ],
        "poll": polls,
        "pager": {
            "state_dir": str(folder / "journal"),
            "webhook": {"insecure": True},
            "watchdogs": [{"name": "prometheus", "match": {"alertname": "Watchdog"}, "max_silence": "3m"}],
        },
    }


def _read_twice(exporter: Exporter) -> Pages:
    when, (first, counters) = time.time(), _read(exporter)
    time.sleep(_APART)
    then, _ = _read(exporter)
    series: dict[str, dict[Labels, tuple[float, float]]] = {}
    for labels, value in first.items():
        by_target = series.setdefault(dict(labels).get("target", ""), {})
        by_target[labels] = (value, then.get(labels, value))
    return Pages(when, _APART, counters, series)


def _read(exporter: Exporter) -> tuple[dict[Labels, float], frozenset[str]]:
    """Give every sample of the page, and the names of those that are counters."""
    samples: dict[Labels, float] = {}
    counters = set()
    for family in text_string_to_metric_families(exporter.get("/metrics").text):
        for sample in family.samples:
            samples[tuple(sorted({**sample.labels, "__name__": sample.name}.items()))] = sample.value
            if family.type in {"counter", "summary", "histogram"} and "quantile" not in sample.labels:
                counters.add(sample.name)
    return samples, frozenset(counters)


def continued(name: str, phases: Sequence[Phase], times: Sequence[float]) -> Iterator[Series]:
    """Give the series of one client, or of the exporter itself, which has no name, at these times."""
    for key in dict.fromkeys(key for phase in phases for key in phase.pages.series[phase.target]):
        labels = dict(key) | ({"target": name} if name else {})
        yield labels, _values(key, phases, times)


def _values(key: Labels, phases: Sequence[Phase], times: Sequence[float]) -> list[float | None]:
    values: list[float | None] = [None] * len(times)
    count = 0.0  # what a counter has come to in the phases before
    for phase in phases:
        if key in phase.pages.series[phase.target]:
            course = _course(key, phase, count)
            count = course(phase.end)
            for place, when in enumerate(times):
                if phase.begin <= when < phase.end:
                    values[place] = course(when)
    return values


def _course(key: Labels, phase: Phase, count: float) -> Callable[[float], float]:
    """Tell how a series goes on from its two samples."""
    begin, _, pages, target = phase
    first, then = pages.series[target][key]
    if dict(key)["__name__"] in pages.counters:
        base, rate = max(count, first), max(0.0, then - first) / pages.apart
        return lambda when: base + rate * (when - begin)
    if abs(first - pages.when) > _RECENT:  # no time, or one far away
        return lambda _: first
    if then > first:
        return lambda when: first - pages.when + when
    return lambda _: first - pages.when + begin
