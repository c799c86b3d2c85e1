"""What nobody knows is never shown as if all were well, by dashboards that Grafana's own code draws.

The folder version_0_1_0 has panels as they were before: what these tests are about is found there.
"""

from __future__ import annotations

import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from grafana.pictures import bundle
from grafana.pictures.checks import DEAD, says_that_all_is_well
from grafana.pictures.drawing import draw
from grafana.pictures.looks import OF_ONE_CLIENT, WIDTHS, WIDTHS_OF
from grafana.pictures.recording import Moment, Recording
from grafana.pictures.report import View
from tests.alerts.rules import RULE_FILES
from tests.e2e.browsers import Browser
from tests.e2e.clients import USERS
from tests.e2e.conftest import find_simulated_client
from tests.e2e.exporters import EVERY_SECOND, WAEXPORTER, Exporter, clean_environment, write_config
from tests.grafana.boards import BEFORE, BOARDS, rows
from tests.real import parts
from tests.real.fixtures import require
from tests.real.process import Process
from tests.real.prometheus import Prometheus

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from grafana.pictures.report import Report
    from tests.e2e.clients import SimulatedClient
    from tests.grafana.boards import Board

pytestmark = [pytest.mark.real, pytest.mark.timeout(300)]  # seconds; sixty are enough on an idle machine

SUITE = parts.SUITES[-1]
STANDS_STILL, IS_GONE, IS_WELL = CLIENTS = ("orders", "billing", "campaigns")
USER = "--user={}:{}:{}".format(*USERS[0])
SIMULATE = (*WAEXPORTER, "simulate", "--listen=127.0.0.1:0", "--health-limit=0", USER)
RANGE = 300  # seconds that are looked at
SCRAPE = 1  # seconds
SETTLED = 5  # seconds: rules rest on each other, and each hears of a change a round later
FOUND = (  # by dashboard and moment: how what was wrong with version 0.1.0 begins to be told
    ("fleet", "dead", "10 'Messages over time': '-∞+' is green"),
    ("client", "dead", "6 'What is wrong, and what to do': it says 'Nothing is wrong'"),
    ("client", "unreachable", "7 'Verdict over time': '-∞+' is green"),
    ("exporter", "dead", "10 'Polls that fail now': it says 'None fails'"),
    ("pager", "dead", "4 'Silence of watchdogs': it says 'none configured'"),
)


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recording]:
    """Let one of three clients stand still; then end the process of another one, and at last the exporter."""
    require([name for name in parts.missing_programs(SUITE) if name == "prometheus"], where=SUITE)
    folder = tmp_path_factory.mktemp("unknown")
    with ExitStack() as stack:
        ends = {name: stack.enter_context(ExitStack()) for name in (*CLIENTS, "exporter")}
        clients = {name: simulated(ends[name]) for name in CLIENTS}
        file = write_config(folder, config([client.target(name) for name, client in clients.items()], folder))
        exporter = ends["exporter"].enter_context(Exporter.run(file))
        exporter.wait_until_ok(*CLIENTS)
        prometheus = stack.enter_context(watching(exporter, folder))
        clients[STANDS_STILL].bring("gateway_down")
        prometheus.query(f'target:whatsapp_messages:state{{target="{STANDS_STILL}"}} == 4')
        prometheus.query(f'target:whatsapp_messages:rate5m{{target="{IS_WELL}"}} > 0')
        ends[IS_GONE].close()
        # Its last statistics are served until they are stale.
        prometheus.query(
            f'absent_over_time(target:whatsapp_callback_queue_size:sum{{target="{IS_GONE}"}}[{SETTLED}s])'
        )
        unreachable = time.time()
        ends["exporter"].close()
        prometheus.query(f"max_over_time(up[{SETTLED}s]) == 0")
        dead = time.time()
        moments = {"unreachable": unreachable, "dead": dead}
        yield Recording(
            prometheus.url, {name: Moment(end - RANGE, end, SCRAPE) for name, end in moments.items()}
        )


def simulated(stack: ExitStack) -> SimulatedClient:
    process = stack.enter_context(Process(SIMULATE, env=clean_environment()))
    return stack.enter_context(find_simulated_client(process))


