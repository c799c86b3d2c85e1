"""The chart of the last polls of a target: a stacked bar for each, from its phases; pure.

The drawing is stretched to the width of the page, so its numbers have no unit, and it has no text.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from waexporter.polling.history import KEPT_POLLS, PHASES
from waexporter.timefmt import humanize_seconds, plural
from waexporter.web.formatting import format_duration, format_time
from waexporter.web.site.poll_words import SYMBOLS, outcome_kind, outcome_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from waexporter.polling.history import PastPoll
    from waexporter.web.formatting import FormattedTime

SLOT: Final = 10  # the width of a bar and the space beside it
WIDTH: Final = SLOT * KEPT_POLLS
HEIGHT: Final = 100
PHASE_WORDS: Final = {
    "login": "login",
    "dns": "DNS",
    "connect": "connect",
    "tls": "TLS",
    "wait": "first byte",
    "body": "body",
    "rest": "other requests and work",
}
_STEPS: Final = (1.0, 2.0, 5.0)
_SHORTEST: Final = 0.001  # seconds; a shorter rest is no part of a bar


@dataclass(frozen=True, slots=True)
class Box:
    """One phase of a bar."""

    phase: str
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Bar:
    """One poll."""

    x: int
    kind: str  # ok | partly | fact | bad
    boxes: tuple[Box, ...]
    title: str


@dataclass(frozen=True, slots=True)
class PollRow:
    """One poll as a row of the table; '' for a phase that it did not have."""

    at: FormattedTime | None
    endpoint: str
    kind: str
    symbol: str
    outcome: str
    took: str
    phases: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PollChart:
    """The chart, and the same as a table, the newest poll first."""

    description: str
    top: str  # the duration at the upper edge
    middle: str
    since: str  # how long ago the first poll was
    phases: tuple[tuple[str, str], ...]  # the phases that occur: CSS class, words
    bars: tuple[Bar, ...]
    has_failures: bool
    rows: tuple[PollRow, ...]


def draw_polls(polls: Sequence[PastPoll], now: float) -> PollChart | None:
    """Return the chart of polls, the oldest first; None without any."""
    if not polls:
        return None
    top = _round_up(_longest(polls))
    stacks = [tuple(_stack(poll)) for poll in polls]
    occurring = {phase for stack in stacks for phase, _ in stack}
    first = KEPT_POLLS - len(polls)
    failed = sum(outcome_kind(poll.outcome) == "bad" for poll in polls)
    return PollChart(
        description=_describe(polls, failed),
        top=format_duration(top),
        middle=format_duration(top / 2),
        since=humanize_seconds(now - polls[0].at),
        phases=tuple((phase, words) for phase, words in PHASE_WORDS.items() if phase in occurring),
        bars=tuple(
            Bar(
                (first + number) * SLOT,
                outcome_kind(poll.outcome),
                tuple(_boxes(stack, top)),
                _title(poll, stack, now),
            )
            for number, (poll, stack) in enumerate(zip(polls, stacks, strict=True))
        ),
        has_failures=failed > 0,
        rows=tuple(_row(poll, now) for poll in reversed(polls)),
    )


def _longest(polls: Sequence[PastPoll]) -> float:
    """Return the longest duration that the chart shows in full: a timeout would flatten all others."""
    # Without phases no request was needed.
    durations = [poll.duration for poll in polls if poll.phases and outcome_kind(poll.outcome) != "bad"]
    return max(durations or [poll.duration for poll in polls])


def _round_up(seconds: float) -> float:
    """Return the next of 1, 2, 5, 10, 20, 50 … milliseconds."""
    size = 0.001
    while True:
        for step in _STEPS:
            if step * size >= seconds:
                return step * size
        size *= 10


def _stack(poll: PastPoll) -> Iterator[tuple[str, float]]:
    """Yield the phases of a poll, and what it needed besides its last request."""
    yield from poll.phases
    rest = poll.duration - sum(seconds for _, seconds in poll.phases)
    if rest >= _SHORTEST or not poll.phases:
        yield "rest", rest


def _boxes(stack: Sequence[tuple[str, float]], top: float) -> Iterator[Box]:
    """Yield the boxes of a bar from the bottom to the top, cut off at the upper edge."""
    below = 0.0
    for phase, seconds in stack:
        height = min(seconds / top * HEIGHT, HEIGHT - below)
        if height > 0:
            yield Box(phase, round(HEIGHT - below - height, 2), round(height, 2))
        below += height


def _title(poll: PastPoll, stack: Sequence[tuple[str, float]], now: float) -> str:
    phases = ", ".join(f"{PHASE_WORDS[phase]} {format_duration(seconds)}" for phase, seconds in stack)
    ago = humanize_seconds(now - poll.at)
    return f"{poll.endpoint}: {_outcome(poll)} {ago} ago, took {format_duration(poll.duration)} ({phases})"


def _describe(polls: Sequence[PastPoll], failed: int) -> str:
    durations = sorted(poll.duration for poll in polls)
    middle = durations[len(durations) // 2]
    failures = "none failed" if not failed else f"{failed} failed"
    return (
        f"{plural(len(polls), 'poll')}, {failures}; half of them took at most {format_duration(middle)}, "
        f"the longest {format_duration(durations[-1])}"
    )


def _row(poll: PastPoll, now: float) -> PollRow:
    phases = dict(poll.phases)
    kind = outcome_kind(poll.outcome)
    return PollRow(
        format_time(poll.at, now),
        poll.endpoint,
        kind,
        SYMBOLS[kind],
        _outcome(poll),
        format_duration(poll.duration),
        tuple(format_duration(phases[name]) if name in phases else "" for name in PHASES),
    )


def _outcome(poll: PastPoll) -> str:
    words = outcome_words(poll.outcome)
    return words if poll.status is None else f"{words} (HTTP {poll.status})"
