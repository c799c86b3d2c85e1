"""One metric of one node in an answer: its type, and the place of its values in the row of all values."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from waexporter.metrics.naming import COUNTER, HISTOGRAM, TYPES, other_half
from waexporter.transport.lenient_json import printable

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from collections.abc import Set as AbstractSet

    from waexporter.metrics.naming import Unit
    from waexporter.whatsapp.documents.statistics import Datum, Metric

UNKNOWN = "unknown"


class NodeMetric(NamedTuple):
    """All samples of one upstream metric at one node.

    The values of all metrics of an answer are in one row; those of this metric begin at `first_index`.
    """

    node: str
    name: str  # upstream
    metric: Metric
    type: str  # counter, gauge, histogram, or unknown without a valid type
    first_index: int
    clustered: bool

    def location(self) -> str:
        """Return the location in the answer, for a message."""
        return printable(f"{self.node} {self.name}".strip())

    def value_indexes(self) -> range:
        """Return the indexes of its values in the row."""
        data = self.metric.data
        width = sum(len(bucket_bounds(datum)) + 2 for datum in data) if self.type == HISTOGRAM else len(data)
        return range(self.first_index, self.first_index + width)


def bucket_bounds(datum: Datum) -> list[str]:
    """Return the upper bounds of a histogram's buckets in order, the infinite one always last."""
    finite = [bound for bound in datum.bucket or {} if "inf" not in bound.lower()]
    infinite = next((bound for bound in datum.bucket or {} if bound not in finite), "+Inf")
    return [*sorted(finite, key=_bound), infinite]


def _bound(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0


def render_bound(bound: str, unit: Unit) -> str:
    """Return a bucket's upper bound in the base unit, as both text formats write it."""
    value = float(bound)
    return "+Inf" if value == float("inf") else repr(float(unit.convert(value)))


class TypeResolver:
    """Finds the type of a metric whose own type is not valid; its values are used all the same."""

    def __init__(self, nodes: Collection[Mapping[str, Metric]], documented: Mapping[str, str]) -> None:
        self._nodes = nodes
        self._documented = documented
        self._resolved: dict[str, str] = {}

    def resolve(self, name: str, metric: Metric) -> str:
        """Return the type by the metric or its samples, else by the other nodes or the documentation."""
        if (metric_type := _read_type(metric)) in TYPES:
            return metric_type
        if any(datum.bucket for datum in metric.data):
            return HISTOGRAM
        if name not in self._resolved:
            self._resolved[name] = self._resolve_plain(name)
        return self._resolved[name]

    def _resolve_plain(self, name: str) -> str:
        if votes := self._count_types(name, TYPES - {HISTOGRAM}):
            return majority_type(votes, self._documented.get(name))
        if name in self._documented:
            return self._documented[name]
        other = other_half(name)
        return COUNTER if other and self._count_types(other, {COUNTER}) else UNKNOWN

    def _count_types(self, name: str, among: AbstractSet[str]) -> Counter[str]:
        types = (_read_type(node[name]) for node in self._nodes if name in node)
        return Counter(each for each in types if each in among)


def _read_type(metric: Metric) -> str:
    return metric.type.strip().lower()  # as parsers of the text format do


def majority_type(votes: Mapping[str, int], documented: str | None) -> str:
    """Return the type with most votes; in a tie the documented one, else the first."""
    return max(votes, key=lambda each: (votes[each], each == documented, each != UNKNOWN))
