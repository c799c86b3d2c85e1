"""One sort of thing that may be wrong, as a value."""

from __future__ import annotations

from dataclasses import dataclass

_NONE: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Kind:
    """One sort of fault: what it does, which paths it meets, and what `seconds` means by default."""

    description: str
    prefix: str = "/v1/"
    spares: tuple[str, ...] = _NONE
    seconds: float = 0.0
