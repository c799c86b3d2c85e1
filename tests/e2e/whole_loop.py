"""The whole loop: each scenario fires what the table expects and nothing else, pages, and resolves.

Not among the tests that `make test` finds: `make loop` runs it, on an idle machine. Dozens of
clients at sixty times their pace leave two processors no time for others.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from tests.alerts.detection import bring
from tests.alerts.rules import alerts
from tests.e2e.loop import Firing, Loop, running
from tests.e2e.scenarios import ALLOWED, CLIENTS, EXPECTED, LASTING
from tests.e2e.waiting import wait_for

if TYPE_CHECKING:
    from pathlib import Path

    from tests.real.fixtures import RealParts

PACE = 60.0
STALE_AFTER = 10  # intervals of two seconds, since a busy machine may stand still for some
FIRES = 420  # seconds; the slowest are there after 160 on two cores
# Alertmanager keeps silent of these while the client is down, but may have told of them before.
QUIET = {each for each in EXPECTED if each._replace(alert="WhatsAppDown", severity="critical") in EXPECTED}
PAGED = {each for each in EXPECTED - QUIET if each.severity == "critical"} | {
    each for each in EXPECTED if each.alert == "WhatsAppDown"
}
OFF_CHANNEL = {
    rule.name for rule in alerts() if rule.labels.get("affects_channel") == "whatsapp"
}  # of no such alert may a page depend on the client it is about


@pytest.mark.timeout(1500)
@pytest.mark.parametrize("suite", ["bookworm", "sid"])  # the oldest and the newest pair
def test_every_scenario_fires_what_is_expected_pages_and_resolves(
    real_parts: RealParts, suite: str, tmp_path: Path
) -> None:
    programs = {name: real_parts.program(suite, name) for name in ("prometheus", "prometheus-alertmanager")}
    with running(programs, CLIENTS, tmp_path, PACE, STALE_AFTER) as loop:
        loop.prometheus.query('ALERTS{alertname="Watchdog"}')
        assert loop.firing() == set()
        bring(loop)

        fired = _collect(loop)
        wait_for(lambda: _unread(loop, "FIRING"), until=_is_empty, deadline=120)
        fired |= loop.firing()
        for simulated in loop.clients.values():
            simulated.lift()
        wait_for(lambda: loop.firing() - LASTING, until=_is_empty, deadline=240)
        wait_for(lambda: _unread(loop, "ALL CLEAR"), until=_is_empty, deadline=120)

    assert fired - EXPECTED - ALLOWED == set()


def _collect(loop: Loop) -> set[Firing]:
    """Collect what fires until everything expected has."""
    fired: set[Firing] = set()
    end = time.monotonic() + FIRES
    while not fired >= EXPECTED:
        assert time.monotonic() < end, (
            f"did not fire: {sorted(EXPECTED - fired)}; fired as well: {sorted(fired - EXPECTED - ALLOWED)}"
        )
        fired |= loop.firing()
        _end_refusals(loop, fired)
        time.sleep(0.5)
    return fired


def _end_refusals(loop: Loop, fired: set[Firing]) -> None:
    """Accept logins again once that has fired: after a second refusal none is tried for four minutes."""
    for client, simulated in loop.clients.items():
        if client.fault == "refuse_logins" and any(each.target == client.name for each in fired):
            simulated.lift()


def _unread(loop: Loop, state: str) -> list[Firing]:
    """List what is to be paged and stands in no on-call group in this state."""
    read = loop.read()
    return sorted(each for each in PAGED if not _is_read(read, each, state))


def _is_read(read: dict[str, list[str]], firing: Firing, state: str) -> bool:
    """Say whether people could read of it; while it fires, through a client that can carry it."""
    apart = firing.alert in OFF_CHANNEL and state == "FIRING"
    texts = (
        text for client, each in read.items() if not (apart and client == firing.target) for text in each
    )
    return any(text.startswith(state) and f"{firing.alert} / {firing.target}" in text for text in texts)


def _is_empty(found: object) -> bool:
    return not found
