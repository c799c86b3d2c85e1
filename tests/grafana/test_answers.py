"""Every query of every dashboard is answered by a real Prometheus that scraped a real exporter.

And by a real VictoriaMetrics, which finds the same.
"""

from __future__ import annotations

import math
import re
import time
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import httpx
import pytest

from grafana.pictures.drawing import draw
from grafana.pictures.report import View
from tests.e2e.browsers import Browser
from tests.e2e.exporters import Exporter, write_config
from tests.e2e.waiting import wait_for
from tests.grafana.boards import BOARDS, ROOT, Asked, Sight, queries
from tests.grafana.catalogue import UNUSED, families
from tests.grafana.faults.frame import of_one_client
from tests.grafana.pages import webhook
from tests.grafana.test_metrics_in_use import in_rules, on_dashboards
from tests.real import parts
from tests.real.fixtures import RealParts
from tests.real.prometheus import Prometheus
from tests.real.victoria import VictoriaMetrics, recording

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tests.e2e.conftest import Simulate
    from tests.grafana.boards import Board
    from tests.real.prometheus import Vector

pytestmark = pytest.mark.timeout(300)  # seconds: more than the longest wait and two pictures

SUITE = parts.SUITES[-1]
POLL = dict.fromkeys(("health", "app", "web", "support", "settings", "certificates", "group"), "1s")
PROBLEMS = 8  # the panel of the fleet's dashboard with every problem, the worst first
WHO = 7  # the one with every client
RANGE = 60  # seconds that the dashboards show
SCRAPE = 5  # seconds that Grafana is told: rates are measured over four of them, though scrapes come faster

PROGRAMS = ("prometheus", "victoria-metrics", "vmalert")
RULES = ROOT / "alerts" / "recording-rules.yml"
CLIENTS: Mapping[str, tuple[str, ...]] = {
    "single": ("--tls",),
    "ha": ("--topology=ha", "--scenario=counter_reset"),
    "multiconnect": ("--topology=multiconnect", "--shards=4", "--scenario=dead_node"),
    "overloaded": (),
}

# What may be empty, by dashboard and number of the panel, and why.
MAY_BE_EMPTY: Mapping[tuple[str, str], str] = {
    ("client", "28 Canary, A"): "a contact check is made once a minute at most: too long for a test",
    ("client", "90 On-call group and canary, C"): "as above",
    ("client", "34 Mean time at WhatsApp, B"): "a coreapp that stays connected does not connect",
    ("pager", "5 Clients with nobody to page, A"): "one that is overloaded does not say whom it pages",
    ("oncall", "8 Clients with nobody to page, A"): "as above",
}


@dataclass(frozen=True, slots=True)
class Scene:
    """An exporter with a pager, the clients that it polls, and the servers that scrape it."""

    exporter: Exporter
    server: Prometheus
    victoria: VictoriaMetrics


