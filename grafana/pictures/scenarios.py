"""Every scenario of the simulator at once, each at a client of its own, recorded for a look at each."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from grafana.pictures.recording import Moment, keep
from tests.e2e.loop import Tempo, running
from tests.e2e.scenarios import CLIENTS
from tests.real import parts

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SUITE = parts.SUITES[-1]
SCRAPE = 2  # seconds
TEMPO = Tempo(pace=60.0, shortest=float(SCRAPE), stale_after=10)
CALM, FAULTS = 40.0, 150.0  # seconds: what most wait for half an hour of is there by then


def record(folder: Path, say: Callable[[str], None]) -> None:
    """Let all be well for a while, bring every fault, and keep what was recorded while they hold."""
    programs = {name: parts.program(SUITE, name) for name in ("prometheus", "prometheus-alertmanager")}
    with running(programs, CLIENTS, folder, TEMPO) as loop:
        began = time.time()
        say(f"{len(CLIENTS)} clients are well for {CALM:g} s")
        time.sleep(CALM)
        loop.bring()
        say(f"every fault holds for {FAULTS:g} s")
        time.sleep(FAULTS)
        ended = time.time()
    keep(folder, {"scenarios": Moment(began, ended, SCRAPE)})
