"""Real events, added to the generated numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from waexporter.simulator.envelope import Json
    from waexporter.simulator.state.callbacks import Counts

_COUNTERS = ("callback_requests", "callback_requests_duration_ms_count")
_SUM = "callback_requests_duration_ms_sum"
_QUEUES = ("callback_queue_size", "pending_callbacks", "db_pending_callbacks")


def add_callbacks(families: Json, counts: Counts) -> None:
    """Add real callbacks to the generated counters."""
    for (result, kind), (count, milliseconds) in counts.items():
        labels = {"result": result, "type": kind}
        for name in _COUNTERS:
            _add(families[name], labels, count)
        _add(families[_SUM], labels, int(milliseconds))


def add_pending(families: Json, pending: int) -> None:
    """Add waiting callbacks to the queue gauges."""
    for name in _QUEUES:
        if name in families:
            families[name]["data"][0]["value"] += pending


def add_messages(families: Json, pending: int) -> None:
    """Add waiting messages to the gauge of pending messages."""
    families["pending_messages"]["data"][0]["value"] += pending


def _add(family: Json, labels: dict[str, str], value: int) -> None:
    for sample in family["data"]:
        if sample["labels"] == labels:
            sample["value"] += value
            return
    family["data"].append({"labels": labels, "value": value})
