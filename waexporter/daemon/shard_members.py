"""The shard of a daemon, and the targets that other shards poll."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from waexporter.model import Shard

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(slots=True)
class ShardMembers:
    """Which part of the fleet is polled here; a reload replaces `elsewhere` as a whole."""

    shard: Shard | None = None  # None: all of it
    elsewhere: Mapping[str, int] = field(default_factory=dict)  # targets of other daemons, with their shards

    def find(self, name: str) -> Shard | None:
        """Return the shard that polls a target, if another daemon does."""
        index = self.elsewhere.get(name)
        return Shard(index, self.shard.count) if self.shard is not None and index is not None else None
