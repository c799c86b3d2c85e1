"""Alerts as they come in and pages as they go out: the plain values of the pager.

Pages are kept on disk as JSON with the names of these fields, and with the values of `ItemKind`.

In a storm hundreds of thousands of them wait. None is part of a reference cycle, so the garbage collector
need not look at them (`gc=False`); while it did, everything stood still for a quarter of a second.
"""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - msgspec reads it at run time
from enum import StrEnum

import msgspec


class ItemKind(StrEnum):
    """What a page says of an alert."""

    FIRED = "fired"
    REMINDED = "reminded"  # people were told before, and it still fires
    RESOLVED = "resolved"
    # Alertmanager does not deliver it any more, without an end:
    UNHEARD = "unheard"  # it is silenced, inhibited or over, nobody knows which
    SILENCED = "silenced"
    INHIBITED = "inhibited"
    GONE = "gone"  # Alertmanager, queried, has it no more

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
    """One alert in a page, and what the page says of it."""

    alert: Alert
    kind: ItemKind


class AlertGroup(msgspec.Struct, frozen=True, gc=False):
    """The group of Alertmanager that a delivery is about; no identity: editing the route tree changes it."""

    key: str = ""  # digest of the group's name and its receiver
    receiver: str = ""  # a regular expression, as Alertmanager takes it
    labels: Mapping[str, str] = {}
    is_of_alertmanager: bool = True  # others deliver in its format, and it does not know their groups


class Doubt(msgspec.Struct, frozen=True, gc=False, rename={"seen_at": "heard_at"}):
    """An alert of the thread that fired, and of which nobody knows whether it still does."""

    alert: Alert
    seen_at: float  # on the pager's clock
    is_missing: bool = True  # its own group leaves it out; else it was last seen in another one
    is_stale: bool = False  # it fires with the start it had before its end: a late delivery, or it goes on


class Page(msgspec.Struct, frozen=True, gc=False, rename={"lost_seen_at": "lost_heard_at"}):
    """What people are to be told: what is new about one thread of alerts."""

    thread: str  # alerts that belong together have the same; their pages keep their order
    items: tuple[Item, ...]
    truncated: int = 0  # alerts that Alertmanager left out: nobody knows their state
    still_firing: int = 0  # alerts of the thread that fire and are not in this page
    received_at: float = 0.0  # wall-clock seconds
    group: AlertGroup | None = None  # that Alertmanager can be queried about; None: the alerts are our own
    doubts: tuple[Doubt, ...] = ()  # to be reconciled before the page is sent
    unread: int = 0  # alerts that could not be read
    # Alerts that are in none of its items:
    lost: int = 0  # people were told earlier that they are missing, without an end
    lost_seen_at: float = 0.0  # when the first of them was last seen, on the pager's clock
    unsure: int = 0  # they fired, and no end is known
    muted: int = 0  # silenced or inhibited, says Alertmanager
    is_partial: bool = False  # how many alerts were left out can't be read

    @property
    def is_all_clear(self) -> bool:
        """Whether every alert of the thread is known to have ended."""
        is_whole = not (self.truncated or self.is_partial or self.unread)
        is_certain = is_whole and not (self.doubts or self.lost or self.unsure)
        is_quiet = not (self.still_firing or self.muted)
        return is_certain and is_quiet and all(item.kind.is_over for item in self.items)


class Webhook(msgspec.Struct, frozen=True):
    """One delivery of Alertmanager, parsed; or alerts of our own, which are always new."""

    thread: str
    alerts: tuple[Alert, ...]
    truncated: int = 0
    group: AlertGroup | None = None  # None: alerts of our own
    unread: int = 0  # alerts that could not be read
    is_whole: bool = False  # it lists every alert of its group
    is_partial: bool = False  # how many it leaves out can't be read
    can_query: bool = False  # Alertmanager can be queried about it
