"""The line of a queue in the last hour, broken where nothing is known; pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from waexporter.timefmt import humanize_seconds

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from waexporter.polling.history import QueueSizes

WIDTH: Final = 600  # an hour
HEIGHT: Final = 100
_HOUR: Final = 3600.0  # seconds
_SHORTEST: Final = 4  # the width of the line of a single sample


@dataclass(frozen=True, slots=True)
class Sparkline:
    """One queue."""

    words: str
    last: str
    last_ago: str
    least: str
    most: str
    lines: tuple[str, ...]  # the points of each piece
    areas: tuple[str, ...]  # those of the area below it


def draw_queue(queue: QueueSizes, now: float) -> Sparkline:
    """Return the line of a queue that has at least one size."""
    known = [(at, size) for at, size in queue.sizes if size is not None]
    sizes = [size for _, size in known]
    at, last = known[-1]
    # From zero up, so that the heights of two moments can be compared.
    low, high = min(0.0, *sizes), max(0.0, *sizes)
    span = (high - low) or 1.0
    pieces = [
        [(_x(moment, now), round(HEIGHT * (1 - (size - low) / span), 1)) for moment, size in piece]
        for piece in _pieces(queue.sizes)
    ]
    pieces = [_widened(piece) for piece in pieces]
    return Sparkline(
        queue.words,
        format_size(last),
        humanize_seconds(now - at),
        format_size(min(sizes)),
        format_size(max(sizes)),
        tuple(_points(piece) for piece in pieces),
        tuple(_points([(piece[0][0], HEIGHT), *piece, (piece[-1][0], HEIGHT)]) for piece in pieces),
    )


def format_size(size: float) -> str:
    """Return a size with its thousands apart."""
    return f"{size:,.0f}" if size == round(size) else f"{size:,.2f}"


def _pieces(sizes: Sequence[tuple[float, float | None]]) -> Iterator[list[tuple[float, float]]]:
    piece: list[tuple[float, float]] = []
    for at, size in sizes:
        if size is not None:
            piece.append((at, size))
        elif piece:
            yield piece
            piece = []
    if piece:
        yield piece


def _x(at: float, now: float) -> float:
    return round(min(max(WIDTH * (1 - (now - at) / _HOUR), 0.0), WIDTH), 1)


def _widened(piece: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return a piece that is wide enough to be seen."""
    (first, y), *_ = piece
    return piece if piece[-1][0] - first >= _SHORTEST else [(max(first - _SHORTEST, 0.0), y), *piece]


def _points(points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:g},{y:g}" for x, y in points)
