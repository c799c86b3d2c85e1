"""The whole loop: each scenario fires what the table expects and nothing else, pages, and resolves."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from tests.alerts.rules import alerts
from tests.e2e.loop import Firing, Loop, Tempo, find_items, running
from tests.e2e.scenarios import ALLOWED, CLIENTS, EXPECTED, LASTING
from tests.e2e.waiting import wait_for

if TYPE_CHECKING:
    from pathlib import Path

    from tests.real.fixtures import RealParts

SUITES = ("bookworm", "sid")  # with the oldest Prometheus and Alertmanager, and the newest
# Two cores can poll and scrape dozens of clients every three seconds, and may now and then stand still.
TEMPO = Tempo(pace=40.0, shortest=3.0, stale_after=10)
FIRES = 420  # seconds; the slowest waits for two hours, which are 180
# Alertmanager keeps silent of these while the client is down, but may have told of them before.
QUIET = {each for each in EXPECTED if each._replace(alert="WhatsAppDown", severity="critical") in EXPECTED}
PAGED = {each for each in EXPECTED - QUIET if each.severity == "critical"} | {
    each for each in EXPECTED if each.alert == "WhatsAppDown"
}
OFF_CHANNEL = {
    rule.name for rule in alerts() if rule.labels.get("affects_channel") == "whatsapp"
}  # of no such alert may a page depend on the client it is about


@pytest.mark.timeout(1500)  # on two cores it takes less than six minutes
def test_every_scenario_fires_what_is_expected_pages_and_resolves(
    real_parts: RealParts, tmp_path: Path
) -> None:
    # Side by side, since each mostly waits.
    with ThreadPoolExecutor(len(SUITES)) as pool:
        runs = [pool.submit(run, real_parts, suite, tmp_path / suite) for suite in SUITES]

    for each in runs:
        each.result()


def run(real_parts: RealParts, suite: str, folder: Path) -> None:
    folder.mkdir()
    programs = {name: real_parts.program(suite, name) for name in ("prometheus", "prometheus-alertmanager")}
    with running(programs, CLIENTS, folder, TEMPO) as loop:
        assert loop.firing() == set()
        loop.bring()

        fired = _collect(loop)
        wait_for(lambda: PAGED - _read(loop, is_over=False), until=_is_empty, deadline=120)
        fired |= loop.firing()
        for simulated in loop.clients.values():
            simulated.lift()
        wait_for(lambda: loop.firing() - LASTING, until=_is_empty, deadline=240)
        wait_for(lambda: PAGED - _read(loop, is_over=True), until=_is_empty, deadline=120)
        wait_for(lambda: {each.target for each in PAGED} - _cleared(loop), until=_is_empty, deadline=120)
        read = _read(loop, is_over=False)

    too_many = fired - EXPECTED - ALLOWED
    assert not too_many, f"{suite}: fired as well: {sorted(too_many)}"
    uncalled_for = {each for each in read if each.severity != "critical"}
    assert not uncalled_for, f"{suite}: woke somebody: {sorted(uncalled_for)}"


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


def _read(loop: Loop, *, is_over: bool) -> set[Firing]:
    """Give what people can read in on-call groups: what is over, or fires and came by a way that works."""
    return {
        Firing(item.target, item.alert, item.severity)
        for client, texts in loop.read().items()
        for item in find_items(texts)
        if item.is_over == is_over and (is_over or item.target != client or item.alert not in OFF_CHANNEL)
    }


def _cleared(loop: Loop) -> set[str]:
    """Return the targets of which people were told that all is clear, whatever Down inhibited before."""
    texts = [text for texts in loop.read().values() for text in texts]
    clear = [text for text in texts if "ALL CLEAR" in text.partition("\n")[0]]
    return {item.target for item in find_items(clear)}


def _is_empty(found: object) -> bool:
    return not found
