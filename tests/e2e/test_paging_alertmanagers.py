"""Real Alertmanagers: a pair that delivers twice, one that truncates, one that is killed, one that waits."""

from __future__ import annotations

import signal
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.clients import USERS, SimulatedClient
from tests.e2e.exporters import Exporter
from tests.e2e.paging import PATH, messages_about, pages_of, wait_for_end, wait_for_message, write_pager
from tests.e2e.waiting import wait_for
from tests.real.alertmanager import Alertmanager
from tests.real.network import find_free_port
from waexporter.simulator import Options, Simulator

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tests.real.fixtures import RealParts

SUITE = "trixie"


@pytest.fixture(scope="module")
def client() -> Iterator[SimulatedClient]:
    options = Options(users=USERS, health_per_minute=None)
    with Simulator(options) as simulator, SimulatedClient(simulator.url) as client:
        yield client


@pytest.fixture(autouse=True)
def calm(client: SimulatedClient) -> Iterator[None]:
    yield
    client.lift()


@pytest.fixture
def program(real_parts: RealParts) -> Path:
    return real_parts.program(SUITE, "prometheus-alertmanager")


def route_to(port: int, group_interval: str = "1s", **webhook: object) -> dict[str, Any]:
    """Give the configuration that sends everything to a daemon's webhook."""
    receiver = {"url": f"http://127.0.0.1:{port}{PATH}", "send_resolved": True, **webhook}
    return {
        "route": {
            "receiver": "on-call",
            "group_by": ["alertname"],
            "group_wait": "1s",
            "group_interval": group_interval,
            "repeat_interval": "1h",
        },
        "receivers": [{"name": "on-call", "webhook_configs": [receiver]}],
    }


def as_prometheus(name: str, *, since: datetime, ended: bool = False, **labels: str) -> Mapping[str, object]:
    """Give an alert as Prometheus sends it: one that fires ends in the future."""
    now = datetime.now(UTC)
    return {
        "labels": {"alertname": name, "severity": "critical", **labels},
        "annotations": {"summary": f"{name} is what happens."},
        "startsAt": since.isoformat(),
        "endsAt": (now - timedelta(milliseconds=100) if ended else now + timedelta(minutes=10)).isoformat(),
    }


def just_now() -> datetime:
    return datetime.now(UTC) - timedelta(seconds=1)


def taken(exporter: Exporter, result: str = "accepted") -> float:
    return exporter.page().value("waexporter_webhooks_total", result=result) or 0.0


def test_a_pair_that_delivers_everything_twice_pages_once(
    client: SimulatedClient, tmp_path: Path, program: Path
) -> None:
    since = just_now()
    with ExitStack() as stack:
        exporter = stack.enter_context(Exporter.run(write_pager(tmp_path, {"line": client})))
        # The two don't know of each other, as when the net between them is cut.
        pair = [
            stack.enter_context(
                Alertmanager(program, tmp_path / name, route_to(int(exporter.url.rpartition(":")[2])))
            )
            for name in ("a", "b")
        ]
        for each in pair:
            each.fire(as_prometheus("Paired", since=since))
        wait_for(lambda: taken(exporter), until=lambda count: count >= 2)
        wait_for_end(exporter, "Paired")
        for each in pair:
            each.fire(as_prometheus("Paired", since=since, ended=True))
        wait_for(lambda: taken(exporter), until=lambda count: count >= 4)
        wait_for(lambda: pages_of(exporter, "Paired"), until=lambda pages: len(pages) == 2)
        wait_for_end(exporter, "Paired")
        suppressed = exporter.page().value("waexporter_pages_total", channel="whatsapp", result="suppressed")

    fired, cleared = messages_about(client, "Paired")
    assert "ALL CLEAR" not in fired
    assert "ALL CLEAR" in cleared
    assert suppressed is not None
    assert suppressed >= 2


