"""Rows of the tables `alerts` and `facts`: a damaged row never hides the others."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import msgspec

from waexporter.paging.alert_record import LABELS, NO_LABELS, AlertRecord, Presence

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Row = tuple[object, ...]

ALERTS = (
    "SELECT fingerprint, thread, starts_at, ends_at, told_at, latest_at, heard_at, heard_in, standing, "
    "labels FROM alerts"
)

FACTS = "SELECT name, value FROM facts WHERE kind = ?"
GROUP_FACT = "group"  # the kind of the facts that commands read, too: the on-call group of each target

_PRESENCES = frozenset(Presence)


def alert_row(record: AlertRecord) -> tuple[object, ...]:
    """Return the values of a record in the order of ALERTS."""
    return (
        record.fingerprint,
        record.thread,
        record.starts_at,
        record.ends_at,
        record.notified_at,
        record.latest_at,
        record.seen_at,
        record.group,
        record.presence.value,
        record.labels,
    )


def read_alert(row: Sequence[object]) -> tuple[AlertRecord | None, bool]:
    """Return the record of a row of ALERTS, and whether the row is undamaged.

    A damaged row still shows that people were notified of its alert. If its end can't be read, the incident
    is not over. If its thread can't be read, the record is None.
    """
    fingerprint, thread, starts_at, ends_at, notified_at, latest_at, seen_at, group, presence, labels = row
    if not isinstance(fingerprint, str) or not isinstance(thread, str):
        return None, False
    times = [finite_number(value) for value in (starts_at, notified_at, latest_at, seen_at)]
    starts, notified, latest, seen = (time or 0.0 for time in times)
    end = finite_number(ends_at)
    readable = _readable_labels(labels)
    are_times_good = None not in times and (ends_at is None or end is not None)
    if are_times_good and isinstance(group, str) and presence in _PRESENCES:
        record = AlertRecord(
            fingerprint,
            thread,
            starts,
            end,
            notified,
            latest,
            seen,
            group,
            Presence(str(presence)),
            readable or NO_LABELS,
        )
        return record, readable is not None
    if end is not None:
        return None, False
    record = AlertRecord(fingerprint, thread, starts, None, notified, starts, presence=Presence.LOST)
    return record, False


def _readable_labels(value: object) -> bytes | None:
    """Return a value of a row if it is labels as JSON, else None."""
    try:
        LABELS.decode(value)  # type: ignore[arg-type] # another type raises TypeError
    except (msgspec.DecodeError, UnicodeDecodeError, TypeError, RecursionError):
        return None
    return value if isinstance(value, bytes) else None


def finite_number(value: object) -> float | None:
    """Return a value of a row if it is a finite number, else None."""
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None


def readable_facts(rows: Iterable[Row]) -> dict[str, str]:
    """Return the values of facts by their names, without the damaged ones."""
    return {name: value for name, value in rows if isinstance(name, str) and isinstance(value, str)}
