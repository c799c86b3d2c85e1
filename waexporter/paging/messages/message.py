"""What goes out through a channel."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from waexporter.paging.messages.text import clip

if TYPE_CHECKING:
    from collections.abc import Callable

    from waexporter.paging.model import Alert


@dataclass(frozen=True, slots=True)
class Message:
    """What is sent: a text, and for programs the alerts it tells of."""

    text: str
    alerts: tuple[Alert, ...] = ()
    # Tells the same within so many code units of UTF-16.
    compose: Callable[[int], str] | None = field(default=None, compare=False, repr=False)

    def shorten(self, room: int) -> str:
        """Return the text within so many code units of UTF-16."""
        return self.compose(room) if self.compose is not None else clip(self.text, room)
