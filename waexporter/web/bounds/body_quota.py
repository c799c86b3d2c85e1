"""The memory that the bodies of all requests may take together."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from waexporter.web.bounds.connection_limit import find_peer

if TYPE_CHECKING:
    from typing import Self


class BodyQuota:
    """Bytes for bodies, shared by all clients; a client may have half of them, so that others can send, too.

    Used only in the loop's thread.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._used: Counter[str] = Counter()  # bytes by client

    def open_share(self, address: str) -> BodyShare:
        """Return the share of one body, which is empty yet; a `with` block gives it back."""
        return BodyShare(self, find_peer(address))

    def take(self, peer: str, size: int) -> bool:
        """Return whether so many bytes more are free for a client; they are taken then."""
        if self._used[peer] + size > self._size // 2 or self._used.total() + size > self._size:
            return False
        self._used[peer] += size
        return True

    def give_back(self, peer: str, size: int) -> None:
        """Free some bytes of a client."""
        self._used[peer] -= size
        if not self._used[peer]:
            del self._used[peer]


class BodyShare:
    """What one body has of the quota."""

    def __init__(self, quota: BodyQuota, peer: str) -> None:
        self._quota = quota
        self._peer = peer
        self.size = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._quota.give_back(self._peer, self.size)
        self.size = 0

    def grow_to(self, size: int) -> bool:
        """Return whether the body may have so many bytes in all."""
        more = max(0, size - self.size)
        if more and not self._quota.take(self._peer, more):
            return False
        self.size += more
        return True
