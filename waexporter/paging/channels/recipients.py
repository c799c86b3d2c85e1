"""Who gets a message, and which kind of id that is; pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from waexporter.whatsapp.documents.groups import persons_number

GROUP, INDIVIDUAL = "group", "individual"
_IN_WORDS = {GROUP: "a group", INDIVIDUAL: "a person"}
# What the API answers for an id that is not of the kind it was said to be.
NOT_SUCH = frozenset({"1002", "1012", "1013", "1020", "1021"})
_GROUP = re.compile(r"[1-9][0-9]*-[0-9]+(@g\.us)?|[1-9][0-9]{15,}(@g\.us)?|[0-9-]+@g\.us")


@dataclass(frozen=True, slots=True)
class Recipient:
    """A group, or one person."""

    to: str
    kind: str = GROUP  # group | individual

    @property
    def in_words(self) -> str:
        """What kind it is."""
        return _IN_WORDS.get(self.kind, self.kind)


def other_recipient(recipient: Recipient) -> Recipient | None:
    """Return the recipient of the other kind that an id looks like; None where it looks like its own."""
    if recipient.kind == GROUP:
        number = persons_number(recipient.to)
        return Recipient(number, INDIVIDUAL) if number else None
    return Recipient(recipient.to, GROUP) if _GROUP.fullmatch(recipient.to) else None
