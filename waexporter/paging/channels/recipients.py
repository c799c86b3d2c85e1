"""Who gets a message on WhatsApp; pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

GROUP: Final = "group"
INDIVIDUAL: Final = "individual"
_IN_WORDS: Final = {GROUP: "a group", INDIVIDUAL: "a person"}


@dataclass(frozen=True, slots=True)
class Recipient:
    """A group or one person on WhatsApp."""

    to: str
    kind: str = GROUP  # group | individual

    @property
    def in_words(self) -> str:
        """The kind, as a noun with its article."""
        return _IN_WORDS.get(self.kind, self.kind)
