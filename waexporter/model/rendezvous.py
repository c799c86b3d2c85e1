"""Which shard of a fleet a target belongs to.

It is not part of `waexporter.model`, which every command imports: hashlib loads OpenSSL, which takes 2 MiB.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from waexporter.model.shard import Shard


def is_in_shard(shard: Shard, name: str) -> bool:
    """Return whether a target belongs to a shard."""
    return shard.count == 1 or find_shard(name, shard.count) == shard.index


def find_shard(name: str, count: int) -> int:
    """Return the index of the part that a target belongs to; equal in all processes and versions.

    Rendezvous hashing: each part makes a bid for the name, and the highest wins. So a further part only takes
    the names for which its bid is higher, one in `count`, and no name moves between two others.
    """
    text = name.encode(errors="replace")
    return max(range(count), key=lambda index: blake2b(b"%d/%s" % (index, text), digest_size=8).digest())
