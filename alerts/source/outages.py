"""Which outages of one to five minutes page people, in real time: `python -m alerts.source.outages`.

The shipped rules and routes, a real Prometheus that scrapes every 15 s, a real Alertmanager, the exporter and
simulated clients, at the default intervals: it takes fourteen minutes.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from alerts.source.detection import REAL, SUITE
from tests.e2e.loop import Client, Item, running
from tests.real import parts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.e2e.loop import Loop

# Each a way of being down, and for how many seconds. Whoever is well carries the pages.
OUTAGES = {
    Client("gateway_down"): 60,
    Client("uninitialized"): 90,
    Client("errors_in_200"): 120,
    Client("app_expired"): 150,
    Client("gateway_down", "ha"): 300,
}
_CARRIER = Client(None)
_PAGED = {client for client, seconds in OUTAGES.items() if seconds == 300}
_CALM = 75.0  # seconds before: the first scrapes and polls
_AFTER = 420.0  # seconds after the longest: the alert is kept for 3 minutes, and the route waits for another
_GLANCE = 1.0


def _try(loop: Loop) -> list[tuple[float, Item]]:
    """Start all outages at once, and record when each item of a page arrived."""
    time.sleep(_CALM)
    seen: Counter[Item] = Counter()
    told: list[tuple[float, Item]] = []
    down = set(OUTAGES)
    began = time.monotonic()
    for client in OUTAGES:
        loop.clients[client].bring(str(client.fault))
    while (passed := time.monotonic() - began) < max(OUTAGES.values()) + _AFTER:
        for client in [each for each in down if passed >= OUTAGES[each]]:
            loop.clients[client].lift()
            down.remove(client)
        found = Counter(loop.items())
        told += [(passed, item) for item in (found - seen).elements()]
        seen = found
        time.sleep(_GLANCE)
    return told


def _main() -> int:
    programs = {name: parts.program(SUITE, name) for name in ("prometheus", "prometheus-alertmanager")}
    with TemporaryDirectory(prefix="waexporter-outages-") as folder:  # noqa: SIM117 - the folder goes last
        with running(programs, (*OUTAGES, _CARRIER), Path(folder), REAL) as loop:
            told = _try(loop)
    for client, seconds in OUTAGES.items():
        own = [(passed, item) for passed, item in told if item.target == client.name]
        words = [
            f"{'end' if item.is_over else 'page'} of {item.alert} after {passed:.0f} s"
            for passed, item in own
        ]
        print(f"{client.name}, down for {seconds} s: {', '.join(words) or 'nobody was paged'}")
    return _judge([item for _, item in told])


def _judge(told: Sequence[Item]) -> int:
    """Return the exit code: 0 if only the longest outage paged, and its end was paged once."""
    wanted = Counter(
        Item("critical", "WhatsAppDown", client.name, is_over)
        for client in _PAGED
        for is_over in (False, True)
    )
    found = Counter(told)
    for item in (found - wanted).elements():
        print(f"too much: {item}")
    for item in (wanted - found).elements():
        print(f"missing: {item}")
    print("as it should be" if found == wanted else "not as it should be")
    return int(found != wanted)


if __name__ == "__main__":
    sys.exit(_main())
