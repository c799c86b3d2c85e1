"""What the pager remembers of an alert after people were notified of it; it is kept in the journal."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from waexporter.paging.model import Alert

NO_LABELS: Final = b"{}"
_IDENTIFYING: Final = ("alertname", "severity", "target", "node", "instance")  # labels that are remembered

LABELS: Final = msgspec.json.Decoder(dict[str, str])


class Presence(StrEnum):
    """Whether an alert without a known end was in the last delivery of its group."""

    LISTED = "heard"  # it was
    MISSING = "missed"  # it was not, and the reason is not known yet
    LOST = "lost"  # it was not, and people were told so; it may still fire until its incident is over


class AlertRecord(msgspec.Struct, frozen=True, gc=False):
    """What is remembered of an alert; `notified_at` and `seen_at` are on the pager's clock."""

    fingerprint: str
    thread: str
    starts_at: float  # wall clock, the earliest start that was delivered
    ends_at: float | None  # wall clock; None: no end is known
    notified_at: float
    latest_at: float = 0.0  # wall clock, the latest start that was delivered
    seen_at: float = 0.0
    group: str = ""  # key of the group that it was last delivered in
    presence: Presence = Presence.LISTED
    labels: bytes = NO_LABELS  # the identifying ones, as JSON

    @property
    def is_known_to_fire(self) -> bool:
        """Whether it fired when it was last delivered, and nothing else is known."""
        return self.ends_at is None and self.presence is Presence.LISTED


def encode_labels(alert: Alert) -> bytes:
    """Return the labels by which people identify an alert, as a record has them."""
    return msgspec.json.encode({name: alert.labels[name] for name in _IDENTIFYING if name in alert.labels})


def identifying_labels(record: AlertRecord) -> dict[str, str]:
    """Return the labels by which people identify an alert, as far as they are remembered."""
    return LABELS.decode(record.labels)
