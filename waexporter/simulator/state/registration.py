"""The registered phone number, and the PIN of the two-step verification."""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from waexporter.simulator.parameters import invalid, missing

if TYPE_CHECKING:
    from waexporter.simulator.envelope import Json


@dataclass(slots=True)
class Registration:
    """A phone number, the requested code, and the PIN of the two-step verification."""

    cc: str = "1"
    number: str = "4155550100"
    done: bool = True
    pin: str | None = None
    code: str | None = None  # as the short message has it, until it was used
    asked: tuple[str, str] | None = None  # country code and number the code is for

    def is_for(self, cc: str, number: str) -> bool:
        """Return whether this number is registered."""
        return self.done and (self.cc, self.number) == (cc, number)

    def send_code(self, cc: str, number: str) -> None:
        """Create a code; an older one becomes invalid."""
        self.code = f"{secrets.randbelow(900) + 100}-{secrets.randbelow(900) + 100}"
        self.asked = (cc, number)

    def accept(self, code: str) -> bool:
        """Register the number if the code is right; return whether it is."""
        if self.asked is None or self.code is None or code.replace("-", "") != self.code.replace("-", ""):
            return False
        self.cc, self.number = self.asked
        self.done, self.code, self.asked = True, None, None
        return True

    def check_pin(self, pin: str | None) -> None:
        """Refuse a missing or wrong PIN if a PIN is set."""
        if self.pin is None:
            return
        if pin is None:
            raise missing("pin")
        if not hmac.compare_digest(pin.encode(), self.pin.encode()):
            raise invalid("pin", "is wrong")

    def summary(self) -> Json:
        """Return the registration; it shows the code because no short message is sent."""
        return {
            "registered": self.done,
            "cc": self.cc,
            "phone_number": self.number,
            "code": self.code,
            "two_step": self.pin is not None,
        }