def config(targets: list[dict[str, object]], folder: Path) -> dict[str, object]:
    pager = {
        "state_dir": str(folder / "journal"),
        "webhook": {"insecure": True},
        "watchdogs": [{"name": "prometheus", "match": {"alertname": "Watchdog"}, "max_silence": "3m"}],
    }
    return {"targets": targets, "poll": EVERY_SECOND, "pager": pager}


def watching(exporter: Exporter, folder: Path) -> Prometheus:
    every = f"{SCRAPE}s"
    job = {
        "job_name": "waexporter",
        "static_configs": [{"targets": [exporter.url.removeprefix("http://")]}],
    }
    config = {
        "global": {"scrape_interval": every, "scrape_timeout": every, "evaluation_interval": every},
        "scrape_configs": [job],
        "rule_files": [str(file) for file in RULE_FILES],
    }
    return Prometheus(parts.program(SUITE, "prometheus"), folder / "prometheus", config)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    require(parts.missing_browser(), where="the system")
    require(bundle.missing(), where="npm")
    with Browser(tmp_path_factory.mktemp("profile")) as browser:
        yield browser


def seen(  # noqa: PLR0913, PLR0917 - so many things make a look
    browser: Browser, board: Board, name: str, recording: Recording, moment: str, client: str = STANDS_STILL
) -> Report:
    """Look at a dashboard; at the rows that are closed too, while nothing can be known of what is in them."""
    began, ended, _ = recording.moments[moment]
    closed = (row["id"] for row in rows(board) if row.get("collapsed"))
    view = View(
        begin=began,
        end=ended,
        scrape=SCRAPE,
        chosen={"target": client} if name in OF_ONE_CLIENT else {},
        expanded=frozenset(closed if moment == "dead" else ()),
    )
    width = WIDTHS_OF.get(name, WIDTHS)[0]
    return draw(browser, board, view, recording.url, (width, 900)).report


@pytest.mark.parametrize("name", BOARDS)
def test_nothing_is_green_and_nothing_well_with_the_exporter_dead(
    recording: Recording, browser: Browser, name: str
) -> None:
    board = BOARDS[name]

    report = seen(browser, board, name, recording, "dead")

    assert faults(report, board) == []


@pytest.mark.parametrize(("name", "moment", "fault"), FOUND)
def test_with_version_0_1_0_it_was(
    recording: Recording, browser: Browser, name: str, moment: str, fault: str
) -> None:
    board = BEFORE[name]

    report = seen(browser, board, name, recording, moment, STANDS_STILL if moment == "dead" else IS_GONE)

    assert any(each.startswith(fault) for each in faults(report, board)), faults(report, board)


@pytest.mark.parametrize("name", OF_ONE_CLIENT)
def test_nothing_is_green_of_a_client_that_cannot_be_reached(
    recording: Recording, browser: Browser, name: str
) -> None:
    board = BOARDS[name]

    report = seen(browser, board, name, recording, "unreachable", IS_GONE)

    assert faults(report, board) == []


def test_in_the_fleet_only_the_others_are_well(recording: Recording, browser: Browser) -> None:
    report = seen(browser, BOARDS["fleet"], "fleet", recording, "unreachable")

    well = {client: list(said_well(report, client)) for client in CLIENTS}
    assert well[IS_GONE] == []
    assert "flowing" not in well[STANDS_STILL]
    assert "flowing" in well[IS_WELL]


def faults(report: Report, board: Board) -> list[str]:
    return [fault for rule in DEAD for fault in rule(report, board)]


def said_well(report: Report, client: str) -> Iterator[str]:
    """Give what is green, or said to be well, in a client's rows of tables, and of timelines now."""
    for panel in report.panels:
        rows_of_it = {cell.row for cell in panel.cells("Client") if cell.text == client}
        for value in panel.values:
            is_of_it = value.row in rows_of_it if rows_of_it else value.name == client
            is_past = value.end and value.end < report.end
            if is_of_it and not is_past and (value.hue == "green" or says_that_all_is_well(value.text)):
                yield value.text
