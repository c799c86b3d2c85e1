"""docs/paging.md, followed as it stands with the real programs: nobody is paged for nothing.

WAEXPORTER_SOAK_SECONDS says for how long that is watched.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pytest

from tests.e2e import documented
from tests.e2e.documented import PROGRAMS, SUITE, Stack
from tests.e2e.waiting import wait_for, watch
from tests.markdown import PAGING, blocks

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.real.fixtures import RealParts

SOAK = float(os.environ.get("WAEXPORTER_SOAK_SECONDS", "60"))
HOSTS = ("wa-1", "wa-2")

pytestmark = pytest.mark.timeout(SOAK + 240)


@pytest.fixture
def stack(real_parts: RealParts, tmp_path: Path) -> Iterator[Stack]:
    programs = {name: real_parts.program(SUITE, name) for name in PROGRAMS}
    with (
        documented.clients(tmp_path, *HOSTS) as clients,
        documented.paging(programs, clients, PAGING) as started,
    ):
        yield started


def firing(stack: Stack) -> set[str]:
    vector = stack.prometheus.query('ALERTS{alertstate="firing"}', until=lambda _: True)
    return {labels["alertname"] for labels, _ in vector}


def test_it_pages_nobody_for_nothing_and_somebody_for_something(stack: Stack) -> None:
    clients, exporter = stack.clients, stack.exporter
    wait_for(
        lambda: {name: target["verdict"]["state"] for name, target in exporter.targets().items()},
        until=lambda states: states == {"support-line": "ok", "orders": "ok"},
    )
    # From Prometheus through Alertmanager.
    documented.wait_until_heard(exporter, "prometheus-eu")

    seen = watch(lambda: firing(stack), until=lambda _: False, deadline=SOAK)
    age = exporter.page().value("waexporter_watchdog_age_seconds", source="prometheus-eu")

    assert set().union(*seen) == {"Watchdog"}
    assert clients.read() == []
    assert clients.chat.asked == []
    assert exporter.get("/api/v1/pages").json()["pages"] == []
    assert {("GET", "/ping")} == set(clients.heartbeat.asked)
    # It could have: the watchdog is heard every minute, and what Alertmanager is told is read in the group.
    assert age is not None
    assert age < 90, "the pager does not hear the Watchdog of docs/paging.md"
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    labels = {"alertname": "WhatsAppDiskLow", "severity": "critical", "target": "orders"}
    stack.manager.fire({"labels": labels, "annotations": {"summary": "Tried."}, "startsAt": now})
    wait_for(lambda: [text for text in clients.read() if "WhatsAppDiskLow" in text], deadline=60)
    for block in blocks(PAGING, "console")[1:]:
        for step in documented.steps(block):
            said = documented.run(step.command, clients.place)
            assert said.status == 0, f"{step.command}: {said.output}"
    assert [text for text in clients.read() if "WaExporterTest" in text]
