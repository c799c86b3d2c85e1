"""The result of one check, as a line for a person; pure."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Level(StrEnum):
    """The severity of a finding."""

    OK = "ok"
    NOTE = "note"  # pages are sent all the same
    BAD = "NOT OK"


class Finding(NamedTuple):
    """One line: what was found, and a remedy if there is one."""

    level: Level
    words: str
    remedy: str = ""

    def __str__(self) -> str:
        """Return the line."""
        advice = f" -> {self.remedy}" if self.remedy else ""
        return f"{self.level:<8}{self.words}{advice}"


def good(words: str) -> Finding:
    """Return the finding that something is right."""
    return Finding(Level.OK, words)


def note(words: str, remedy: str = "") -> Finding:
    """Return a finding that is worth knowing."""
    return Finding(Level.NOTE, words, remedy)


def bad(words: str, remedy: str) -> Finding:
    """Return the finding of a fault that keeps pages from people, now or later."""
    return Finding(Level.BAD, words, remedy)
