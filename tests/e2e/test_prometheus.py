"""Real Prometheus servers scrape a real exporter: what they store is what the simulated clients say."""

from __future__ import annotations

import json
import re
import time
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlencode

import pytest

from tests.e2e.exporters import EVERY_SECOND, Exporter, write_config
from tests.e2e.waiting import wait_for
from tests.real import parts
from tests.real.network import ask
from tests.real.prometheus import Prometheus

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tests.e2e.clients import SimulatedClient
    from tests.e2e.conftest import Simulate
    from tests.real.fixtures import RealParts

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]

JOBS = {"openmetrics": "OpenMetricsText1.0.0", "text": "PrometheusText0.0.4"}
CAN_CHOOSE = ("trixie", "sid")  # Prometheus 2.42 asks for OpenMetrics, and knows no scrape_protocols
SHARDS = 4
TARGETS = ("single", "ha", "multiconnect")
STOPPED = "stopped"  # its coreapp statistics fail from some time on

COMPLAINT = re.compile(
    r"duplicate|out.of.order|Scrape failed|Append failed|level=(warn|error)\b.*scrape", re.IGNORECASE
)

# Upstream's name of a metric of /v1/stats/app, ours, and what a value is multiplied by.
APP: Mapping[str, tuple[str, float]] = {
    "callback_queue_size": ("whatsapp_callback_queue_size", 1),
    "pending_callbacks": ("whatsapp_pending_callbacks", 1),
    "pending_messages": ("whatsapp_pending_messages", 1),
    "in_messages_pending_processing": ("whatsapp_in_messages_pending_processing", 1),
    "concurrent_rate_limit_triggered": ("whatsapp_concurrent_rate_limit_triggered", 1),
    "callback_requests": ("whatsapp_callback_requests_total", 1),
    "endpoint_requests": ("whatsapp_endpoint_requests_total", 1),
    "in_message_from_server": ("whatsapp_in_message_from_server_total", 1),
    "in_message_decoded": ("whatsapp_in_message_decoded_total", 1),
    "in_message_persisted": ("whatsapp_in_message_persisted_total", 1),
    "media_downloads": ("whatsapp_media_downloads_total", 1),
    "media_uploads": ("whatsapp_media_uploads_total", 1),
    "out_message_persisted": ("whatsapp_out_message_persisted_total", 1),
    "out_message_status": ("whatsapp_out_message_status_total", 1),
    "callback_requests_duration_ms_count": ("whatsapp_callback_requests_duration_seconds_count", 1),
    "callback_requests_duration_ms_sum": ("whatsapp_callback_requests_duration_seconds_sum", 1e-3),
    "db_request_duration_us_count": ("whatsapp_db_request_duration_seconds_count", 1),
    "db_request_duration_us_sum": ("whatsapp_db_request_duration_seconds_sum", 1e-6),
    "db_request_error_duration_us_count": ("whatsapp_db_request_error_duration_seconds_count", 1),
    "db_request_error_duration_us_sum": ("whatsapp_db_request_error_duration_seconds_sum", 1e-6),
    "endpoint_requests_duration_ms_count": ("whatsapp_endpoint_requests_duration_seconds_count", 1),
    "endpoint_requests_duration_ms_sum": ("whatsapp_endpoint_requests_duration_seconds_sum", 1e-3),
    "internal_server_conn_duration_ms_count": ("whatsapp_internal_server_conn_duration_seconds_count", 1),
    "internal_server_conn_duration_ms_sum": ("whatsapp_internal_server_conn_duration_seconds_sum", 1e-3),
    "internal_server_requests_duration_ms_count": (
        "whatsapp_internal_server_requests_duration_seconds_count",
        1,
    ),
    "internal_server_requests_duration_ms_sum": (
        "whatsapp_internal_server_requests_duration_seconds_sum",
        1e-3,
    ),
    "out_message_sent_duration_ms_count": ("whatsapp_out_message_sent_duration_seconds_count", 1),
    "out_message_sent_duration_ms_sum": ("whatsapp_out_message_sent_duration_seconds_sum", 1e-3),
}


@dataclass(frozen=True, slots=True)
class Scene:
    """An exporter, the clients it polls, and the Prometheus servers that scrape it."""

    clients: Mapping[str, SimulatedClient]
    exporter: Exporter
    servers: Mapping[str, Prometheus]  # of the suites that are there


