"""The alert, the message and the webhook of a test page."""

from __future__ import annotations

import platform
import secrets
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec

from waexporter.paging.messages.compose import build_message
from waexporter.paging.model import Alert, Item, ItemKind, Page

if TYPE_CHECKING:
    from waexporter.model import PagerSettings
    from waexporter.paging.messages.message import Message


def make_message(alert: Alert, pager: PagerSettings) -> Message:
    """Return the message that pages about the alert."""
    page = Page("test", (Item(alert, ItemKind.FIRED),), received_at=alert.starts_at)
    return build_message([page], time.time(), pager)


def make_alert(target: str) -> Alert:
    """Return a new alert."""
    name = f"waexporter:test:{secrets.token_hex(8)}"
    labels = {"alertname": "WaExporterTest", "severity": "info", "target": target}
    annotations = {
        "summary": "This is a test of the pager.",
        "description": f"Sent by hand from {platform.node() or 'somewhere'}. Nothing is wrong.",
    }
    return Alert(name, time.time(), None, labels, annotations)


def make_webhook(alert: Alert) -> bytes:
    """Return the alert in a webhook, as Alertmanager writes it."""
    starts_at = datetime.fromtimestamp(alert.starts_at, UTC).isoformat()
    return msgspec.json.encode(
        {
            "version": "4",
            "groupKey": f"{{}}:{{fingerprint={alert.fingerprint}}}",
            "status": "firing",
            "truncatedAlerts": 0,
            # A new group, so that the page does not wait for other test pages.
            "groupLabels": {"alertname": alert.labels["alertname"], "test": alert.fingerprint},
            "receiver": "waexporter pager test",
            "alerts": [
                {
                    "status": "firing",
                    "labels": alert.labels,
                    "annotations": alert.annotations,
                    "startsAt": starts_at,
                    "endsAt": "0001-01-01T00:00:00Z",
                    "fingerprint": alert.fingerprint,
                }
            ],
        }
    )


def format_elapsed(began: float) -> str:
    """Return the time since `began` of the monotonic clock, such as `0.3 s`."""
    return f"{time.monotonic() - began:.1f} s"
