"""Metric families, their samples, and their rendered lines."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from typing import Self


class Head(NamedTuple):
    """The metadata of a family; the name is OpenMetrics' (a counter's without _total)."""

    name: str
    type: str  # counter | gauge | summary | histogram | unknown | info | stateset
    help: str


class Sample(NamedTuple):
    """One value; the suffix is `_total`, `_sum`, ... or empty."""

    labels: tuple[tuple[str, str], ...]
    value: float
    suffix: str = ""


class Family(NamedTuple):
    """One metric with all its samples."""

    head: Head
    samples: tuple[Sample, ...]


class Fragment(NamedTuple):
    """The rendered sample lines of one family, ready for a page."""

    head: Head
    lines: bytes


@dataclass(frozen=True, slots=True)
class Part:
    """The samples of one source: a webapp behind a load balancer, or the client itself with an empty name."""

    source: str
    fragments: tuple[Fragment, ...]
    samples: int
    # The heads of the fragments; the same object as long as the families do not change. Empty: not known.
    heads: tuple[Head, ...] = field(default=(), compare=False)

    @classmethod
    def from_fragments(cls, source: str, fragments: tuple[Fragment, ...]) -> Self:
        """Return the part of these fragments; each of their lines is a sample."""
        return cls(source, fragments, sum(each.lines.count(b"\n") for each in fragments))
