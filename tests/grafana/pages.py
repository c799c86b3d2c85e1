"""Alerts as Alertmanager posts them, for a pager to page about."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from zlib import crc32

if TYPE_CHECKING:
    from collections.abc import Mapping

NEVER = "0001-01-01T00:00:00Z"  # Go's zero time: the alert has not ended


def webhook(began: float, labels: Mapping[str, str]) -> dict[str, Any]:
    """Give the body of a webhook about one firing alert; `began` is in seconds of the wall clock."""
    common = dict(labels)
    alert = {
        "status": "firing",
        "labels": common,
        "annotations": {"summary": "No messages leave or arrive."},
        "startsAt": datetime.fromtimestamp(began, UTC).isoformat(),
        "endsAt": NEVER,
        "generatorURL": "",
        "fingerprint": f"{crc32(repr(sorted(common.items())).encode()):016x}",
    }
    return {
        "version": "4",
        "groupKey": f"{{}}:{{alertname={common['alertname']!r}}}",
        "status": "firing",
        "truncatedAlerts": 0,
        "receiver": "waexporter",
        "groupLabels": {"alertname": common["alertname"]},
        "commonLabels": common,
        "commonAnnotations": alert["annotations"],
        "externalURL": "http://127.0.0.1:9093",
        "alerts": [alert],
    }
