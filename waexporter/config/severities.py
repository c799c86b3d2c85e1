"""The block `pager.severities`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from waexporter.config.keys import Block, Key
from waexporter.config.values import scalars
from waexporter.model.severity import CLASSES, normalize_word

if TYPE_CHECKING:
    from waexporter.config.section import Section
    from waexporter.model.severity import Severity


def read_severities(pager: Section, name: str, _: object) -> tuple[tuple[str, Severity], ...]:
    """Read the words of each class; a word has one meaning."""
    owners: dict[str, str] = {}
    read: list[tuple[str, Severity]] = []
    with pager.section(name) as section:
        for severity in CLASSES:
            for index, word in enumerate(section.get(severity.value, _words, ())):
                path = f"{severity.value}[{index}]"
                if not normalize_word(word):
                    section.add_problem(path, "must hold a letter or a digit")
                owner = owners.setdefault(normalize_word(word), path)
                if owner != path:
                    section.add_problem(path, f"is the word of {owner} already")
                read.append((word, severity))
    return tuple(read)


def dump_severities(severities: tuple[tuple[str, Severity], ...]) -> dict[str, object]:
    """Return the words of each class."""
    words = {each.value: [word for word, means in severities if means is each] for each in CLASSES}
    return {name: listed for name, listed in words.items() if listed}


def _words(value: object) -> tuple[str, ...]:
    return tuple(scalars.visible(each) for each in scalars.listed(value, "words, such as [p1, urgent]"))


# Read together, because a word may be in one list only.
SEVERITIES = Block(
    "severities",
    None,
    (
        Key("critical", None, "list of words for critical, such as `[tier-1]`"),
        Key("warning", None, "list of words for warning"),
        Key("info", None, "list of words for info"),
    ),
)
