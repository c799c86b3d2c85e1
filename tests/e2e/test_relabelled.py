"""The rules and the dashboards find the same where the Prometheus Operator scrapes us.

Its ServiceMonitors and PodMonitors put labels of their own on every series, and without `honorLabels` one of
ours that has the same name is renamed to `exported_…`: what asks for it goes blind without a word.
"""

from __future__ import annotations

import json
import time
from contextlib import ExitStack
from itertools import product
from typing import TYPE_CHECKING

import pytest

from tests.alerts.rules import RULE_FILES, alerts, recordings
from tests.e2e.exporters import Exporter, write_config
from tests.e2e.waiting import wait_for
from tests.grafana.boards import BOARDS, Sight, panel_queries
from tests.grafana.promql import selectors
from tests.grafana.test_answers import POLL, RANGE, SCRAPE, choices, fire
from tests.real import parts
from tests.real.fixtures import RealParts
from tests.real.network import ask
from tests.real.prometheus import Prometheus
from waexporter.commands.demos.demo_stack import speed_up

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tests.e2e.conftest import Simulate
    from tests.grafana.boards import Board
    from tests.real.prometheus import Vector

SUITE = parts.SUITES[-1]
PLAIN, CLASHING = "plain", "clashing"
# What the Operator puts on every series, by the job that it makes of a monitor.
OPERATOR: Mapping[str, Mapping[str, str]] = {
    "service-monitor": {
        "namespace": "monitoring",
        "service": "waexporter",
        "endpoint": "http",
        "container": "waexporter",
    },
    "pod-monitor": {"namespace": "monitoring", "endpoint": "http", "container": "waexporter"},
}
PODS = {"127.0.0.1": "waexporter-5d7c9-x2x4k", "localhost": "waexporter-5d7c9-q8w1z"}  # two replicas
ITS_OWN = {"job", "instance", "pod", *(label for labels in OPERATOR.values() for label in labels)}

Rows = frozenset[frozenset[tuple[str, str]]]


class Scene:
    """An exporter with a pager, and a Prometheus that scrapes it in several ways at once."""

    def __init__(self, exporter: Exporter, server: Prometheus) -> None:
        self.exporter, self._server = exporter, server

    def rows(self, query: str, job: str | None = None) -> Rows:
        """Give what is found, of one job, apart from the labels of whoever scrapes."""
        vector = self._server.query(query, until=lambda _: True)
        return _rows(vector, job)

    def get(self, path: str) -> object:
        """Give what the API of Prometheus answers."""
        answer = ask(f"{self._server.url}/api/v1/{path}", patience=30)
        assert answer is not None
        return json.loads(answer.body)["data"]

    def wait_for_alerts(self) -> None:
        """Wait until a rule has been true for each job."""
        for job in (PLAIN, *OPERATOR):
            self._server.query(f'ALERTS{{alertname="WhatsAppDegraded",job="{job}"}}')


def _rows(vector: Vector, job: str | None) -> Rows:
    return frozenset(
        frozenset((name, value) for name, value in labels.items() if name not in ITS_OWN)
        for labels, _ in vector
        if job is None or labels.get("job") == job
    )


