"""What a judgement rests on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from waexporter.model import (
        Certificates,
        ClientSettings,
        Distrust,
        Failure,
        Health,
        OnCallGroup,
        Support,
        Topology,
    )


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that is known of a client."""

    health: Health | None = None  # the last one understood, while it is fresh
    failure: Failure | None = None  # of the newest health poll, if it failed
    polled: bool = True  # a health poll has ended
    topology: Topology | None = None  # as configured
    shards: int | None = None  # as configured
    support: Support | None = None
    support_at: float = 0.0  # steady clock
    settings: ClientSettings | None = None
    certificates: Certificates | None = None
    group: OnCallGroup | None = None
    distrust: Distrust | None = None
