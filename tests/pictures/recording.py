"""What was recorded."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Recording:
    """A Prometheus that holds it, from when to when on the wall clock, and the seconds between scrapes."""

    url: str
    began: float
    ended: float
    scrape: int
