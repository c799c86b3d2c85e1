"""Faults of waexporter itself, each caused for real."""

from __future__ import annotations

import json
import os
import signal
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.e2e.loop import Client

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.e2e.loop import Loop

_HEALTHY = (Client(None),)


class Trial(NamedTuple):
    """How a fault is caused, and at which clients."""

    bring: Callable[[Loop], object]
    clients: tuple[Client, ...] = _HEALTHY


def _bring_and_page(loop: Loop) -> None:
    loop.bring()
    labels = {"alertname": "ApartFromTheRest", "severity": "critical"}
    ends = datetime.now(UTC) + timedelta(hours=1)
    loop.manager.fire({"labels": labels, "annotations": {}, "endsAt": ends.isoformat()})


def _reload(loop: Loop, change: Callable[[dict[str, Any]], object]) -> None:
    config = json.loads(loop.config.read_text())
    change(config)
    loop.config.write_text(json.dumps(config))
    os.kill(loop.exporter.process.pid, signal.SIGHUP)


TRIALS: Mapping[str, Trial] = {
    "waexporter is stopped": Trial(lambda loop: loop.exporter.process.stop()),
    "Alertmanager is stopped": Trial(lambda loop: loop.manager.process.stop()),
    "messages fail": Trial(_bring_and_page, (Client("message_fails"),)),
    "a page for a group where there are none": Trial(_bring_and_page, (Client("no_groups"),)),
    "a target is removed": Trial(
        lambda loop: _reload(loop, lambda config: config["targets"].pop()), (Client(None), Client(None, "ha"))
    ),
    "a bad configuration": Trial(lambda loop: _reload(loop, lambda config: config.update(typo=1))),
}