def test_a_pair_whose_receiver_comes_back_pages_once(
    client: SimulatedClient, tmp_path: Path, program: Path
) -> None:
    port, gossip = find_free_port(), [find_free_port(), find_free_port()]
    state = tmp_path / "state"
    state.write_text("in the place of the folder: every webhook is answered 503")
    since = just_now()
    with ExitStack() as stack:
        file = write_pager(tmp_path, {"line": client})
        exporter = stack.enter_context(Exporter.run(file, "--listen", f"127.0.0.1:{port}"))
        pair = [
            stack.enter_context(
                Alertmanager(
                    program,
                    tmp_path / str(number),
                    route_to(port),
                    (
                        f"--cluster.listen-address=127.0.0.1:{gossip[number]}",
                        f"--cluster.peer=127.0.0.1:{gossip[1 - number]}",
                        "--cluster.peer-timeout=1s",
                        "--cluster.settle-timeout=1s",
                    ),
                )
            )
            for number in range(2)
        ]
        for each in pair:
            each.fire(as_prometheus("Returned", since=since))
        wait_for(lambda: taken(exporter, "failed"), until=lambda count: count >= 3)
        state.unlink()
        wait_for_end(exporter, "Returned")
        for each in pair:
            each.fire(as_prometheus("Returned", since=since, ended=True))
        wait_for(lambda: pages_of(exporter, "Returned"), until=lambda pages: len(pages) == 2)
        wait_for_end(exporter, "Returned")

    assert len(messages_about(client, "Returned")) == 2


def test_no_all_clear_is_said_while_alerts_are_left_out(
    client: SimulatedClient, tmp_path: Path, program: Path
) -> None:
    since = just_now()
    with ExitStack() as stack:
        exporter = stack.enter_context(Exporter.run(write_pager(tmp_path, {"line": client})))
        config = route_to(int(exporter.url.rpartition(":")[2]), max_alerts=2)
        alertmanager = stack.enter_context(Alertmanager(program, tmp_path / "am", config))
        alertmanager.fire(*(as_prometheus("Truncated", since=since, number=number) for number in "0123"))
        wait_for_end(exporter, "Truncated")
        # Alertmanager leaves out the last two, which fire on, and says that the group is resolved.
        ended = [as_prometheus("Truncated", since=since, ended=True, number=number) for number in "01"]
        alertmanager.fire(*ended)
        wait_for(lambda: pages_of(exporter, "Truncated"), until=lambda pages: len(pages) == 2)
        _, second = wait_for_end(exporter, "Truncated")

    fired, then = messages_about(client, "Truncated")
    assert second["truncated"] == 2
    assert second["firing"] == 0
    assert "ALL CLEAR" not in then
    assert "2 unknown" in then
    assert "2 alerts, 2 critical, 2 unknown" in fired


def test_a_killed_alertmanager_that_delivers_again_pages_once(
    client: SimulatedClient, tmp_path: Path, program: Path
) -> None:
    since = just_now()
    with ExitStack() as stack:
        exporter = stack.enter_context(Exporter.run(write_pager(tmp_path, {"line": client})))
        config = route_to(int(exporter.url.rpartition(":")[2]))
        first = Alertmanager(program, tmp_path / "am", config)
        first.fire(as_prometheus("Risen", since=since))
        wait_for_end(exporter, "Risen")
        before = taken(exporter)
        first.process.stop(by=signal.SIGKILL)
        second = stack.enter_context(Alertmanager(program, tmp_path / "am", config))
        second.fire(as_prometheus("Risen", since=since))
        wait_for(lambda: taken(exporter), until=lambda count: count > before)

    assert len(messages_about(client, "Risen")) == 1


def test_a_page_that_came_while_no_daemon_ran_goes_out_when_one_does(
    client: SimulatedClient, tmp_path: Path, program: Path
) -> None:
    port = find_free_port()
    file = write_pager(tmp_path, {"line": client})
    with Alertmanager(program, tmp_path / "am", route_to(port)) as alertmanager:
        alertmanager.fire(as_prometheus("Early", since=just_now()))
        wait_for(lambda: alertmanager.process.output, until=lambda output: "connection refused" in output)
        with Exporter.run(file, "--listen", f"127.0.0.1:{port}"):
            wait_for_message(client, "Early")

    assert len(messages_about(client, "Early")) == 1
