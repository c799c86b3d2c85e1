"""An explanation: what is known, what follows from it and why, in words for people."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from waexporter.model.verdicts import State

_WIDTH = 80  # characters of a line of plain text
_INDENT = "  "


class TextEntry(NamedTuple):
    """One entry of a section: a sentence, and details with a word for each."""

    words: str
    details: tuple[tuple[str, str], ...] = ()


class TextSection(NamedTuple):
    """A part of an explanation with its title."""

    title: str
    entries: tuple[TextEntry, ...]


class ExplainedAnswer(NamedTuple):
    """What is known from one endpoint; times are wall-clock seconds."""

    endpoint: str
    request: str  # such as `GET /v1/health`
    counts: bool  # in the verdict
    words: str
    at: float | None = None  # when the newest answer that counts came
    until: float | None = None  # from then on it does not count any more
    next_at: float | None = None  # when the next answer is due


class ExplainedProblem(NamedTuple):
    """One problem of a verdict, and why it is there."""

    slug: str
    words: str
    node: str
    since: float  # wall clock
    decides: bool  # the state follows from it
    sources: tuple[str, ...]  # the evidence that it follows from, none of which can be left out
    rule: str
    clears: str
    advice: str
    runbook: str


class ExpectedChange(NamedTuple):
    """What happens to a verdict at a time in the future, and under which condition."""

    at: float  # wall clock
    words: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why the verdict on a target is as it is; the sections say it all in words."""

    target: str
    state: State
    at: float  # wall clock, as all times
    since: float
    headline: str
    conclusion: str
    problems: tuple[ExplainedProblem, ...]
    answers: tuple[ExplainedAnswer, ...]
    changes: tuple[ExpectedChange, ...]
    unknown: tuple[str, ...]
    sections: tuple[TextSection, ...] = ()

    def lines(self) -> tuple[str, ...]:
        """Return the explanation as plain text, 80 columns wide."""
        return tuple(render_lines(self.headline, self.sections))


def render_lines(headline: str, sections: tuple[TextSection, ...]) -> Iterator[str]:
    """Yield the lines of a headline and sections as plain text, 80 columns wide."""
    yield from _wrap(headline, "", "")
    for section in sections:
        yield ""
        yield section.title
        for entry in section.entries:
            yield from _wrap(entry.words, _INDENT, _INDENT * 2)
            width = max((len(word) for word, _ in entry.details), default=0)
            for word, words in entry.details:
                begin = f"{_INDENT * 2}{word + ':':<{width + 2}}"
                yield from _wrap(words, begin, " " * len(begin))


def _wrap(text: str, first: str, rest: str) -> list[str]:
    return textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=first,
        subsequent_indent=rest,
        break_on_hyphens=False,
        break_long_words=False,
    )
