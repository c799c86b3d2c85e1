"""The parts of a fleet that several daemons share."""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import blake2b

MAX_SHARDS = 256
_SHARD = re.compile(r"([0-9]{1,4})/([0-9]{1,4})")


@dataclass(frozen=True, slots=True)
class Shard:
    """One of `count` parts of the targets, of about equal sizes."""

    index: int = 0
    count: int = 1

    def __str__(self) -> str:
        return f"{self.index}/{self.count}"

    def contains(self, name: str) -> bool:
        """Return whether a target belongs to this part."""
        return self.count == 1 or find_shard(name, self.count) == self.index


def find_shard(name: str, count: int) -> int:
    """Return the index of the part that a target belongs to; equal in all processes and versions.

    Rendezvous hashing: each part makes a bid for the name, and the highest wins. So a further part only takes
    the names for which its bid is higher, one in `count`, and no name moves between two others.
    """
    text = name.encode(errors="replace")
    return max(range(count), key=lambda index: blake2b(b"%d/%s" % (index, text), digest_size=8).digest())


def parse_shard(text: str) -> Shard:
    """Read `I/N`, with 0 <= I < N; raise ValueError."""
    match = _SHARD.fullmatch(text)
    shard = Shard(int(match[1]), int(match[2])) if match else Shard(count=0)
    if not shard.index < shard.count <= MAX_SHARDS:
        raise ValueError(f"must be given as i/n with 0 <= i < n <= {MAX_SHARDS}, like 0/3")
    return shard
