"""The shard of a daemon, and the targets that other shards poll."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from waexporter.model import Shard


@dataclass(slots=True)
class ShardMembers:
    """Which part of the fleet is polled here; a reload replaces `elsewhere` as a whole."""

    shard: Shard | None = None  # None: all of it
    elsewhere: Mapping[str, int] = field(default_factory=dict)  # targets of other daemons, with their shards
