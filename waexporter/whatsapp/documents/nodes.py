"""The names of a cluster's nodes."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from waexporter.transport.lenient_json import printable

if TYPE_CHECKING:
    from collections.abc import Iterable


class NodeNamePattern:
    """The form of a cluster's node names: `host:container`, unless none of them has a colon."""

    def __init__(self, seen: Iterable[str]) -> None:
        self._have_colons = any(":" in name for name in seen)

    def matches(self, name: str) -> bool:
        """Return whether a name may be that of a node."""
        return ":" in name or not self._have_colons


def display_names(names: Iterable[str]) -> dict[str, str]:
    """Return the name to show for each name: printable, not long, and unique."""
    shown: dict[str, str] = {}
    taken: Counter[str] = Counter()
    for name in names:
        text = printable(name)
        taken[text] += 1
        shown[name] = text if taken[text] == 1 else f"{text} ({taken[text]})"
    return shown
