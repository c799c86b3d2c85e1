"""The current profile of the business."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from waexporter.simulator.envelope import Json


@dataclass(slots=True)
class Profile:
    """The current profile."""

    business: Json = field(
        default_factory=lambda: {
            "address": "1 Example Street",
            "description": "A simulated business",
            "email": "business@example.com",
            "vertical": "Other",
            "websites": ["https://www.example.com"],
        }
    )
    about: str = "Available"
    photo: tuple[bytes, str] | None = None  # its bytes and their type
