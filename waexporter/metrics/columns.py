"""The values of an answer in one row: which of them belong to one metric at one node, and their type."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from waexporter.metrics.naming import COUNTER, HISTOGRAM, TYPES, twin_of
from waexporter.transport.lenient_json import printable

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from collections.abc import Set as AbstractSet

    from waexporter.whatsapp.documents.statistics import Datum, Metric

UNKNOWN = "unknown"


class Column(NamedTuple):
    """All samples of one upstream metric at one node, and where their values begin among all values."""

    node: str
    name: str
    metric: Metric
    kind: str  # counter, gauge, histogram, or unknown where nobody says it
    start: int
    clustered: bool

    def place(self) -> str:
        """Return where it stands in the answer, for a sentence."""
        return printable(f"{self.node} {self.name}".strip())

    def places(self) -> range:
        """Return the places of its values."""
        data = self.metric.data
        width = sum(len(edges(datum)) + 2 for datum in data) if self.kind == HISTOGRAM else len(data)
        return range(self.start, self.start + width)


def edges(datum: Datum) -> list[str]:
    """List the upper bounds of a histogram's buckets in order, the infinite one always last."""
    said = [edge for edge in datum.bucket or {} if "inf" not in edge.lower()]
    return [*sorted(said, key=_edge), next((edge for edge in datum.bucket or {} if edge not in said), "+Inf")]


def _edge(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0


class Settler:
    """Settles the type of samples whose own can't be read: it is said badly, which makes no value bad."""

    def __init__(self, nodes: Collection[Mapping[str, Metric]], known: Mapping[str, str]) -> None:
        self._nodes = nodes
        self._known = known
        self._settled: dict[str, str] = {}

    def settle(self, name: str, metric: Metric) -> str:
        """Return the type that samples look like, that most other nodes say, or that is documented."""
        if (kind := _read_type(metric)) in TYPES:
            return kind
        if any(datum.bucket for datum in metric.data):
            return HISTOGRAM
        if name not in self._settled:
            self._settled[name] = self._settle_plain(name)
        return self._settled[name]

    def _settle_plain(self, name: str) -> str:
        if said := self._types(name, TYPES - {HISTOGRAM}):
            return most_say(said, self._known.get(name))
        if name in self._known:
            return self._known[name]
        twin = twin_of(name)
        return COUNTER if twin and self._types(twin, {COUNTER}) else UNKNOWN

    def _types(self, name: str, among: AbstractSet[str]) -> Counter[str]:
        said = (_read_type(node[name]) for node in self._nodes if name in node)
        return Counter(kind for kind in said if kind in among)


def _read_type(metric: Metric) -> str:
    return metric.type.strip().lower()  # as parsers of the text format do


def most_say(votes: Mapping[str, int], documented: str | None) -> str:
    """Return the type that most say; of those that as many say the documented one, else the first."""
    return max(votes, key=lambda kind: (votes[kind], kind == documented, kind != UNKNOWN))
