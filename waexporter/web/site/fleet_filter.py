"""The filter of the status page: words, labels and a verdict in its query; pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Self
from urllib.parse import urlencode

from waexporter.web.formatting import public_url
from waexporter.web.site.search import has_words, limit_conditions, read_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from waexporter.web.backend import TargetStatus
    from waexporter.web.responses import IncomingRequest

_MAX_VALUES: Final = 40  # of a label that is offered as a choice; one with more is better searched for
_MAX_LABELS: Final = 20


@dataclass(frozen=True, slots=True)
class LabelChoice:
    """The values of one label in the fleet, each with the number of targets that have it."""

    name: str
    values: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class FleetFilter:
    """Which targets are shown."""

    words: str = ""  # each of them is in a name, an address, a label or a problem
    labels: tuple[str, ...] = ()  # each `name:value`, or a name alone for any value
    verdict: str = ""
    shows_all: bool = False  # also those for which the page would be too long

    @classmethod
    def of_request(cls, request: IncomingRequest) -> Self:
        """Return the filter in the query of a request."""
        return cls(
            words=read_words(request),
            labels=limit_conditions(request.values("label")),
            verdict=next(filter(None, request.values("verdict")), ""),
            shows_all=bool(request.values("all")),
        )

    @property
    def is_active(self) -> bool:
        """Whether it hides anything."""
        return bool(self.words or self.labels or self.verdict)

    def matches_without_verdict(self, target: TargetStatus) -> bool:
        """Return whether a target has these words and labels."""
        labels = dict(target.labels)
        return all(_has_label(labels, wanted) for wanted in self.labels) and has_words(
            _find_texts(target), self.words
        )

    def has_verdict(self, target: TargetStatus) -> bool:
        """Return whether a target has the wanted verdict, or any will do."""
        return not self.verdict or target.verdict.state == self.verdict

    def link_verdict(self, verdict: str) -> str:
        """Return the link that shows the targets with one verdict, or with any."""
        return replace(self, verdict=verdict, shows_all=False).link()

    def link_label(self, name: str, value: str) -> str:
        """Return the link that shows only targets with one more label."""
        labels = tuple(dict.fromkeys((*self.labels, f"{name}:{value}")))
        return replace(self, labels=labels, shows_all=False).link()

    def link_without(self, label: str) -> str:
        """Return the link that shows targets without one of the wanted labels, too."""
        return replace(self, labels=tuple(each for each in self.labels if each != label)).link()

    def link_all(self) -> str:
        """Return the link that shows every match, however many there are."""
        return replace(self, shows_all=True).link()

    def link(self) -> str:
        """Return the link to the status page with this filter."""
        fields = (
            ("q", self.words),
            *(("label", label) for label in self.labels),
            ("verdict", self.verdict),
            ("all", "1" if self.shows_all else ""),
        )
        query = urlencode([field for field in fields if field[1]], errors="replace")
        return f"./?{query}" if query else "./"


def count_labels(targets: Sequence[TargetStatus]) -> tuple[LabelChoice, ...]:
    """Return the labels that are worth a choice: not one value for all, and not one for each."""
    counts: dict[str, Counter[str]] = {}
    for target in targets:
        for name, value in target.labels:
            counts.setdefault(name, Counter())[value] += 1
    return tuple(
        LabelChoice(name, tuple(sorted(values.items())))
        for name, values in sorted(counts.items())
        if len(values) <= _MAX_VALUES and max(values.values()) < len(targets)
    )[:_MAX_LABELS]


def _find_texts(target: TargetStatus) -> Iterator[str]:
    """Yield what is searched of a target."""
    yield target.name
    yield public_url(target.url)
    for name, value in target.labels:
        yield f"{name}={value}"
        yield f"{name}:{value}"
    for problem in target.verdict.problems:
        yield problem.slug
        yield problem.words


def _has_label(labels: dict[str, str], wanted: str) -> bool:
    name, colon, value = wanted.partition(":")
    return name in labels and (not colon or labels[name] == value)
