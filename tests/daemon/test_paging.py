"""The pager of a running daemon: who carries pages to whom, and what a daemon without one is spared."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.receivers import Receiver, receiving
from waexporter.daemon.paging import DaemonPager, PagerTargets
from waexporter.errors import CommandError
from waexporter.metrics.telemetry import Telemetry
from waexporter.model import (
    ClientSettings,
    Endpoint,
    Fallback,
    Limits,
    PagerSettings,
    PollPlan,
    Reading,
    Secret,
    Success,
    Target,
    now,
)
from waexporter.paging.journal.entry import PageState
from waexporter.polling.store import Store
from waexporter.transport.tls import TlsContexts
from waexporter.whatsapp.client import Client

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from waexporter.paging.pager import Pager

PATIENCE = 60.0  # seconds; only a test that fails takes as long
GROUP = "14155550100-1520000000"


class World:
    """A pager of one target, whose client is a server of the test's own."""

    def __init__(self, folder: Path, stack: ExitStack, **settings: object) -> None:
        self.whatsapp: Receiver = stack.enter_context(receiving())
        self.whatsapp.answer = b'{"messages": [{"id": "m1"}]}'
        plans = {Endpoint.SETTINGS: PollPlan(300.0, 10.0)}
        target = Target("alpha", f"http://{self.whatsapp.place}", plans=plans)
        self.store = Store((target,), now)
        contexts = TlsContexts()
        client = Client(target, Limits(), contexts)
        stack.callback(client.close)
        self.telemetry = Telemetry()
        targets = PagerTargets(self.store, {"alpha": client}, contexts)
        made = PagerSettings(state_dir=str(folder), **settings)  # type: ignore[arg-type]
        self.daemon_pager = DaemonPager(made, targets, self.telemetry, now)
        self.pager: Pager = self.daemon_pager.pager
        stack.callback(self.pager.stop)
        self.pager.start()

    def receive(self) -> None:
        alert = {"status": "firing", "labels": {"alertname": "Down"}, "startsAt": "2026-01-31T09:30:00Z"}
        self.pager.receive(json.dumps({"version": "4", "groupLabels": {}, "alerts": [alert]}).encode())

    def wait(self) -> None:
        """Wait until the result of the newest page is in the journal, which is a moment after it was sent."""
        ends = time.monotonic() + PATIENCE
        while self.pager.status(1).latest[0].state is PageState.PENDING:
            assert time.monotonic() < ends
            time.sleep(0.01)


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as opened:
        yield opened


def test_a_page_goes_to_the_group_of_the_settings(tmp_path: Path, stack: ExitStack) -> None:
    world = World(tmp_path, stack)
    settings = Success(document=ClientSettings(on_call_pager=GROUP))
    world.store.put(Reading("alpha", Endpoint.SETTINGS, now(), 0.1, settings))

    world.receive()
    world.wait()

    [heard] = world.whatsapp.heard
    assert json.loads(heard.body)["to"] == GROUP
    assert world.pager.status(1).latest[0].destination == f"alpha/{GROUP}"


def test_the_group_is_remembered_for_times_when_settings_can_not_be_read(
    tmp_path: Path, stack: ExitStack
) -> None:
    with ExitStack() as before:
        World(tmp_path, before).pager.remember_group("alpha", GROUP)
    world = World(tmp_path, stack)

    world.receive()
    world.wait()

    assert json.loads(world.whatsapp.heard[0].body)["to"] == GROUP


def test_what_whatsapp_refuses_goes_to_the_fallback(tmp_path: Path, stack: ExitStack) -> None:
    fallback = stack.enter_context(receiving())
    world = World(
        tmp_path, stack, group=GROUP, fallback=(Fallback(Secret(f"http://{fallback.place}/T0K3N")),)
    )
    world.whatsapp.status, world.whatsapp.answer = 404, b'{"errors": [{"code": 1012, "title": "no group"}]}'

    world.receive()
    world.wait()

    assert "Down" in json.loads(fallback.heard[0].body)["text"]
    assert world.pager.status(1).latest[0].channel == "webhook"


def test_the_heartbeat_goes_where_it_is_expected(tmp_path: Path, stack: ExitStack) -> None:
    receiver = stack.enter_context(receiving())
    world = World(tmp_path, stack, heartbeat_url=Secret(f"http://{receiver.place}/ping/s3cr3t"))

    world.pager.upkeep.send_heartbeat()

    assert [(heard.method, heard.path) for heard in receiver.heard] == [("GET", "/ping/s3cr3t")]


def test_a_page_that_waits_goes_where_other_settings_say(tmp_path: Path, stack: ExitStack) -> None:
    fallback = stack.enter_context(receiving())
    world = World(tmp_path, stack, group=GROUP)
    world.whatsapp.status = 503
    world.receive()
    ends = time.monotonic() + PATIENCE
    while not world.whatsapp.heard:
        assert time.monotonic() < ends
        time.sleep(0.01)

    address = Fallback(Secret(f"http://{fallback.place}/hook"))
    settings = replace(
        world.pager.settings, fallback=(address,), fallback_after=0.001, heartbeat_interval=5.0
    )
    tasks = world.daemon_pager.reconfigure(world.daemon_pager.prepare(settings))
    world.wait()

    assert [heard.path for heard in fallback.heard] == ["/hook"]
    assert world.pager.status(1).latest[0].channel == "webhook"
    assert [(task.name, task.interval) for task in tasks] == [("pager heartbeat", 5.0)]
    assert world.daemon_pager.reconfigure(world.daemon_pager.prepare(settings)) == []


@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")
def test_what_can_not_be_made_is_said_before_anything_changes(tmp_path: Path, stack: ExitStack) -> None:
    world = World(tmp_path, stack, group=GROUP)

    with pytest.raises(CommandError, match=r"pager\.fallback"):
        world.daemon_pager.prepare(
            replace(world.pager.settings, fallback=(Fallback(Secret("nothing://hunter2")),))
        )

    assert world.pager.settings.fallback == ()


SCRIPT = """
import sys
from waexporter.daemon.app import start
from waexporter.cli import main
from waexporter.config import load
environ = {"WAEXPORTER_TARGET_URL": "http://127.0.0.1:9", "WAEXPORTER_LISTEN": "127.0.0.1:0"}
config = load(None, environ).config
assert config.pager is None
with start(config) as daemon, daemon.server.background():
    import urllib.request, urllib.error
    place = f"http://127.0.0.1:{daemon.server.port}"
    assert urllib.request.urlopen(f"{place}/metrics").read()
    try:
        urllib.request.urlopen(f"{place}/api/v1/alerts", data=b"{}")
    except urllib.error.HTTPError as error:
        assert error.code == 404
own = {"waexporter.daemon.paging", "waexporter.paging.pager", "waexporter.paging.journal"}
heavy = {"sqlite3", "apprise", *own}
print(sorted(heavy & set(sys.modules)))
"""


def test_a_sidecar_without_a_pager_loads_nothing_of_it() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, timeout=120, check=False
    )

    assert (done.stdout.strip().splitlines()[-1:], done.returncode) == (["[]"], 0), done.stderr
