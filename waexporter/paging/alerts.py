"""Alerts as they come in and pages as they go out: the plain values of the pager.

In a storm hundreds of thousands of them wait. None is part of a circle, so the collector of circles (`gc`)
need not look at them; while it did, everything stood still for a quarter of a second, webhooks too.
"""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - msgspec reads it at run time
from enum import StrEnum

import msgspec


class Kind(StrEnum):
    """What is said of an alert in a page."""

    FIRED = "fired"
    REMINDED = "reminded"  # it was told before, and still fires
    RESOLVED = "resolved"


class Alert(msgspec.Struct, frozen=True, gc=False):
    """One alert of Alertmanager, or one of our own; times are wall-clock seconds."""

    fingerprint: str
    starts_at: float
    ends_at: float | None = None  # None while it fires
    labels: Mapping[str, str] = {}
    annotations: Mapping[str, str] = {}

    @property
    def fires(self) -> bool:
        """Whether it has not ended."""
        return self.ends_at is None


class Item(msgspec.Struct, frozen=True, gc=False):
    """One alert in a page, and what the page says of it."""

    alert: Alert
    kind: Kind


class Page(msgspec.Struct, frozen=True, gc=False):
    """What people are to be told: one delivery's news about one thread of alerts."""

    thread: str  # alerts that belong together have the same; their pages keep their order
    items: tuple[Item, ...]
    truncated: int = 0  # alerts that Alertmanager left out: nobody knows their state
    still_firing: int = 0  # alerts of the thread that fire and are not in this page
    received_at: float = 0.0  # wall-clock seconds

    @property
    def is_all_clear(self) -> bool:
        """Whether every alert of the thread is known to have ended."""
        return (
            not self.truncated
            and not self.still_firing
            and all(item.kind is Kind.RESOLVED for item in self.items)
        )


class Webhook(msgspec.Struct, frozen=True):
    """One delivery of Alertmanager, understood."""

    thread: str
    alerts: tuple[Alert, ...]
    truncated: int = 0
