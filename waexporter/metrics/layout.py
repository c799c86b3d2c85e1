"""The layout of an answer: the text of its samples, with a gap for every value.

Between two polls only the values change. So the text around them is made once, and each poll fills in its
values.
For example, a coreapp answers GET /v1/stats/app with

    {
      "core1": {
        "callback_requests_duration_ms_count": {"type": "counter", "data": [
          {"labels": {"result": "ok"}, "value": 4353}
        ]},
        "pending_messages": {"type": "gauge", "data": [{"value": 12}]},
        "callback_requests_duration_ms_sum": {"type": "counter", "data": [
          {"labels": {"result": "ok"}, "value": 261180}
        ]}
      }
    }

All its values, in base units, are in one row: (4353, 12, 261.18). The two metrics of durations form one
summary, so the layout is this text with the indexes (0, 2, 1) of the values to fill in:

    whatsapp_callback_requests_duration_seconds_count{target="wa",node="core1",result="ok"} %a
    whatsapp_callback_requests_duration_seconds_sum{target="wa",node="core1",result="ok"} %a
    whatsapp_pending_messages{target="wa",node="core1"} %a

Filled in, it is what Prometheus reads:

    whatsapp_callback_requests_duration_seconds_count{target="wa",node="core1",result="ok"} 4353
    whatsapp_callback_requests_duration_seconds_sum{target="wa",node="core1",result="ok"} 261.18
    whatsapp_pending_messages{target="wa",node="core1"} 12

The steps: `node_metrics` finds the values of each metric, `upstream_families` joins the metrics of all nodes
to families, `sample_limits` leaves out samples over the limits, and this module writes the text.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

from isal import isal_zlib

from waexporter.metrics.exposition import encode, render_series
from waexporter.metrics.naming import label_names
from waexporter.metrics.node_metrics import render_bound
from waexporter.metrics.sample_limits import NodeFamily, apply_limits
from waexporter.metrics.upstream_families import AnswerOrigin, build_families
from waexporter.model import Drop, Limits
from waexporter.transport.lenient_json import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from waexporter.metrics.families import Labels
    from waexporter.metrics.node_metrics import NodeMetric
    from waexporter.metrics.sample_limits import LabelSet
    from waexporter.metrics.upstream_families import UpstreamFamily
    from waexporter.model import Head
    from waexporter.transport.lenient_json import Losses

# The end of each family in the text of a source. No sample contains it: in a label, a line break is \\n.
FAMILY_END = b"\0\n"


@dataclass(frozen=True, slots=True)
class LayoutContext:
    """What a layout depends on besides the answer."""

    path: str
    common: Labels  # the target's own labels, `target` first
    documented: Mapping[str, str]  # the upstream names in the API's documentation, with their types
    limits: Limits = field(default_factory=Limits)
    has_replicas: bool = False  # several processes behind one address answer in turn


class SourceLayout(NamedTuple):
    """The text of one source with a gap for every value, and the function that selects these values.

    The text is kept compressed: that of a thousand clients would need as much memory as all pages, and
    decompressing it takes a hundredth of the time of a poll. Each family ends in FAMILY_END.
    """

    source: str
    heads: tuple[Head, ...]
    compressed_text: bytes
    select_values: Callable[[Sequence[object]], tuple[object, ...]]  # from the row of all values
    samples: int


@dataclass(frozen=True, slots=True)
class Layout:
    """A whole answer without its values."""

    sources: tuple[SourceLayout, ...]
    dropped: tuple[tuple[Drop, int], ...]
    losses: tuple[str, ...]  # the first few of them, in words
    unknown_families: int


def build_layout(
    metrics: Sequence[NodeMetric], unusable: frozenset[int], context: LayoutContext, *, is_whole: bool
) -> Layout:
    """Return the layout of an answer; `unusable` are the indexes of values that can't be used.

    `is_whole`: no part of the answer was lost before, so that a missing metric does not exist.
    """
    by_name: dict[str, list[NodeMetric]] = {}
    for metric in metrics:
        by_name.setdefault(metric.name, []).append(metric)
    origin = AnswerOrigin(context.path, context.documented)
    families, losses = build_families(by_name, unusable, origin, is_whole=is_whole)
    sources = _build_sources(families, context, losses)
    unknown = len(by_name.keys() - context.documented.keys())
    return Layout(sources, tuple(losses.counts.items()), tuple(losses.words), unknown)


def _build_sources(
    families: Sequence[UpstreamFamily], context: LayoutContext, losses: Losses
) -> tuple[SourceLayout, ...]:
    split = [_split_by_node(family, context, losses) for family in families]
    apply_limits([each for node_families in split for each in node_families], context.limits, losses)
    texts: dict[str, _SourceText] = {}
    for family, node_families in zip(families, split, strict=True):
        by_source: dict[str, dict[Labels, LabelSet]] = {}
        for each in node_families:
            by_source.setdefault(each.source, {}).update(each.label_sets)
        for source, label_sets in by_source.items():
            if label_sets:
                texts.setdefault(source, _SourceText()).add(family, label_sets, context.common)
    return tuple(text.finish(source) for source, text in texts.items())


def _split_by_node(family: UpstreamFamily, context: LayoutContext, losses: Losses) -> list[NodeFamily]:
    """Group the samples of a family by source, node and label set."""
    names, our_names = _label_names(family, context.common)
    found: dict[tuple[str, str], NodeFamily] = {}
    histograms: dict[tuple[str, str, Labels], int] = {}
    for slot in family.slots:
        values = {our_names[slot.node][name]: value for name, value in slot.labels.items()}
        own = tuple((name, values.get(name, "")) for name in names)
        labels = (("node", slot.node), *own) if family.clustered else own
        source = slot.labels.get("node", "") if context.has_replicas else ""
        of_node = found.setdefault((source, slot.node), NodeFamily(family.head.name, source, slot.node))
        samples = of_node.label_sets.setdefault(labels, {})
        histogram = histograms.setdefault((source, slot.node, labels), slot.histogram)
        if (slot.suffix, slot.bound) in samples or histogram != slot.histogram:
            location = printable(f"{slot.node} {family.head.name}".strip())
            losses.add(Drop.DUPLICATE, location, "the same labels twice")
        else:
            samples[slot.suffix, slot.bound] = slot.value_index
    return list(found.values())


def _label_names(family: UpstreamFamily, common: Labels) -> tuple[list[str], Mapping[str, Mapping[str, str]]]:
    """Return our names of all labels of a family, and for each node a map from upstream names to ours."""
    taken = {*dict(common), *(("node",) if family.clustered else ())}
    by_node: dict[str, set[str]] = {}
    for slot in family.slots:
        by_node.setdefault(slot.node, set()).update(slot.labels)
    our_names = {node: label_names(names, taken) for node, names in by_node.items()}
    return sorted({name for names in our_names.values() for name in names.values()}), our_names


@dataclass(slots=True)
class _SourceText:
    """The text of one source while it is written."""

    heads: list[Head] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    value_indexes: list[int] = field(default_factory=list)

    def add(self, family: UpstreamFamily, label_sets: Mapping[Labels, LabelSet], common: Labels) -> None:
        name = family.head.name
        self.heads.append(family.head)
        for labels, samples in label_sets.items():
            for (suffix, bound), value_index in samples.items():
                le = (("le", render_bound(bound, family.unit)),) if bound else ()
                # The text is a template: a percent sign in it must not look like a gap.
                series = render_series(name + suffix, (*common, *labels, *le)).replace("%", "%%")
                self.lines.append(f"{series} %a\n")
                self.value_indexes.append(value_index)
        self.lines.append(FAMILY_END.decode())

    def finish(self, source: str) -> SourceLayout:
        return SourceLayout(
            source,
            tuple(self.heads),
            compressed_text=isal_zlib.compress(encode("".join(self.lines)), 1),
            select_values=_value_selector(self.value_indexes),
            samples=len(self.value_indexes),
        )


_shared_indexes: dict[int, int] = {}


def _value_selector(indexes: list[int]) -> Callable[[Sequence[object]], tuple[object, ...]]:
    if len(indexes) == 1:
        only = indexes[0]
        return lambda values: (values[only],)
    # All layouts share the number objects of equal indexes: a thousand clients have half a million of them.
    return itemgetter(*[_shared_indexes.setdefault(index, index) for index in indexes])
