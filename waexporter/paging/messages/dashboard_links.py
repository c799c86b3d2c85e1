"""Links to Grafana dashboards, at the time of an alert; pure."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from waexporter.paging.messages.text import LONGEST_LINK
from waexporter.timefmt import to_datetime

# Nearly all alerts fire within a quarter of an hour after the fault began. Another quarter of an hour shows
# the values before the fault.
_BEFORE: Final = 1800.0  # seconds

_DASHBOARD: Final = re.compile(r".*/d/[\w-]+(?:/[^/]*)?/?", re.ASCII)  # Grafana may be served below any path
_TIMES: Final = frozenset({"from", "to", "time"})  # parameters of a link that already has a time


def link_at_alert(url: str, starts_at: float, ends_at: float | None) -> str:
    """Return a link to a dashboard with the time range of an alert, whose times are wall-clock seconds.

    The range begins half an hour before the alert and ends with it, or now while it fires. It does not go
    beyond the end: tables show only the last moment, and a later one may have no data. Any other link is
    returned unchanged, and so is one that already has a time or would become too long.
    """
    parts = urlsplit(url)
    parameters = {name for name, _ in parse_qsl(parts.query, keep_blank_values=True)}
    begin = _milliseconds(starts_at - _BEFORE)
    if begin is None or parameters & _TIMES or not _DASHBOARD.fullmatch(parts.path):
        return url
    end = _milliseconds(ends_at) if ends_at is not None and ends_at > starts_at else None
    times = f"from={begin}&to={end or 'now'}"
    timed = parts._replace(query=f"{parts.query}&{times}" if parts.query else times).geturl()
    return timed if len(timed) <= LONGEST_LINK else url


def _milliseconds(seconds: float) -> int | None:
    """Return a time as Grafana expects it; None if it is invalid, such as Go's zero time."""
    return round(seconds * 1000) if seconds > 0 and to_datetime(seconds) else None
