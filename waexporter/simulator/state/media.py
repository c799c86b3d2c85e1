"""Uploaded media; their number is bounded, because people forget to delete them."""

from __future__ import annotations

import uuid

from waexporter.simulator.envelope import refusal

MOST_BYTES = 16 * 1024 * 1024  # of one

_MOST_KEPT = 8 * MOST_BYTES  # then the oldest is forgotten


class Media:
    """Uploaded media: bytes and content type."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[bytes, str]] = {}
        self._size = 0

    def add(self, content: bytes, content_type: str) -> str:
        """Store media and return its id."""
        media_id = str(uuid.uuid4())
        self._kept[media_id] = (content, content_type)
        self._size += len(content)
        while self._size > _MOST_KEPT:
            self.remove(next(iter(self._kept)))
        return media_id

    def find(self, media_id: str) -> tuple[bytes, str]:
        """Return media by its id."""
        if media_id not in self._kept:
            raise refusal(404, 1006, f"Media {media_id} not found")
        return self._kept[media_id]

    def remove(self, media_id: str) -> None:
        """Delete media."""
        self._size -= len(self.find(media_id)[0])
        del self._kept[media_id]
