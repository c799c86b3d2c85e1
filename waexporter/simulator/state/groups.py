"""The groups of the business and their members."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field

from waexporter.simulator.envelope import Json, refusal

BUSINESS = "14155550100"
ON_CALL = "14155550100-1520000000"  # exists from the start, with two people in it

_ON_CALL_CREATED = 1_520_000_000


def _new_link() -> str:
    return f"https://chat.whatsapp.com/{secrets.token_urlsafe(16)}"


@dataclass(slots=True)
class Group:
    """A group; the business is a member and an admin until it leaves."""

    id: str
    subject: str
    created: int  # seconds since the epoch
    admins: list[str] = field(default_factory=lambda: [BUSINESS])
    participants: list[str] = field(default_factory=list)
    link: str = field(default_factory=_new_link)
    icon: tuple[bytes, str] | None = None  # its bytes and their type

    def info(self) -> Json:
        """Return the document of GET /v1/groups/{id}."""
        return {
            "admins": list(self.admins),
            "creation_time": self.created,
            "creator": BUSINESS,
            "participants": list(self.participants),
            "subject": self.subject,
        }

    def renew_link(self) -> None:
        """Replace the invitation link."""
        self.link = _new_link()


class Groups:
    """All groups of the business."""

    def __init__(self) -> None:
        people = ["14155550101", "14155550102"]
        self._left: set[str] = set()
        self._groups = {ON_CALL: Group(ON_CALL, "On call", _ON_CALL_CREATED, participants=people)}

    def all(self) -> tuple[Group, ...]:
        """Return all groups, the oldest first."""
        return tuple(self._groups.values())

    def find(self, group_id: str) -> Group:
        """Return a group by its id."""
        if group_id not in self._groups:
            raise refusal(404, 1012, f"Group {group_id} not found")
        return self._groups[group_id]

    def create(self, subject: str, now: float) -> Group:
        """Create a group without other members; ids are unique even within one second."""
        created = int(now)
        while f"{BUSINESS}-{created}" in self._groups.keys() | self._left:
            created += 1
        group = Group(f"{BUSINESS}-{created}", subject, created)
        self._groups[group.id] = group
        return group

    def leave(self, group_id: str) -> None:
        """Leave a group; it is not found afterwards."""
        del self._groups[self.find(group_id).id]
        self._left.add(group_id)

    def was_left(self, group_id: str) -> bool:
        """Return whether the business was in this group and left it."""
        return group_id in self._left

    def join(self, group_id: str, wa_id: str) -> Group:
        """Add a person who follows the invitation."""
        group = self.find(group_id)
        if wa_id not in group.participants:
            group.participants.append(wa_id)
        return group
