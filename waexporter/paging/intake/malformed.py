"""A webhook that is not as Alertmanager writes it: what can be read of it, and what can't; pure."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from typing import NamedTuple

from waexporter.paging.model import Alert
from waexporter.transport import lenient_json as liberal


class Read(NamedTuple):
    """What was read of a body."""

    alerts: tuple[Alert, ...]  # without a fingerprint where none is said
    unread: int
    group_key: str
    receiver: str
    group_labels: dict[str, str]
    truncated: int | None  # None: it can't be read, so some may be left out
    version: str


def read(body: bytes, now: float) -> Read | None:
    """Read the alerts of a body; None where it has no list of them.

    null is taken for nothing at all, a scalar for text, an unknown status by the end that is said. `now` is
    in wall-clock seconds.
    """
    document = liberal.parse(body, "alerts")
    said = None if document is None else liberal.as_list(document["alerts"])
    if document is None or said is None:
        return None
    alerts = [_alert(each, now) for each in said]
    return Read(
        tuple(alert for alert in alerts if alert is not None),
        alerts.count(None),
        _text(document.get("groupKey")) or "",
        _text(document.get("receiver")) or "",
        _texts(document.get("groupLabels")),
        _count(document.get("truncatedAlerts")),
        _text(document.get("version")) or "",
    )


def end_of(starts_at: float, ends_at: float | None, now: float) -> float:
    """Return when a resolved alert ended: where no time is said, or one before its start, now."""
    return ends_at if ends_at is not None and ends_at >= starts_at else max(now, starts_at)


def _alert(said: object, now: float) -> Alert | None:
    if not isinstance(said, dict):
        return None
    labels, annotations = _texts(said.get("labels")), _texts(said.get("annotations"))
    fingerprint = _text(said.get("fingerprint")) or ""
    if not (labels or annotations or fingerprint):
        return None
    starts_at, ends_at = read_time(said.get("startsAt")), read_time(said.get("endsAt"))
    status = (_text(said.get("status")) or "").strip().lower()
    if status not in {"firing", "resolved"}:
        status = "resolved" if ends_at is not None and ends_at <= now else "firing"
    if status == "firing":
        return Alert(fingerprint, now if starts_at is None else starts_at, None, labels, annotations)
    if starts_at is None:
        starts_at = min(now if ends_at is None else ends_at, now)
    return Alert(fingerprint, starts_at, end_of(starts_at, ends_at, now), labels, annotations)


def _texts(said: object) -> dict[str, str]:
    """Return a map of texts, without what is none."""
    read = ((key, _text(value)) for key, value in (liberal.as_map(said) or {}).items())
    return {key: text for key, text in read if text is not None}


def _text(said: object) -> str | None:
    """Return a scalar as text, as JSON writes it; None for everything else."""
    if isinstance(said, str):
        return said
    return json.dumps(said) if isinstance(said, bool | int | float) else None


def _count(said: object) -> int | None:
    """Return how many alerts were left out; None where that can't be read."""
    if said is None:
        return 0
    try:
        number = float(_text(said) or "none")
    except ValueError:
        return None
    return max(int(number), 0) if math.isfinite(number) else None


def read_time(said: object) -> float | None:
    """Return the seconds of a time in ISO's form; None for what is none, such as Go's zero time."""
    try:
        when = datetime.fromisoformat(said) if isinstance(said, str) else None
        seconds = (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp() if when else 0.0
    except (ValueError, OverflowError):
        return None
    return seconds if seconds > 0 else None
