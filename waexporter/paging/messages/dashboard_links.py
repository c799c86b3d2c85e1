"""Links to dashboards of Grafana, at the time that an alert is about; pure."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from waexporter.paging.messages.text import LONGEST_LINK
from waexporter.timefmt import moment

# Nearly all alerts fire within a quarter of an hour after what they are about began. As much again is shown
# before that, to see how it was while all was well.
_BEFORE: Final = 1800.0  # seconds

_DASHBOARD: Final = re.compile(r".*/d/[\w-]+(?:/[^/]*)?/?", re.ASCII)  # Grafana may be served below any path
_TIMES: Final = frozenset({"from", "to", "time"})  # by these names a link chooses its time itself


def at_alert(url: str, starts_at: float, ends_at: float | None) -> str:
    """Return a link to a dashboard that shows the time of an alert, given in wall-clock seconds.

    It shows half an hour before the beginning and everything until the end, or until now while there is none.
    It shows nothing after the end: tables show the last moment alone, and nothing is known of one to come.
    Any other link is returned as it is, and so is one that chooses its time itself or would become too long.
    """
    parts = urlsplit(url)
    chosen = {name for name, _ in parse_qsl(parts.query, keep_blank_values=True)}
    begin = _milliseconds(starts_at - _BEFORE)
    if begin is None or chosen & _TIMES or not _DASHBOARD.fullmatch(parts.path):
        return url
    end = _milliseconds(ends_at) if ends_at is not None and ends_at > starts_at else None
    times = f"from={begin}&to={end or 'now'}"
    timed = parts._replace(query=f"{parts.query}&{times}" if parts.query else times).geturl()
    return timed if len(timed) <= LONGEST_LINK else url


def _milliseconds(seconds: float) -> int | None:
    """Return a moment as Grafana has it; None for what is none, such as Go's zero time."""
    return round(seconds * 1000) if seconds > 0 and moment(seconds) else None
