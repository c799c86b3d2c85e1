"""The families of an answer: the metrics of all nodes merged, `_count` and `_sum` joined to summaries."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from waexporter.metrics.election import family_key, find_losers
from waexporter.metrics.exposition import claimed_names
from waexporter.metrics.known_families import OWN_NAMES
from waexporter.metrics.naming import COUNTER, HISTOGRAM, family_name, other_half, rename, split_half
from waexporter.metrics.node_metrics import bucket_bounds, majority_type
from waexporter.model import Drop, Head
from waexporter.transport.lenient_json import Losses
from waexporter.whatsapp.documents.statistics import read_labels

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from waexporter.metrics.election import FamilyKey
    from waexporter.metrics.naming import Unit
    from waexporter.metrics.node_metrics import NodeMetric
    from waexporter.whatsapp.documents.statistics import Datum

_MAX_HELP_LENGTH = 300  # characters


class AnswerOrigin(NamedTuple):
    """The endpoint that an answer comes from."""

    path: str
    documented: Mapping[str, str]  # the upstream names that the API's documentation has, with their types


class SampleSlot(NamedTuple):
    """One sample without its value: its labels upstream, its suffix, and the index of its value."""

    node: str
    labels: Mapping[str, str]
    suffix: str
    value_index: int
    bound: str = ""  # of a histogram's bucket
    histogram: int = -1  # the index of its histogram's first value; tells apart two with the same labels


@dataclass(slots=True)
class UpstreamFamily:
    """One family of an answer, without its values."""

    head: Head
    slots: list[SampleSlot]
    clustered: bool
    unit: Unit
    is_documented: bool

    def count_nodes(self) -> int:
        """Return the number of nodes that have this family."""
        return len({slot.node for slot in self.slots})


@dataclass(slots=True)
class _LabelNames:
    """The label names of one metric at one node, including those of samples whose value is not usable."""

    names: set[str] = field(default_factory=set)
    are_complete: bool = False  # there are samples, and the labels of all of them could be read


@dataclass(slots=True)
class _MergedMetric:
    """One upstream metric of all nodes."""

    name: str
    type: str
    help: str = ""
    clustered: bool = False
    slots: list[SampleSlot] = field(default_factory=list)
    labels: dict[str, _LabelNames] = field(default_factory=dict)  # by node


def build_families(
    by_name: Mapping[str, Sequence[NodeMetric]],
    unusable: frozenset[int],
    origin: AnswerOrigin,
    *,
    is_whole: bool,
) -> tuple[list[UpstreamFamily], Losses]:
    """Return the families of an answer that have samples, and what was left out.

    `unusable` are the indexes of values that can't be used.
    """
    losses = Losses()
    documented = origin.documented
    merged = {
        name: _merge_nodes(metrics, unusable, documented.get(name), losses)
        for name, metrics in by_name.items()
    }
    if not is_whole:
        # The missing half may have been lost: the other one remains a half of a summary.
        missing = [name for name in documented if other_half(name) in merged and name not in merged]
        merged |= {name: _MergedMetric(name, COUNTER) for name in missing}
    found = [family for family in _join_halves(merged, origin) if family.slots]
    return _without_clashes(found, losses), losses


def _merge_nodes(
    metrics: Sequence[NodeMetric], unusable: frozenset[int], documented: str | None, losses: Losses
) -> _MergedMetric:
    """Merge one metric of all nodes; leave out nodes where its type differs from the majority."""
    with_data = [metric for metric in metrics if metric.metric.data]
    metric_type = majority_type(Counter(metric.type for metric in with_data or metrics), documented)
    kept = [metric for metric in metrics if metric.type == metric_type]
    merged = _MergedMetric(metrics[0].name, metric_type, kept[0].metric.help, kept[0].clustered)
    for metric in metrics:
        if metric.type == metric_type:
            merged.labels[metric.node] = _add_slots(merged.slots, metric, unusable, losses)
        else:
            count = len(set(metric.value_indexes()) - unusable)
            if count:
                words = f"a {metric.type}, where most nodes say {metric_type}"
                losses.add(Drop.CLASH, metric.location(), words, count)
    return merged


def _add_slots(
    slots: list[SampleSlot], metric: NodeMetric, unusable: frozenset[int], losses: Losses
) -> _LabelNames:
    """Add the samples of one node; return their label names."""
    found = _LabelNames(are_complete=bool(metric.metric.data))
    first = metric.first_index
    for datum in metric.metric.data:
        suffixes = _suffixes(metric.type, datum)
        labels = read_labels(datum.labels)
        found.names.update(labels or ())
        found.are_complete = found.are_complete and labels is not None
        for index, (suffix, bound) in enumerate(suffixes, first):
            if index in unusable:
                continue
            if labels is None:
                losses.add(Drop.MALFORMED, metric.location(), "labels that are no map of single values")
                continue
            histogram = first if metric.type == HISTOGRAM else -1
            slots.append(SampleSlot(metric.node, labels, suffix, index, bound, histogram))
        first += len(suffixes)
    return found


def _suffixes(metric_type: str, datum: Datum) -> list[tuple[str, str]]:
    """Return the suffix and the bucket's bound of each sample of a datum."""
    if metric_type != HISTOGRAM:
        return [("", "")]
    return [*(("_bucket", bound) for bound in bucket_bounds(datum)), ("_count", ""), ("_sum", "")]


