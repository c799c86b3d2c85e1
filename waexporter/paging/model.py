"""The values of the pager: alerts as they are received, and pages as they are sent.

Pages are stored on disk as JSON, with the names of these fields and the values of `ItemKind`.

In a storm hundreds of thousands of these values wait. None is part of a reference cycle, so the garbage
collector does not track them (`gc=False`); when it did, the whole daemon paused for a quarter of a second.
"""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - msgspec reads it at run time
from enum import StrEnum

import msgspec


class ItemKind(StrEnum):
    """What a page says about an alert."""

    FIRED = "fired"
    REMINDED = "reminded"  # an earlier page said that it fires, and it still does
    RESOLVED = "resolved"
    # Alertmanager stopped delivering it and never reported its end:
    UNHEARD = "unheard"  # it is silenced, inhibited or over; which of these is not known
    SILENCED = "silenced"
    INHIBITED = "inhibited"
    GONE = "gone"  # Alertmanager was queried and does not have it any more

    @property
    def fires(self) -> bool:
        """Whether it fires as far as is known."""
        return self in {ItemKind.FIRED, ItemKind.REMINDED}

    @property
    def is_over(self) -> bool:
        """Whether it is known to have ended."""
        return self in {ItemKind.RESOLVED, ItemKind.GONE}


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
    """One alert in a page, and what the page says about it."""

    alert: Alert
    kind: ItemKind


class AlertGroup(msgspec.Struct, frozen=True, gc=False):
    """The group of Alertmanager that a delivery is about; its key changes when the route tree is edited."""

    key: str = ""  # digest of the group's name and its receiver
    receiver: str = ""  # a regular expression, as Alertmanager's API expects it
    labels: Mapping[str, str] = {}
    is_of_alertmanager: bool = (
        True  # False: another service sent it, and Alertmanager does not know the group
    )


class Doubt(msgspec.Struct, frozen=True, gc=False, rename={"seen_at": "heard_at"}):
    """An alert of the thread that fired; whether it still does is not known."""

    alert: Alert
    seen_at: float  # on the pager's clock
    is_missing: bool = True  # its own group does not list it; False: it was last seen in another group
    is_stale: bool = False  # it ended, and now fires with its old start: a late delivery, or it never ended


class Page(msgspec.Struct, frozen=True, gc=False, rename={"lost_seen_at": "lost_heard_at"}):
    """What is new about one thread of alerts, to be sent to people."""

    thread: str  # the same for alerts that belong together; their pages are sent in order
    items: tuple[Item, ...]
    truncated: int = 0  # alerts that Alertmanager left out: their state is not known
    still_firing: int = 0  # alerts of the thread that fire and are not in this page
    received_at: float = 0.0  # wall-clock seconds
    group: AlertGroup | None = None  # to query Alertmanager about; None: the alerts are our own
    doubts: tuple[Doubt, ...] = ()  # to be reconciled before the page is sent
    unread: int = 0  # alerts that could not be read
    # Counts of alerts that are in no item:
    lost: int = 0  # an earlier page said that they are not heard of any more
    lost_seen_at: float = 0.0  # when the first of them was last seen, on the pager's clock
    unsure: int = 0  # they fired, and no end is known
    muted: int = 0  # they are silenced or inhibited in Alertmanager
    is_partial: bool = False  # the number of alerts that Alertmanager left out can't be read

    @property
    def is_all_clear(self) -> bool:
        """Whether every alert of the thread is known to have ended."""
        is_whole = not (self.truncated or self.is_partial or self.unread)
        is_certain = is_whole and not (self.doubts or self.lost or self.unsure)
        is_quiet = not (self.still_firing or self.muted)
        return is_certain and is_quiet and all(item.kind.is_over for item in self.items)


class Webhook(msgspec.Struct, frozen=True):
    """One parsed delivery of Alertmanager, or alerts of our own."""

    thread: str
    alerts: tuple[Alert, ...]
    truncated: int = 0
    group: AlertGroup | None = None  # None: alerts of our own
    unread: int = 0  # alerts that could not be read
    is_whole: bool = False  # it lists every alert of its group
    is_partial: bool = False  # the number of alerts that it leaves out can't be read
    can_query: bool = False  # Alertmanager can be queried about its group