@pytest.fixture(scope="module")
def scene(simulate: Simulate, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    clients = {
        "single": simulate(),
        "ha": simulate("--topology=ha"),
        "multiconnect": simulate("--topology=multiconnect", f"--shards={SHARDS}", "--tls"),
        STOPPED: simulate(),
    }
    targets = [client.target(name) for name, client in clients.items()]
    targets[2]["shards"] = SHARDS
    folder = tmp_path_factory.mktemp("prometheus")
    with ExitStack() as stack:
        file = write_config(folder, {"targets": targets, "poll": EVERY_SECOND})
        exporter = stack.enter_context(Exporter.run(file))
        exporter.wait_until_ok(*clients)
        suites = [suite for suite in parts.SUITES if "prometheus" not in parts.missing_programs(suite)]
        servers = {suite: stack.enter_context(_start(suite, folder, exporter)) for suite in suites}
        yield Scene(clients, exporter, servers)


def _start(suite: str, folder: Path, exporter: Exporter) -> Prometheus:
    address = exporter.url.removeprefix("http://")
    jobs = [
        {
            "job_name": name,
            "scrape_interval": "2s",
            "scrape_timeout": "2s",
            "static_configs": [{"targets": [address]}],
            **({"scrape_protocols": [protocol]} if suite in CAN_CHOOSE else {}),
        }
        for name, protocol in JOBS.items()
    ]
    return Prometheus(parts.program(suite, "prometheus"), folder / suite, {"scrape_configs": jobs})


class Scrape(NamedTuple):
    """One server and one of its jobs, which asks for one format."""

    server: Prometheus
    job: str

    @property
    def its(self) -> str:
        """Give the selector of what this job has stored."""
        return f'job="{self.job}"'


ASKS = [(suite, job) for suite in parts.SUITES for job in JOBS if job == "openmetrics" or suite in CAN_CHOOSE]


@pytest.fixture(params=ASKS, ids="-".join)
def scrape(real_parts: RealParts, scene: Scene, request: pytest.FixtureRequest) -> Scrape:
    suite, job = request.param
    return Scrape(_server(real_parts, scene, suite), job)


@pytest.fixture
def server(real_parts: RealParts, scene: Scene, suite: str) -> Prometheus:
    return _server(real_parts, scene, suite)


def _server(real_parts: RealParts, scene: Scene, suite: str) -> Prometheus:
    real_parts.program(suite, "prometheus")  # skips, or fails where every part is required
    return scene.servers[suite]


def test_what_prometheus_stores_of_a_client_is_what_the_client_says(scene: Scene, scrape: Scrape) -> None:
    before = {name: _expect(scene.clients[name].ask("/v1/stats/app"), name) for name in TARGETS}
    began = time.time()

    stored = {name: _stored_after(scrape, name, began) for name in TARGETS}
    after = {name: _expect(scene.clients[name].ask("/v1/stats/app"), name) for name in TARGETS}

    for name in TARGETS:
        assert before[name].keys() <= stored[name].keys()
        wrong = {
            series: (low, stored[name][series], after[name][series])
            for series, low in before[name].items()
            if not _lies_between(stored[name][series], low, after[name][series], series[0])
        }
        assert wrong == {}


def _lies_between(value: float, before: float, after: float, name: str) -> bool:
    if name.endswith(("_total", "_count", "_sum")):
        return before - 1e-9 <= value <= after + 1e-9
    # Gauges of a busy client move both ways meanwhile: waves of seconds add up to two fifths of their level.
    low, high = sorted((before, after))
    slack = 2 + 0.5 * high
    return low - slack <= value <= high + slack


def _expect(document: Mapping[str, Any], target: str) -> Samples:
    """Give the series that /v1/stats/app amounts to, by a table and not by rules."""
    app = document["stats"]["app"]
    nodes = {"": app} if target == "single" else app
    samples: Samples = {}
    for node, metrics in nodes.items():
        for upstream, metric in metrics.items():
            name, factor = APP[upstream]
            for datum in metric["data"]:
                labels = {**datum.get("labels", {}), "target": target, "node": node}
                said = frozenset((key, value) for key, value in labels.items() if value)
                samples[name, said] = float(datum["value"]) * factor
    return samples


def _stored_after(scrape: Scrape, target: str, began: float) -> Samples:
    """Give all series of a target as of one scrape whose page was polled after a time."""
    polled = f'waexporter_last_success_timestamp_seconds{{{scrape.its},target="{target}",collector="app"}}'
    scrape.server.query(polled, until=lambda vector: bool(vector) and vector[0][1] > began)
    vector = scrape.server.query(f'{{{scrape.its},target="{target}",__name__=~"whatsapp_.*"}}')
    ours = ("__name__", "job", "instance")
    return {
        (labels["__name__"], frozenset((key, text) for key, text in labels.items() if key not in ours)): value
        for labels, value in vector
    }


def test_statuses_topology_and_verdict_arrive_as_the_clients_say(scene: Scene, scrape: Scrape) -> None:
    said = {name: scene.clients[name].ask("/v1/health")["health"] for name in ("ha", "multiconnect")}

    gateways = scrape.server.query(f"whatsapp_gateway_status{{{scrape.its}}} == 1")
    topologies = scrape.server.query(f"whatsapp_topology_info{{{scrape.its}}}")
    verdicts = scrape.server.query(f'whatsapp_verdict{{{scrape.its},target!="{STOPPED}"}} == 1')
    up = scrape.server.query(f'whatsapp_up{{{scrape.its},target!="{STOPPED}"}}')

    nodes = {(labels["target"], labels.get("node", "")): labels for labels, _ in gateways}
    for target, health in said.items():
        for node, gateway in health.items():
            labels = nodes[target, node]
            assert (labels["status"], labels["role"]) == (gateway["gateway_status"], gateway["role"])
    assert nodes["single", ""]["status"] == "connected"
    assert {
        labels["target"]: labels["topology"] for labels, _ in topologies if labels["target"] != STOPPED
    } == {name: name for name in TARGETS}
    assert {labels["target"]: labels["verdict"] for labels, _ in verdicts} == dict.fromkeys(TARGETS, "ok")
    assert {labels["target"]: value for labels, value in up} == dict.fromkeys(TARGETS, 1.0)
    assert (
        scrape.server.query(f'whatsapp_shards_covered{{{scrape.its},target="multiconnect"}}')[0][1] == SHARDS
    )


def test_every_scrape_succeeds_in_time_and_repeats_nothing(scene: Scene, scrape: Scrape) -> None:
    scrapes = scrape.server.query(
        f"count_over_time(up{{{scrape.its}}}[1m])", until=lambda vector: bool(vector) and vector[0][1] >= 5
    )

    succeeded = scrape.server.query(f"min_over_time(up{{{scrape.its}}}[1m])")
    own = ask(f"{scrape.server.url}/metrics", patience=30)

    assert scrapes[0][1] >= 5
    assert succeeded[0][1] == 1
    assert own is not None
    for kind in ("duplicate_timestamp", "out_of_order", "out_of_bounds"):
        assert f"prometheus_target_scrapes_sample_{kind}_total 0" in own.body.decode()
    assert not COMPLAINT.search(scrape.server.process.output)
    assert scene.exporter.page().value("waexporter_clashing_families") == 0


def test_the_format_is_the_one_that_prometheus_asked_for(scrape: Scrape) -> None:
    # OpenMetrics names a counter without its suffix, the text format with it.
    expected = {
        "openmetrics": "whatsapp_endpoint_requests",
        "text": "whatsapp_endpoint_requests_total",
    }[scrape.job]

    known = wait_for(lambda: _metadata(scrape))

    counters = {entry["metric"] for entry in known if entry["type"] == "counter"}
    assert expected in counters
    assert {
        entry["type"] for entry in known if entry["metric"] == "whatsapp_db_request_duration_seconds"
    } == {"summary"}
    assert all(entry["help"] for entry in known if entry["metric"].startswith(("whatsapp_", "waexporter_")))


def _metadata(scrape: Scrape) -> list[dict[str, str]]:
    query = urlencode({"match_target": f"{{{scrape.its}}}"})
    answer = ask(f"{scrape.server.url}/api/v1/targets/metadata?{query}", patience=30)
    if answer is None or answer.status != 200:
        return []
    entries: list[dict[str, str]] = json.loads(answer.body)["data"]
    return entries


@pytest.fixture(scope="module")
def stopped(scene: Scene) -> float:
    """Let the statistics of one client fail, once every server has them; gives the time."""
    for server in scene.servers.values():
        server.query(f'whatsapp_pending_messages{{target="{STOPPED}"}}')
    scene.clients[STOPPED].bring("garbage", endpoint="/v1/stats/app")
    return time.time()


def test_statistics_that_are_too_old_vanish_at_once(stopped: float, server: Prometheus) -> None:
    series = f'whatsapp_pending_messages{{target="{STOPPED}"}}'
    rest = (
        f'{{target="{STOPPED}",__name__=~"whatsapp_up|whatsapp_web_connections_total|whatsapp_db_contacts"}}'
    )

    gone = server.query(series, until=lambda vector: not vector)

    # Without a staleness marker an instant query would give them for five minutes more.
    assert gone == []
    assert time.time() - stopped < 120
    assert {labels["__name__"] for labels, _ in server.query(rest)} == {
        "whatsapp_up",
        "whatsapp_web_connections_total",
        "whatsapp_db_contacts",
    }
