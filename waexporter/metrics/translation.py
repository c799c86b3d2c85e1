"""Translate the statistics of a client into fragments of a page.

From poll to poll hardly anything changes but the values. So everything else is computed once, as a layout
(see layout.py): the names, units, labels and rendered series of all samples. A poll compares the shape of
the answer with that of the layout and fills in the values; for another shape, a new layout is built.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from hashlib import blake2b
from typing import TYPE_CHECKING

from isal import isal_zlib

from waexporter.metrics.exposition import encode
from waexporter.metrics.layout import FAMILY_END, Layout, LayoutContext, SourceLayout, build_layout
from waexporter.metrics.naming import HISTOGRAM, TYPES
from waexporter.metrics.node_metrics import NodeMetric, TypeResolver, bucket_bounds
from waexporter.metrics.sample_values import are_numbers, read_values
from waexporter.model import Drop, Fragment, Part, Success
from waexporter.transport.lenient_json import MAX_DESCRIBED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from msgspec import Raw

    from waexporter.metrics.sample_values import Number
    from waexporter.whatsapp.documents.statistics import Statistics

_KEPT_LAYOUTS = 4
_UNUSABLE = {
    Drop.NOT_A_NUMBER: "a value that is no number",
    Drop.OUT_OF_RANGE: "a value that is out of range",
    Drop.MALFORMED: "values that do not fit together",
}


class Translator:
    """Translates the statistics of one endpoint of one target; keeps the layouts of the latest shapes."""

    def __init__(self, context: LayoutContext) -> None:
        self._context = context
        self._layouts: dict[bytes, Layout] = {}
        # Webapps behind one address answer in turn.
        self._max_layouts = _KEPT_LAYOUTS if context.has_replicas else 1

    def translate(self, statistics: Statistics) -> Success:
        """Return the fragments of one answer; unusable samples are left out and counted."""
        metrics, values, shape = _list_values(statistics, self._context.documented)
        unusable: dict[int, Drop] = {}
        if not are_numbers(values):
            unusable = {index: value for index, value in enumerate(values) if isinstance(value, Drop)}
        layout = self._layout(metrics, unusable, shape, is_whole=not statistics.dropped)
        losses = (*statistics.losses, *_describe_unusable(unusable, metrics), *layout.losses)
        return Success(
            parts=tuple([_fill_in(source, values) for source in layout.sources]),
            dropped=_count_dropped(statistics.dropped, unusable, layout.dropped),
            losses=losses[:MAX_DESCRIBED],
            unknown_families=layout.unknown_families,
            nodes=frozenset(statistics.nodes) if statistics.clustered else frozenset(),
        )

    def _layout(
        self, metrics: Sequence[NodeMetric], unusable: Mapping[int, Drop], shape: bytes, *, is_whole: bool
    ) -> Layout:
        if unusable or not is_whole:
            shape += repr((list(unusable), is_whole)).encode()
        layout = self._layouts.pop(shape, None)
        if layout is None:
            layout = build_layout(metrics, frozenset(unusable), self._context, is_whole=is_whole)
        # Moves the layout to the end, so that the first one is the least recently used.
        self._layouts[shape] = layout
        while len(self._layouts) > self._max_layouts:
            del self._layouts[next(iter(self._layouts))]
        return layout


def _list_values(
    statistics: Statistics, documented: Mapping[str, str]
) -> tuple[list[NodeMetric], list[Number], bytes]:
    """Return the metrics of an answer, their values in one row, and a digest of everything else."""
    clustered = statistics.clustered
    metrics: list[NodeMetric] = []
    values: list[Number] = []
    shape: list[bytes | Raw] = []
    resolver: TypeResolver | None = None
    for node, by_name in statistics.nodes.items():
        for name, metric in by_name.items():
            metric_type = metric.type
            if metric_type not in TYPES:
                resolver = resolver or TypeResolver(statistics.nodes.values(), documented)
                metric_type = resolver.resolve(name, metric)
            metrics.append(NodeMetric(node, name, metric, metric_type, len(values), clustered))
            data = metric.data
            shape.append(encode(f"{node}\0{name}\0{metric.type}\0{metric.help}\0{len(data)}"))
            shape += [datum.labels for datum in data]
            if metric_type == HISTOGRAM:
                shape.append(encode(repr([bucket_bounds(datum) for datum in data])))
            values += read_values(name, metric_type, data)
    return metrics, values, blake2b(b"\0".join(shape), digest_size=16).digest()


def _describe_unusable(unusable: Mapping[int, Drop], metrics: Sequence[NodeMetric]) -> Iterator[str]:
    """Yield the locations of the first few unusable values, each with the reason."""
    found: dict[str, Drop] = {}
    for index, drop in unusable.items():
        metric = metrics[bisect_right(metrics, index, key=lambda each: each.first_index) - 1]
        found.setdefault(metric.location(), drop)
        if len(found) >= MAX_DESCRIBED:
            break
    yield from (f"{location}: {_UNUSABLE.get(drop, drop)}" for location, drop in found.items())


def _fill_in(layout: SourceLayout, values: Sequence[Number]) -> Part:
    text = isal_zlib.decompress(layout.compressed_text) % layout.select_values(values)
    families = zip(layout.heads, text.split(FAMILY_END), strict=False)  # the text after the last end is empty
    fragments = tuple([Fragment(head, lines) for head, lines in families])
    return Part(layout.source, fragments, layout.samples, layout.heads)


def _count_dropped(
    before: Iterable[tuple[Drop, int]], unusable: Mapping[int, Drop], by_layout: Iterable[tuple[Drop, int]]
) -> tuple[tuple[Drop, int], ...]:
    """Count the samples that were left out, by reason: while reading, as unusable, and by the layout."""
    if not (before or unusable or by_layout):
        return ()
    dropped: Counter[Drop] = Counter(unusable.values())
    for drop, count in (*before, *by_layout):
        dropped[drop] += count
    return tuple(dropped.items())
