"""How long alerts take to fire after a fault began; `python -m tests.alerts.detection` measures it anew."""

from __future__ import annotations

import json
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from tests.e2e.loop import Client, Firing, Loop, Tempo, running
from tests.e2e.scenarios import CLIENTS
from tests.real import parts

FILE = Path(__file__).with_name("detection.json")
SUITE = parts.SUITES[-1]
# No time is cut short: polls, scrapes, windows and waits keep their proportions.
TEMPO = Tempo(pace=12.0, shortest=1.0, stale_after=3)
SECONDS = 700.0  # an alert that waits for two hours is there by then
_CALM = 20.0
_GLANCE = 0.5  # seconds between two looks


# Time-outs, the two minutes that connecting may take, the canary's interval, a queue that fills by itself,
# pauses between logins.
OWN_TIME = frozenset(
    {"connecting", "contacts_fail", "drip", "growing_queues", "hang", "refuse_logins", "slow_node"}
)


class Detection(NamedTuple):
    """An alert that fired, and after how many seconds of the shipped rules."""

    alert: str
    severity: str
    scenario: str
    seconds: float


def detections() -> list[Detection]:
    """Read what was measured last, but for what kept a time of its own."""
    rows = (Detection(*row) for row in json.loads(FILE.read_text()))
    return [row for row in rows if row.scenario not in OWN_TIME]


def measure(loop: Loop) -> dict[Firing, float]:
    """Bring every fault at once, and note when each alert is first seen to fire."""
    began = time.monotonic()
    bring(loop)
    seen: dict[Firing, float] = {}
    while (passed := time.monotonic() - began) < SECONDS:
        for each in loop.firing():
            seen.setdefault(each, passed)
        time.sleep(_GLANCE)
    return seen


def bring(loop: Loop) -> None:
    """Let each client have its fault."""
    for client, simulated in loop.clients.items():
        if client.fault is not None:
            simulated.bring(client.fault)
        if client.fault == "refuse_logins":  # it shows only to who has to log in
            simulated.control("POST", "/expire_tokens")


def _rows(seen: dict[Firing, float], clients: tuple[Client, ...]) -> list[Detection]:
    scenarios = {client.name: client.fault or "healthy" for client in clients}
    return sorted(
        Detection(
            each.alert, each.severity, scenarios.get(each.target, each.target), round(seconds * TEMPO.pace)
        )
        for each, seconds in seen.items()
    )


def _main() -> None:
    programs = {name: parts.program(SUITE, name) for name in ("prometheus", "prometheus-alertmanager")}
    with TemporaryDirectory(prefix="waexporter-detection-") as folder:  # noqa: SIM117 - the folder goes last
        with running(programs, CLIENTS, Path(folder), TEMPO) as loop:
            time.sleep(_CALM)
            rows = _rows(measure(loop), CLIENTS)
    FILE.write_text("[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]\n")


if __name__ == "__main__":
    _main()