@pytest.fixture(scope="module")
def scene(simulate: Simulate, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    program = RealParts().program(SUITE, "prometheus")
    clients = {
        "single": simulate("--tls"),
        "ha": simulate("--topology=ha"),
        "multiconnect": simulate("--topology=multiconnect", "--shards=4", "--scenario=dead_node"),
        "overloaded": simulate(),
    }
    owner = {"username": "owner", "password": "owner-password"}
    targets = [client.target(name, auth=owner) for name, client in clients.items()]
    folder = tmp_path_factory.mktemp("relabelled")
    pager = {
        "state_dir": str(folder / "journal"),
        "webhook": {"insecure": True},
        "rate": "1000/1m",
        "watchdogs": [{"name": "eu", "match": {"alertname": "Watchdog"}, "max_silence": "3m"}],
    }
    db = {"interval": "2s", "timeout": "2s"}
    with ExitStack() as stack:
        file = write_config(folder, {"targets": targets, "poll": POLL | {"db": db}, "pager": pager})
        exporter = stack.enter_context(Exporter.run(file))
        exporter.wait_until_ok("single", "ha", "overloaded")
        clients["overloaded"].bring("overload")
        server = Prometheus(program, folder / "prometheus", _config(exporter, folder))
        yield Scene(exporter, stack.enter_context(server))


def _config(exporter: Exporter, folder: Path) -> dict[str, object]:
    rules = [folder / file.name for file in RULE_FILES]
    for own, file in zip(rules, RULE_FILES, strict=True):
        own.write_text(speed_up(file.read_text()))  # an alert waits for minutes
    port = exporter.url.rpartition(":")[2]
    ways = {PLAIN: {}, **OPERATOR, CLASHING: {"collector": "of the operator"}}
    jobs = [
        {
            "job_name": job,
            "honor_labels": False,
            "static_configs": [
                {
                    "targets": [f"{host}:{port}"],
                    "labels": {**labels, **({"pod": pod} if job in OPERATOR else {})},
                }
                for host, pod in PODS.items()
            ],
        }
        for job, labels in ways.items()
    ]
    return {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(file) for file in rules],
        "scrape_configs": jobs,
    }


@pytest.fixture
def scraped(real_parts: RealParts, scene: Scene) -> Scene:
    real_parts.program(SUITE, "prometheus")
    scene.wait_for_alerts()
    return scene


@pytest.mark.parametrize("job", OPERATOR)
def test_no_label_of_ours_is_one_that_the_operator_sets(scraped: Scene, job: str) -> None:
    names = scraped.get(f'labels?match[]={{job="{job}"}}')

    assert isinstance(names, list)
    assert OPERATOR[job].keys() < set(names)
    assert [name for name in names if name.startswith("exported_")] == []


@pytest.mark.parametrize("job", OPERATOR)
@pytest.mark.parametrize("name", BOARDS)
def test_every_panel_shows_the_same(scraped: Scene, name: str, job: str) -> None:
    board = BOARDS[name]

    different = wait_for(
        lambda: [*differing_panels(scraped, board, job)], until=lambda found: not found, deadline=60
    )

    assert different == []


@pytest.mark.parametrize("job", OPERATOR)
def test_every_rule_finds_the_same(scraped: Scene, job: str) -> None:
    exprs = {rule.expr for rule in (*recordings(), *alerts())}
    queries = sorted(exprs | {str(selector) for expr in exprs for selector in selectors(expr)} | {"ALERTS"})

    different = wait_for(
        lambda: [query for query in queries if scraped.rows(query, PLAIN) != scraped.rows(query, job)],
        until=lambda found: not found,
        deadline=60,
    )

    assert different == []


def test_every_rule_can_be_evaluated(scraped: Scene) -> None:
    answer = scraped.get("rules")

    assert isinstance(answer, dict)
    found = [each for group in answer["groups"] for each in group["rules"]]
    assert len(found) == len(recordings()) + len(alerts())
    assert [(each["name"], each.get("lastError")) for each in found if each["health"] != "ok"] == []


def test_a_label_that_is_taken_would_be_noticed(scraped: Scene) -> None:
    names = scraped.get(f'labels?match[]={{job="{CLASHING}"}}')

    assert isinstance(names, list)
    assert "exported_collector" in names
    assert scraped.rows("waexporter_poll_success", CLASHING) != scraped.rows("waexporter_poll_success", PLAIN)


def differing_panels(scraped: Scene, board: Board, job: str) -> Iterator[str]:
    fire(scraped.exporter)  # a rate is there only while something happens
    now = time.time()
    for asked, chosen in product(panel_queries(board), choices(board)):
        sights = [
            Sight(now, RANGE, step=1, scrape=SCRAPE, chosen={"job": each, **chosen}) for each in (PLAIN, job)
        ]
        plain, relabelled = (scraped.rows(sight.resolve(asked.expr, board)) for sight in sights)
        if plain != relabelled:
            yield asked.where
