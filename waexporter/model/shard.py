"""The parts of a fleet that several daemons share."""

from __future__ import annotations

import re
from dataclasses import dataclass

MAX_SHARDS = 256
_SHARD = re.compile(r"([0-9]{1,4})/([0-9]{1,4})")


@dataclass(frozen=True, slots=True)
class Shard:
    """One of `count` parts of the targets, of about equal sizes."""

    index: int = 0
    count: int = 1

    def __str__(self) -> str:
        return f"{self.index}/{self.count}"


def parse_shard(text: str) -> Shard:
    """Read `I/N`, with 0 <= I < N; raise ValueError."""
    match = _SHARD.fullmatch(text)
    shard = Shard(int(match[1]), int(match[2])) if match else Shard(count=0)
    if not shard.index < shard.count <= MAX_SHARDS:
        raise ValueError(f"must be given as i/n with 0 <= i < n <= {MAX_SHARDS}, like 0/3")
    return shard
