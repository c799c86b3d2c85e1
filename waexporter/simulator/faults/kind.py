"""One kind of fault, as a value."""

from __future__ import annotations

from dataclasses import dataclass

_NONE: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of fault: what it does, the paths it affects, and the default of `seconds`."""

    description: str
    prefix: str = "/v1/"
    spares: tuple[str, ...] = _NONE
    seconds: float = 0.0
