"""Read a webhook that deviates from Alertmanager's format, as far as possible; pure."""

from __future__ import annotations

import json
import math
from datetime import datetime
from typing import NamedTuple

from waexporter.paging.model import Alert
from waexporter.timefmt import to_seconds
from waexporter.transport import lenient_json


class MalformedBody(NamedTuple):
    """The readable part of a body."""

    alerts: tuple[Alert, ...]  # the fingerprint is empty if there is none
    unread: int  # alerts that can't be read
    group_key: str
    receiver: str
    group_labels: dict[str, str]
    truncated: int | None  # None: it can't be read, so alerts may be missing
    version: str


def read_malformed(body: bytes, now: float) -> MalformedBody | None:
    """Read the alerts of a body; return None if it has no list of alerts.

    null counts as absent, a scalar as text; an unknown status is decided by the time of the end. `now` is in
    wall-clock seconds.
    """
    document = lenient_json.parse(body, "alerts")
    listed = None if document is None else lenient_json.as_list(document["alerts"])
    if document is None or listed is None:
        return None
    alerts = [_read_alert(each, now) for each in listed]
    return MalformedBody(
        tuple(alert for alert in alerts if alert is not None),
        alerts.count(None),
        _read_text(document.get("groupKey")) or "",
        _read_text(document.get("receiver")) or "",
        _read_texts(document.get("groupLabels")),
        _read_count(document.get("truncatedAlerts")),
        _read_text(document.get("version")) or "",
    )


def resolved_at(starts_at: float, ends_at: float | None, now: float) -> float:
    """Return when a resolved alert ended: now, if there is no time or one before its start."""
    return ends_at if ends_at is not None and ends_at >= starts_at else max(now, starts_at)


def _read_alert(value: object, now: float) -> Alert | None:
    if not isinstance(value, dict):
        return None
    labels, annotations = _read_texts(value.get("labels")), _read_texts(value.get("annotations"))
    fingerprint = _read_text(value.get("fingerprint")) or ""
    if not (labels or annotations or fingerprint):
        return None
    starts_at, ends_at = read_time(value.get("startsAt")), read_time(value.get("endsAt"))
    status = (_read_text(value.get("status")) or "").strip().lower()
    if status not in {"firing", "resolved"}:
        status = "resolved" if ends_at is not None and ends_at <= now else "firing"
    if status == "firing":
        return Alert(fingerprint, now if starts_at is None else starts_at, None, labels, annotations)
    if starts_at is None:
        starts_at = min(now if ends_at is None else ends_at, now)
    return Alert(fingerprint, starts_at, resolved_at(starts_at, ends_at, now), labels, annotations)


def _read_texts(value: object) -> dict[str, str]:
    """Return the entries of a map whose values are texts."""
    texts = ((key, _read_text(each)) for key, each in (lenient_json.as_map(value) or {}).items())
    return {key: text for key, text in texts if text is not None}


def _read_text(value: object) -> str | None:
    """Return a scalar as text, in the form of JSON; None for anything else."""
    if isinstance(value, str):
        return value
    return json.dumps(value) if isinstance(value, bool | int | float) else None


def _read_count(value: object) -> int | None:
    """Return the number of alerts left out; None if it can't be read."""
    if value is None:
        return 0
    try:
        number = float(_read_text(value) or "none")
    except ValueError:
        return None
    return max(int(number), 0) if math.isfinite(number) else None


def read_time(value: object) -> float | None:
    """Return an ISO 8601 time in seconds; None if it is invalid, such as Go's zero time."""
    try:
        seconds = to_seconds(datetime.fromisoformat(value)) if isinstance(value, str) else 0.0
    except (ValueError, OverflowError):
        return None
    return seconds if seconds > 0 else None