def _join_halves(merged: Mapping[str, _MergedMetric], origin: AnswerOrigin) -> Iterator[UpstreamFamily]:
    """Yield a summary for each `X_count` with its `X_sum`, and a family for any other metric."""
    for name, metric in merged.items():
        other = merged.get(other_half(name) or name, metric)
        if other is metric or not _are_halves(metric, other, origin.documented):
            yield _plain_family(metric, origin)
        elif name < other.name:  # once for each pair, at its _count
            yield _summary_family(metric, other, origin)


def _are_halves(one: _MergedMetric, other: _MergedMetric, documented: Mapping[str, str]) -> bool:
    """Return whether two metrics are counters with the same label names, at half of their nodes or more.

    An unusable value must not turn a summary into another family.
    """
    if not one.type == other.type == COUNTER:
        return False
    if one.name in documented and other.name in documented:
        return True
    nodes = one.labels.keys() | other.labels.keys()
    agreeing = sum(_agree(one.labels.get(node), other.labels.get(node)) for node in nodes)
    return 2 * agreeing >= len(nodes)


def _agree(one: _LabelNames | None, other: _LabelNames | None) -> bool:
    """Return whether each half has all label names of the other, or may have them in unreadable labels."""
    if one is None or other is None:
        return False
    return (one.names <= other.names or not other.are_complete) and (
        other.names <= one.names or not one.are_complete
    )


def _plain_family(metric: _MergedMetric, origin: AnswerOrigin) -> UpstreamFamily:
    slots = metric.slots
    if metric.type == COUNTER:
        slots = [slot._replace(suffix="_total") for slot in slots]
    help_text = _help(metric.help, metric.name, origin)
    head = _shared_head(family_name(metric.name, metric.type), metric.type, help_text)
    is_documented = metric.name in origin.documented
    return UpstreamFamily(head, slots, metric.clustered, rename(metric.name).unit, is_documented)


def _summary_family(count: _MergedMetric, total: _MergedMetric, origin: AnswerOrigin) -> UpstreamFamily:
    stem, _ = split_half(count.name) or ("", "")
    slots = [
        *(slot._replace(suffix="_count") for slot in count.slots),
        *(slot._replace(suffix="_sum") for slot in total.slots),
    ]
    help_text = _help(count.help or total.help, f"{count.name} and {total.name}", origin)
    head = _shared_head(family_name(stem, "summary"), "summary", help_text)
    clustered = count.clustered or total.clustered
    return UpstreamFamily(head, slots, clustered, rename(stem).unit, count.name in origin.documented)


@lru_cache(maxsize=4096)
def _shared_head(name: str, metric_type: str, help_text: str) -> Head:
    """Return one shared object for equal heads: a thousand clients have the same fifty."""
    return Head(name, metric_type, help_text)


def _help(upstream_help: str, upstream_name: str, origin: AnswerOrigin) -> str:
    words = " ".join(upstream_help.split())[:_MAX_HELP_LENGTH].rstrip(".") or "No help given by the client"
    return f"{words}. Upstream {upstream_name} of {origin.path}, polled on a timer."


def _without_clashes(found: Iterable[UpstreamFamily], losses: Losses) -> list[UpstreamFamily]:
    """Leave out families whose names are taken by our own families, or by those that more nodes have."""
    best: dict[FamilyKey, UpstreamFamily] = {}
    for family in found:
        if OWN_NAMES.isdisjoint(claimed_names(family.head)):
            key = family_key(family.head)
            best[key] = max(
                best.get(key, family), family, key=lambda each: (each.count_nodes(), each.is_documented)
            )
    losers = find_losers({key: (family.count_nodes(),) for key, family in best.items()})
    kept = []
    for family in found:
        key = family_key(family.head)
        if best.get(key) is family and key not in losers:
            kept.append(family)
        else:
            losses.add(Drop.CLASH, family.head.name, "another family has the name", len(family.slots))
    return kept
