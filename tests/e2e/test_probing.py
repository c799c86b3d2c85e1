"""GET /probe of a real daemon: polled now, once for all who ask, in time whatever the client does."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import httpx
import pytest
import yaml

from tests.e2e.exporters import Exporter, write_config
from tests.e2e.pages import Page
from tests.e2e.waiting import wait_for
from tests.markdown import PROBING, blocks
from tests.metrics.reading_back import read_openmetrics

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tests.e2e.clients import SimulatedClient
    from tests.e2e.conftest import Simulate
    from tests.real.fixtures import StartPrometheus


TIMEOUT = "X-Prometheus-Scrape-Timeout-Seconds"
SHORT = {TIMEOUT: "1.5"}  # for clients that answer nothing
PROMPTLY = 20.0  # seconds, on a busy machine too: a third of the minute that a poll may take here
NAMES = ("support-line", "orders")  # of the documentation
EVERY = (*NAMES, "hangs", "drips")
# After its first polls, spread over some seconds, the timetable is silent for as long as these tests take.
ENDPOINTS = ("health", "app", "web", "db", "support", "certificates")
SELDOM: Mapping[str, object] = {
    **dict.fromkeys(ENDPOINTS, "10m"), "settings": "off", "group": "off", "timeout": "60s",
}  # fmt: skip


@pytest.fixture(scope="module")
def client(simulate: Simulate) -> SimulatedClient:
    return simulate("--topology=ha")


@pytest.fixture(scope="module")
def exporter(client: SimulatedClient, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exporter]:
    """Run a daemon that knows one client by several names, and has polled everything once."""
    targets = [client.target(name, labels={"region": "eu"}) for name in EVERY]
    file = write_config(tmp_path_factory.mktemp("probing"), {"targets": targets, "poll": SELDOM})
    with Exporter.run(file) as exporter:
        exporter.wait_until_ok(*EVERY)
        yield exporter


def ask(exporter: Exporter, name: str = "orders", **headers: str) -> httpx.Response:
    return exporter.http.get("/probe", params={"target": name}, headers={TIMEOUT: "60"} | headers)


def probe(exporter: Exporter, name: str = "orders", **headers: str) -> Page:
    answer = ask(exporter, name, **headers)
    assert answer.status_code == 200, answer.text
    return Page(answer.text)


def polls(exporter: Exporter, name: str = "orders") -> dict[str, float]:
    found = exporter.page().find("waexporter_polls_total", target=name)
    return {labels["collector"]: value for labels, value in found}


def wait_until_spared_no_more(exporter: Exporter, name: str = "orders") -> None:
    """Let the first polls of a target grow too old to be given again."""
    wait_for(
        lambda: min(poll["age_seconds"] for poll in exporter.targets()[name]["endpoints"]),
        until=lambda age: age > 12,
    )


def test_a_probe_finds_what_the_timetable_has_not_seen_yet_with_the_same_login(
    client: SimulatedClient, exporter: Exporter
) -> None:
    wait_until_spared_no_more(exporter)
    tokens, before = client.tokens(), polls(exporter)
    client.bring("gateway_down")
    try:
        page = probe(exporter)
    finally:
        client.lift()

    assert page.verdict("orders") == "down"
    assert page.problems("orders") == {"no_coreapp_connected"}
    assert page.value("whatsapp_up", target="orders") == 1
    assert page.value("probe_success", target="orders") == 1
    assert {labels["target"] for _, labels, _ in page} == {"orders"}
    assert {name.partition("_")[0] for name, _, _ in page} == {"probe", "waexporter", "whatsapp"}
    # One poll of each, but of the database, and all of them known to everybody.
    assert polls(exporter) == {name: count + (name != "db") for name, count in before.items()}
    assert exporter.page().verdict("orders") == "down"
    assert exporter.page().verdict("support-line") == "ok"
    assert client.tokens() == tokens == len(EVERY)


def test_probes_leave_the_timetable_as_it_is(client: SimulatedClient, tmp_path: Path) -> None:
    often = {**SELDOM, "health": "1s", "app": "1s", "stale_after": 60}
    file = write_config(tmp_path, {"targets": [client.target("orders", poll=often)]})
    with Exporter.run(file) as exporter, ThreadPoolExecutor(4) as pool:
        exporter.wait_until_ok("orders")

        def hammer(_: int) -> float:
            probe(exporter)
            return polls(exporter)["health"]

        counts = list(pool.map(hammer, range(40)))
        after = wait_for(lambda: polls(exporter)["health"], until=lambda count: count > max(counts) + 2)
        page = exporter.page()

    assert after > max(counts)
    assert page.total("waexporter_poll_failures_total") == 0
    assert page.total("waexporter_crashes_total") == 0


def test_the_page_comes_in_the_format_and_encoding_asked_for(exporter: Exporter) -> None:
    strict = ask(exporter, accept="application/openmetrics-text;version=1.0.0")
    packed = ask(exporter, accept_encoding="gzip")
    head = exporter.http.head("/probe", params={"target": "orders"})

    assert strict.headers["content-type"].startswith("application/openmetrics-text; version=1.0.0")
    assert read_openmetrics(strict.text)["probe_success", frozenset({("target", "orders")})] == 1
    assert packed.headers["content-encoding"] == "gzip"
    assert "probe_success" in packed.text
    assert (head.status_code, head.text) == (200, "")
    assert int(head.headers["content-length"]) > 1000


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("GET", "/probe", {}, 400),
        ("GET", "/probe?target=orders&target=orders", {}, 400),
        ("GET", "/probe?target=orders", {TIMEOUT: "soon"}, 400),
        ("GET", "/probe?target=nobody", {}, 404),
        ("GET", "/probe/?target=orders", {}, 404),
        ("POST", "/probe?target=orders", {}, 405),
    ],
)
def test_who_asks_wrongly_is_told_so(
    exporter: Exporter, method: str, path: str, headers: dict[str, str], status: int
) -> None:
    answer = exporter.http.request(method, path, headers=headers)

    assert answer.status_code == status
    assert len(answer.text.splitlines()) == 1


def test_no_address_that_somebody_sends_is_asked(client: SimulatedClient, exporter: Exporter) -> None:
    answer = ask(exporter, f"{client.url}/v1/health")

    assert answer.status_code == 404
    assert "only those of the configuration are probed" in answer.text


# --- Prometheus --------------------------------------------------------------------------------


def documented(exporter: Exporter) -> Iterator[dict[str, object]]:
    """Give the scrapes of the documentation, with the address of this exporter and less patience."""
    address = exporter.url.removeprefix("http://")
    for number, block in enumerate(blocks(PROBING, "yaml")):
        for job in yaml.safe_load(block.replace("localhost:9847", address))["scrape_configs"]:
            yield job | {
                "job_name": f"{job['job_name']}-{number}",
                "scrape_interval": "2s",
                "scrape_timeout": "2s",
            }


def test_a_real_prometheus_probes_as_documented(
    exporter: Exporter, prometheus: StartPrometheus, suite: str
) -> None:
    jobs = {str(job["job_name"]): job for job in documented(exporter)}

    server = prometheus(suite, {"scrape_configs": list(jobs.values())})
    listed = server.query(
        'probe_success{job="waexporter-probe-0"} == 1', until=lambda vector: len(vector) == len(NAMES)
    )
    discovered = server.query(
        'probe_success{job="waexporter-probe-1"} == 1', until=lambda vector: len(vector) == len(EVERY)
    )
    scrapes = len(NAMES) + len(EVERY) + 1
    up = server.query("up == 1", until=lambda vector: len(vector) == scrapes)
    beside = server.query('waexporter_build_info{job="waexporter-2"}')
    twice = server.query('count({job="waexporter-2", target!=""}) or vector(0)')

    assert list(jobs) == ["waexporter-probe-0", "waexporter-probe-1", "waexporter-2"]
    assert {labels["target"] for labels, _ in listed} == set(NAMES)
    assert {labels["target"] for labels, _ in discovered} == set(EVERY)
    assert all(labels["instance"] == labels["target"] for labels, _ in listed)
    assert all(labels["target_name"] == labels["target"] for labels, _ in discovered)
    verdicts = server.query('whatsapp_verdict{job="waexporter-probe-0", verdict="ok"} == 1')
    assert {labels["region"] for labels, _ in verdicts} == {"eu"}
    assert len(up) == scrapes
    assert len(beside) == 1
    assert twice[0][1] == 0
    assert json.loads(exporter.get("/sd").text)[0]["labels"]["__metrics_path__"] == "/metrics"


# --- clients that answer nothing ---------------------------------------------------------------


def test_probes_of_a_client_that_hangs_share_its_polls_and_are_answered_in_time(
    client: SimulatedClient, exporter: Exporter
) -> None:
    wait_until_spared_no_more(exporter, "hangs")
    before = polls(exporter, "hangs")
    client.bring("hang")
    try:
        began = time.monotonic()
        with ThreadPoolExecutor(30) as pool:
            pages = list(pool.map(lambda _: probe(exporter, "hangs", **SHORT), range(30)))
        took = time.monotonic() - began
        healthy = exporter.http.get("/-/healthy").status_code
        waiting = client.control("GET")["waiting"]
        meanwhile = polls(exporter, "hangs")
    finally:
        client.lift()

    assert took < PROMPTLY
    assert healthy == 200
    assert waiting <= len(ENDPOINTS) - 1  # the database is spared
    assert meanwhile == before  # none of them has ended
    for page in pages:
        assert page.value("probe_success", target="hangs") == 0
        assert page.value("whatsapp_up", target="hangs") == 0
        assert page.problems("hangs") == {"timeout"}
        for endpoint in ("health", "app", "web"):
            assert page.value("waexporter_poll_success", target="hangs", collector=endpoint) == 0
        assert not list(page.find("whatsapp_pending_messages"))
    # For everybody else the newest reading is what it was.
    assert exporter.page().value("whatsapp_up", target="hangs") == 1


def test_a_client_that_drips_costs_a_probe_no_more_than_its_time(
    client: SimulatedClient, exporter: Exporter
) -> None:
    wait_until_spared_no_more(exporter, "drips")
    client.bring("drip", endpoint="/v1/stats/app")
    try:
        began = time.monotonic()
        page = probe(exporter, "drips", **{TIMEOUT: "10"})
        took = time.monotonic() - began
    finally:
        client.lift()

    assert took < PROMPTLY
    assert page.value("waexporter_poll_success", target="drips", collector="app") == 0
    assert page.value("waexporter_poll_success", target="drips", collector="health") == 1
    assert page.value("probe_success", target="drips") == 1
    assert not list(page.find("whatsapp_pending_messages"))


def test_a_signal_ends_a_daemon_promptly_although_probes_wait(
    client: SimulatedClient, tmp_path: Path
) -> None:
    file = write_config(tmp_path, {"targets": [client.target("orders")], "poll": SELDOM})
    client.bring("hang")
    before = client.control("GET")["waiting"]
    with Exporter.run(file) as own, ThreadPoolExecutor(3) as pool:
        try:
            waiting = [pool.submit(_ask_until_it_ends, own) for _ in range(3)]
            wait_for(lambda: client.control("GET")["waiting"] > before)
            own.get("/-/healthy")
            began = time.monotonic()
            status = own.process.stop()
            took = time.monotonic() - began
        finally:
            client.lift()
        answers = [each.result() for each in waiting]

    assert status == 0
    assert took < PROMPTLY
    assert set(answers) <= {503, None}
    assert "Traceback" not in own.process.output


def _ask_until_it_ends(exporter: Exporter) -> int | None:
    try:
        return ask(exporter).status_code
    except httpx.TransportError:
        return None
