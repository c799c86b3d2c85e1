"""Notes about the targets of a fleet, of which thousands may be the same; pure."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

_MOST_ALIKE: Final = 5


def fold_notes(notes: Iterable[str]) -> tuple[str, ...]:
    """Return notes, with only the first few of those that say the same about different places."""
    counts: Counter[str] = Counter()
    shown = []
    for note in notes:
        words = note.rpartition(": ")[2]
        counts[words] += 1
        if counts[words] <= _MOST_ALIKE:
            shown.append(note)
    more = (f"{count - _MOST_ALIKE} more: {words}" for words, count in counts.items() if count > _MOST_ALIKE)
    return (*shown, *more)