@pytest.fixture(scope="module")
def scene(simulate: Simulate, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    program, other, rules = (RealParts().program(SUITE, name) for name in PROGRAMS)
    clients = {name: simulate(*flags) for name, flags in CLIENTS.items()}
    owner = {"username": "owner", "password": "owner-password"}
    targets = [client.target(name, auth=owner) for name, client in clients.items()]
    folder = tmp_path_factory.mktemp("dashboards")
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
        address = exporter.url.removeprefix("http://")
        job = {"job_name": "waexporter", "static_configs": [{"targets": [address]}]}
        exporter.wait_until_ok("overloaded")
        clients["overloaded"].bring("overload")
        clients["single"].bring("settings_changed", seconds=2)
        config = {"global": {"scrape_interval": "1s"}, "scrape_configs": [job]}
        recorded = config | {
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
            "rule_files": [str(RULES)],
        }
        server = stack.enter_context(Prometheus(program, folder / "prometheus", recorded))
        victoria = stack.enter_context(VictoriaMetrics(other, folder / "victoria", config))
        stack.enter_context(recording(rules, RULES, victoria))
        yield Scene(exporter, server, victoria)


@pytest.mark.parametrize("name", BOARDS)
def test_every_query_is_answered_with_numbers(real_parts: RealParts, scene: Scene, name: str) -> None:
    real_parts.program(SUITE, "prometheus")
    board = BOARDS[name]
    asked = [each for each in queries(board) if "ALERTS" not in each.expr]

    def look() -> list[str]:
        fire(scene.exporter)  # a rate is there only while something happens
        return [each.where for each in asked if not is_answered(scene.server, board, each)]

    empty = wait_for(
        look,
        until=lambda wanting: {(name, where) for where in wanting} <= MAY_BE_EMPTY.keys(),
        deadline=100,
    )

    assert {(name, where) for where in empty} <= MAY_BE_EMPTY.keys()


@pytest.mark.parametrize("name", BOARDS)
def test_victoriametrics_finds_the_same(real_parts: RealParts, scene: Scene, name: str) -> None:
    real_parts.program(SUITE, "victoria-metrics")
    board = BOARDS[name]
    left = [each for each in queries(board) if "ALERTS" not in each.expr]

    def look() -> list[str]:
        fire(scene.exporter)
        left[:] = [each for each in left if not is_the_same(scene, board, each)]
        return [each.where for each in left]

    different = wait_for(look, until=lambda found: not found, deadline=100)

    assert different == []


def is_the_same(scene: Scene, board: Board, asked: Asked) -> bool:
    """Tell whether both find the same series; values change between the two questions."""
    found, other = (
        [{frozenset(labels.items()) for labels, _ in vector} for vector in answers(server, board, asked)]
        for server in (scene.server, scene.victoria)
    )
    return found == other


def fire(exporter: Exporter) -> None:
    now = time.time()
    labels = {"alertname": "WhatsAppDown", "severity": "critical", "target": "single", "node": f"{now:.3f}"}
    answer = exporter.http.post("/api/v1/alerts", json=webhook(now, labels))
    assert answer.status_code == httpx.codes.OK, answer.text


def is_answered(server: Prometheus, board: Board, asked: Asked) -> bool:
    vectors = answers(server, board, asked)
    return any(vectors) and all(math.isfinite(value) for vector in vectors for _, value in vector)


def answers(server: Prometheus, board: Board, asked: Asked) -> list[Vector]:
    sights = [Sight(time.time(), RANGE, step=1, scrape=SCRAPE, chosen=chosen) for chosen in choices(board)]
    return [server.query(sight.resolve(asked.expr, board), until=lambda _: True) for sight in sights]


def choices(board: Board) -> list[dict[str, str]]:
    """Give the choice of all clients, or of one after the other where only one can be chosen."""
    return [{"target": name} for name in CLIENTS] if of_one_client(board) else [{}]


def test_a_picture_shows_what_is_wrong(real_parts: RealParts, scene: Scene, tmp_path: Path) -> None:
    real_parts.program(SUITE, "prometheus")
    real_parts.drawing()
    # For several scrapes: how long it was seen is asked second by second.
    scene.server.query('count_over_time(whatsapp_problem{problem="overloaded"}[1m]) > 3')
    scene.server.query(
        'count_over_time(whatsapp_settings_last_change_timestamp_seconds{target="single"}[1m]) > 3'
    )
    now = time.time()
    view = View(begin=now - RANGE, end=now, scrape=SCRAPE)
    picture, glance = (tmp_path / name for name in ("fleet.png", "glance.png"))

    with Browser(tmp_path / "profile") as browser:
        drawn = draw(browser, BOARDS["fleet"], view, scene.server.url)
        drawn.photograph(picture)
        drawn.photograph(glance, 700)
        text = "\n".join(panel.text for panel in drawn.report.panels)
        alone = draw(browser, BOARDS["fleet"], replace(view, panel=PROBLEMS), scene.server.url)
        problems = alone.report.panel(PROBLEMS).text

    assert height(glance) == 700 < height(picture)
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert ("overloaded", "overloaded", "degraded") in zip(  # the client, its problem, its verdict
        *(
            [cell.text for cell in drawn.report.panel(WHO).cells(heading)]
            for heading in ("Client", "Worst problem", "Verdict")
        ),
        strict=True,
    )
    assert "Check that your webhook answers 200, and fast" in text
    assert re.search(r"single\s+settings changed\s+minor", problems)  # health says nothing of it


def height(picture: Path) -> int:
    return int.from_bytes(picture.read_bytes()[20:24])  # the header's second number


def test_prometheus_understands_every_annotation(real_parts: RealParts, scene: Scene) -> None:
    real_parts.program(SUITE, "prometheus")
    marks = [
        (board, asked) for board in BOARDS.values() for asked in queries(board) if "ALERTS" in asked.expr
    ]

    answers = [
        scene.server.query(Sight(time.time()).resolve(asked.expr, board), until=lambda _: True)
        for board, asked in marks
    ]

    assert answers == [[]] * len(marks)  # no rules are loaded here


def test_every_metric_that_is_served_is_on_a_dashboard_in_an_alert_or_on_the_list(
    real_parts: RealParts, scene: Scene
) -> None:
    real_parts.program(SUITE, "prometheus")
    used = on_dashboards() | set(in_rules()) | UNUSED.keys()
    known = families()

    served = set(re.findall(r"^# TYPE (\S+)", scene.exporter.get("/metrics").text, re.MULTILINE))

    unused = {name for name in served if not known.get(name, frozenset({name})) & used}
    assert unused == set()
