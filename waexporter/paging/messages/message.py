"""A message for a channel."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from waexporter.paging.messages.text import truncate

if TYPE_CHECKING:
    from collections.abc import Callable

    from waexporter.paging.model import Alert


@dataclass(frozen=True, slots=True)
class Message:
    """A text for people, and the alerts that it is about for programs."""

    text: str
    alerts: tuple[Alert, ...] = ()
    # Returns the text shortened to a number of UTF-16 code units.
    compose: Callable[[int], str] | None = field(default=None, compare=False, repr=False)

    def shorten(self, room: int) -> str:
        """Return the text within `room` UTF-16 code units."""
        return self.compose(room) if self.compose is not None else truncate(self.text, room)
