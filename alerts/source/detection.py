"""How long alerts take to fire after a fault; `python -m alerts.source.detection` measures it."""

from __future__ import annotations

import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple

from alerts.source.trials import TRIALS
from tests.e2e.loop import Client, Firing, Loop, Tempo, running
from tests.e2e.scenarios import CLIENTS, EXPECTED
from tests.real import parts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

FILE = Path(__file__).with_name("detection.json")
SUITE = parts.SUITES[-1]
# Time-outs, the two minutes that connecting may take, the canary's interval, queues that fill by themselves,
# pauses between logins.
OWN_TIME = frozenset(
    {
        "connecting",
        "contacts_fail",
        "drip",
        "growing_queues",
        "hang",
        "messages_pile_up",
        "refuse_logins",
        "slow_node",
    }
)
_CALM = 20.0  # seconds
_GLANCE = 0.5  # seconds between two looks


# No time is cut short: polls, scrapes, windows and waits keep their proportions.
DIVIDED = Tempo(pace=12.0, shortest=1.0, stale_after=3)
REAL = Tempo(pace=1.0, shortest=1.0, stale_after=3)
_DIVIDED_HOLDS = 700.0  # seconds: an alert that waits for two hours is there by then
_REAL_HOLDS = 2500.0  # seconds, for that of polls that are missed
_TRIAL_HOLDS = 700.0  # seconds


class Detection(NamedTuple):
    """An alert that fired, and after how many seconds under the shipped rules."""

    alert: str
    severity: str
    scenario: str
    seconds: float


def detections() -> list[Detection]:
    """Return the last measurement."""
    return [row for rows in _kept().values() for row in rows]


def _kept() -> dict[str, list[Detection]]:
    found: dict[str, list[tuple[str, str, str, float]]] = json.loads(FILE.read_text())
    return {name: [Detection(*row) for row in rows] for name, rows in found.items()}


def _divided() -> list[Detection]:
    return _of_scenarios([each for each in CLIENTS if each.fault not in OWN_TIME], DIVIDED, _DIVIDED_HOLDS)


def _real() -> list[Detection]:
    return _of_scenarios([each for each in CLIENTS if each.fault in OWN_TIME], REAL, _REAL_HOLDS)


def _of_scenarios(clients: Sequence[Client], tempo: Tempo, holds: float) -> list[Detection]:
    scenarios = {client.name: client.fault for client in clients}
    return [
        Detection(each.alert, each.severity, scenarios.get(each.target) or "", round(seconds * tempo.pace))
        for each, seconds in _measure(clients, tempo, Loop.bring, holds)
    ]


def _trials() -> list[Detection]:
    def measure(name: str) -> list[Detection]:
        trial = TRIALS[name]
        return [
            Detection(each.alert, each.severity, name, round(seconds))
            for each, seconds in _measure(trial.clients, REAL, trial.bring, _TRIAL_HOLDS)
            if each not in EXPECTED
        ]

    with ThreadPoolExecutor(len(TRIALS)) as pool:
        return [row for rows in pool.map(measure, TRIALS) for row in rows]


def _measure(
    clients: Sequence[Client], tempo: Tempo, bring_it: Callable[[Loop], object], holds: float
) -> list[tuple[Firing, float]]:
    """Cause the faults, and record when each alert first fires."""
    programs = {name: parts.program(SUITE, name) for name in ("prometheus", "prometheus-alertmanager")}
    seen: dict[Firing, float] = {}
    with TemporaryDirectory(prefix="waexporter-detection-") as folder:  # noqa: SIM117 - the folder goes last
        with running(programs, clients, Path(folder), tempo) as loop:
            time.sleep(_CALM)
            began = time.monotonic()
            bring_it(loop)
            while (passed := time.monotonic() - began) < holds:
                for each in loop.firing():
                    seen.setdefault(each, passed)
                time.sleep(_GLANCE)
    return sorted(seen.items())


RUNS: Mapping[str, Callable[[], list[Detection]]] = {
    "divided": _divided,
    "real": _real,
    "trials": _trials,
}


def _main(names: Iterable[str]) -> None:
    for name in names:
        rows = RUNS[name]()
        every = {**(_kept() if FILE.exists() else {}), name: rows}
        listed = (f'"{each}": ' + _lines(rows) for each, rows in sorted(every.items()))
        FILE.write_text("{\n" + ",\n".join(listed) + "\n}\n")


def _lines(rows: Iterable[object]) -> str:
    return "[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]"


if __name__ == "__main__":
    _main(sys.argv[1:] or RUNS)
