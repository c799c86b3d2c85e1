"""Text that is never printed."""

from __future__ import annotations


class Secret:
    """A text that is never printed: only `reveal()` returns it."""

    __slots__ = ("_text", "file")

    def __init__(self, text: str, file: str | None = None) -> None:
        self._text = text
        self.file = file  # the file that it was read from; not compared

    def reveal(self) -> str:
        """Return the text itself."""
        return self._text

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __repr__(self) -> str:
        return "<secret>"
