"""The damaged rows of the journal: each is reported once, and a page is kept until it is set aside."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from waexporter.paging.journal.entry import JournalEntry


class DamagedRows:
    """The rows that could not be read so far, by their names, such as `page 7`."""

    def __init__(self, on_damage: Callable[[Sequence[str]], None]) -> None:
        """Start without rows; call `on_damage` with the names of each newly found ones."""
        self._on_damage = on_damage
        self._rows: dict[str, JournalEntry | None] = {}  # None: not a page, or already set aside

    def report(self, rows: Mapping[str, JournalEntry | None]) -> None:
        """Report the rows that were not known to be damaged."""
        new = {name: entry for name, entry in rows.items() if name not in self._rows}
        self._rows |= new
        if new:
            self._on_damage(tuple(new))

    def pages(self) -> tuple[JournalEntry, ...]:
        """Return the damaged pages that still have to be set aside."""
        return tuple(entry for entry in self._rows.values() if entry is not None)

    def forget_pages(self) -> None:
        """Forget the content of the damaged pages, after they were set aside."""
        self._rows = dict.fromkeys(self._rows)
