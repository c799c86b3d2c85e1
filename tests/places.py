"""What belongs together is in every place: a forgotten one fails with what to add and where."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def hold(wanted: Iterable[str], found: Iterable[str], *, add: str, remove: str) -> None:
    """Compare what has to be in a place with what is there; `add` and `remove` say what to do, and where."""
    has_to_be, is_there = set(wanted), set(found)
    missing, surplus = sorted(has_to_be - is_there), sorted(is_there - has_to_be)
    assert not missing, f"missing: {', '.join(missing)}. {add}"
    assert not surplus, f"too much: {', '.join(surplus)}. {remove}"
