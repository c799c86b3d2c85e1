"""What one check comes to, as a line for a person; pure."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Level(StrEnum):
    """How much a finding matters."""

    OK = "ok"
    NOTE = "note"  # pages get out all the same
    BAD = "NOT OK"


class Finding(NamedTuple):
    """One line: what was found, and where there is something to do, what."""

    level: Level
    words: str
    remedy: str = ""

    def __str__(self) -> str:
        """Write the line."""
        advice = f" -> {self.remedy}" if self.remedy else ""
        return f"{self.level:<8}{self.words}{advice}"


def good(words: str) -> Finding:
    """Find that something is as it should be."""
    return Finding(Level.OK, words)


def note(words: str, remedy: str = "") -> Finding:
    """Find something that is worth knowing."""
    return Finding(Level.NOTE, words, remedy)


def bad(words: str, remedy: str) -> Finding:
    """Find that something keeps pages from people, or will."""
    return Finding(Level.BAD, words, remedy)
