"""The layout of an answer: which families its samples form, and the text around their values."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import lru_cache
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

from isal import isal_zlib

from waexporter.metrics import documents, families
from waexporter.metrics.exposition import claims, encode, series
from waexporter.metrics.naming import CATALOGUE, PREFIX, label_names, rename, split_pair
from waexporter.model import Drop, Endpoint, Head, Limits
from waexporter.whatsapp.payloads import read_labels

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from waexporter.metrics.naming import Unit
    from waexporter.whatsapp.payloads import Datum, Metric

Labels = tuple[tuple[str, str], ...]
# Follows every family in the text of a part. No sample has a line break in it: in a label it is spelled \\n.
SEPARATOR = b"\0\n"
_LONGEST_HELP = 300  # characters


@dataclass(frozen=True, slots=True)
class Context:
    """What a layout needs to know beside the answer."""

    endpoint: Endpoint
    path: str
    common: Labels  # the target's own labels, `target` first
    limits: Limits = field(default_factory=Limits)


class Column:
    """All samples of one upstream metric at one node, and where their values stand among all values."""

    __slots__ = ("clustered", "metric", "name", "node", "start", "width")

    def __init__(self, node: str, name: str, metric: Metric, start: int, *, clustered: bool) -> None:
        self.node, self.name, self.metric, self.start, self.clustered = node, name, metric, start, clustered
        if metric.type == "histogram":
            self.width = sum(len(edges(datum)) + 2 for datum in metric.data)
        else:
            self.width = len(metric.data)


class PartLayout(NamedTuple):
    """The text of one source with a place for every value, and how to pick these values among all.

    The text is kept compressed: a thousand clients' would weigh as much as all that is served, and undoing it
    costs a hundredth of a poll. Families end in SEPARATOR.
    """

    source: str
    heads: tuple[Head, ...]
    packed: bytes
    pick: Callable[[Sequence[object]], tuple[object, ...]]
    samples: int


@dataclass(frozen=True, slots=True)
class Layout:
    """Everything of an answer but its values."""

    parts: tuple[PartLayout, ...]
    dropped: tuple[tuple[Drop, int], ...]
    unknown_families: int


class _Line(NamedTuple):
    """One sample to be: its labels upstream, its suffix, and the place of its value."""

    node: str
    labels: Mapping[str, str]
    suffix: str
    place: int
    edge: str = ""
    datum: int = -1  # which one of a histogram's it belongs to: two with the same labels must not mix


@dataclass(slots=True)
class _Draft:
    """A family in the making."""

    head: Head
    lines: list[_Line]
    clustered: bool
    unit: Unit


def build(columns: Sequence[Column], bad: frozenset[int], context: Context) -> Layout:
    """Work out the layout of an answer; `bad` are the places of values that can't be used."""
    dropped: Counter[Drop] = Counter()
    by_name: dict[str, list[Column]] = {}
    for column in columns:
        by_name.setdefault(column.name, []).append(column)
    drafts = _without_clashes(_drafts(by_name, bad, context, dropped), dropped)
    places = _Places(context, dropped)
    for draft in drafts:
        places.take(draft)
    unknown = sum(name not in CATALOGUE.get(context.endpoint, frozenset()) for name in by_name)
    return Layout(places.parts(), tuple(dropped.items()), unknown)


def edges(datum: Datum) -> list[str]:
    """List the upper bounds of a histogram's buckets in order, the infinite one always last."""
    said = [edge for edge in datum.bucket or {} if "inf" not in edge.lower()]
    return [*sorted(said, key=_edge), next((edge for edge in datum.bucket or {} if edge not in said), "+Inf")]


def _edge(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0


# --- families ----------------------------------------------------------------------------------


def _drafts(
    by_name: Mapping[str, list[Column]], bad: frozenset[int], context: Context, dropped: Counter[Drop]
) -> Iterator[_Draft]:
    lines = {name: list(_lines(columns, bad, dropped)) for name, columns in by_name.items()}
    for name, columns in by_name.items():
        twin = _twin(name, by_name, lines)
        if twin is None:
            yield _draft(name, columns, lines[name], context)
        elif name < twin:  # a pair is drafted once, by its _count
            yield _draft_summary(name, twin, columns, [*lines[name], *lines[twin]], context)


def _twin(name: str, by_name: Mapping[str, list[Column]], lines: Mapping[str, list[_Line]]) -> str | None:
    """Give the other half of a summary, if both are counters with the same label names."""
    stem, part = split_pair(name) or ("", "")
    twin = f"{stem}_{'sum' if part == 'count' else 'count'}"
    if not part or twin not in by_name:
        return None
    if not by_name[name][0].metric.type == by_name[twin][0].metric.type == "counter":
        return None
    # A half of which nothing is usable today must not turn the other one into another family.
    is_half = not lines[name] or not lines[twin]
    return twin if is_half or _names(lines[name]) == _names(lines[twin]) else None


def _names(lines: Iterable[_Line]) -> set[str]:
    return {name for line in lines for name in line.labels}


def _lines(columns: list[Column], bad: frozenset[int], dropped: Counter[Drop]) -> Iterator[_Line]:
    kind = columns[0].metric.type
    for column in columns:
        if column.metric.type != kind:
            places = range(column.start, column.start + column.width)
            dropped[Drop.CLASH] += len(set(places) - bad)
            continue
        index = column.start
        for datum in column.metric.data:
            suffixes = _suffixes(kind, datum)
            labels = read_labels(datum.labels)
            for offset, (suffix, edge) in enumerate(suffixes):
                if index + offset in bad:
                    continue
                if labels is None:
                    dropped[Drop.MALFORMED] += 1
                    continue
                owner = index if kind == "histogram" else -1
                yield _Line(column.node, labels, suffix, index + offset, edge, owner)
            index += len(suffixes)


def _suffixes(kind: str, datum: Datum) -> list[tuple[str, str]]:
    if kind != "histogram":
        return [("", "")]
    return [*(("_bucket", edge) for edge in edges(datum)), ("_count", ""), ("_sum", "")]


def _draft(name: str, columns: list[Column], lines: list[_Line], context: Context) -> _Draft:
    said = columns[0].metric
    ours = rename(name)
    kind = said.type if said.type in {"counter", "gauge", "histogram"} else "unknown"
    text = PREFIX + ours.text
    if kind == "counter":
        text = text.removesuffix("_total")
        lines = [line._replace(suffix="_total") for line in lines]
    head = _head(text, kind, _help(said.help, name, context))
    return _Draft(head, lines, columns[0].clustered, ours.unit)


def _draft_summary(
    name: str, twin: str, columns: list[Column], lines: list[_Line], context: Context
) -> _Draft:
    stem, _ = split_pair(name) or ("", "")
    counts = {index for column in columns for index in range(column.start, column.start + column.width)}
    halves = [line._replace(suffix="_count" if line.place in counts else "_sum") for line in lines]
    head = _head(
        PREFIX + rename(stem).text, "summary", _help(columns[0].metric.help, f"{name} and {twin}", context)
    )
    return _Draft(head, halves, columns[0].clustered, rename(stem).unit)


@lru_cache(maxsize=4096)
def _head(name: str, kind: str, words: str) -> Head:
    """Give the one head of all families that are alike: a thousand clients say the same fifty."""
    return Head(name, kind, words)


def _help(said: str, upstream: str, context: Context) -> str:
    words = " ".join(said.split())[:_LONGEST_HELP].rstrip(".") or "No help given by the client"
    return f"{words}. Upstream {upstream} of {context.path}, polled on a timer."


def _without_clashes(drafts: Iterable[_Draft], dropped: Counter[Drop]) -> Iterator[_Draft]:
    taken = {name for head in (*families.HEADS, *documents.HEADS) for name in claims(head)}
    for draft in drafts:
        names = claims(draft.head)
        if taken.isdisjoint(names):
            taken.update(names)
            yield draft
        else:
            dropped[Drop.CLASH] += len(draft.lines)


# --- samples -----------------------------------------------------------------------------------


class _Places:
    """The samples taken so far, by source and family, within the limits."""

    def __init__(self, context: Context, dropped: Counter[Drop]) -> None:
        self._context = context
        self._dropped = dropped
        self._left = context.limits.samples_per_endpoint
        self._parts: dict[str, _Part] = {}

    def take(self, draft: _Draft) -> None:
        """Lay out the samples of one family."""
        common = self._context.common
        names = _names(draft.lines)
        ours = label_names(names, {"node", *dict(common)} if draft.clustered else dict(common))
        groups: dict[tuple[str, Labels], dict[tuple[str, str], int]] = {}
        owners: dict[tuple[str, Labels], int] = {}
        for line in draft.lines:
            own = tuple(sorted((ours[name], line.labels.get(name, "")) for name in names))
            labels = (("node", line.node), *own) if draft.clustered else own
            key = (self._source(line), labels)
            group = groups.setdefault(key, {})
            if (line.suffix, line.edge) in group or owners.setdefault(key, line.datum) != line.datum:
                self._dropped[Drop.DUPLICATE] += 1
            else:
                group[line.suffix, line.edge] = line.place
        for source, kept in self._within_limits(groups).items():
            self._parts.setdefault(source, _Part()).add(draft, kept, common)

    def parts(self) -> tuple[PartLayout, ...]:
        """Give what was taken, by source."""
        return tuple(part.finish(source) for source, part in self._parts.items())

    def _source(self, line: _Line) -> str:
        return line.labels.get("node", "") if self._context.endpoint is Endpoint.WEB else ""

    def _within_limits(
        self, groups: Mapping[tuple[str, Labels], dict[tuple[str, str], int]]
    ) -> dict[str, dict[Labels, dict[tuple[str, str], int]]]:
        """Keep the first label sets of every node, and the first samples of the answer."""
        kept: dict[str, dict[Labels, dict[tuple[str, str], int]]] = {}
        per_node: Counter[tuple[str, str]] = Counter()
        for (source, labels), group in groups.items():
            node = (source, labels[0][1] if labels and labels[0][0] == "node" else "")
            per_node[node] += 1
            if per_node[node] > self._context.limits.label_sets_per_family:
                self._dropped[Drop.LABEL_SETS] += len(group)
            elif len(group) > self._left:
                self._dropped[Drop.SAMPLES] += len(group)
            else:
                self._left -= len(group)
                kept.setdefault(source, {})[labels] = group
        return kept


@dataclass(slots=True)
class _Part:
    """The families of one source in the making."""

    heads: list[Head] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    places: list[int] = field(default_factory=list)

    def add(
        self, draft: _Draft, groups: Mapping[Labels, Mapping[tuple[str, str], int]], common: Labels
    ) -> None:
        name = draft.head.name
        self.heads.append(draft.head)
        for labels, group in groups.items():
            for (suffix, edge), place in group.items():
                bound = (("le", bound_text(edge, draft.unit)),) if edge else ()
                # The text is a template: what is not a place for a value must not look like one.
                text = series(name + suffix, (*common, *labels, *bound)).replace("%", "%%")
                self.texts.append(f"{text} %a\n")
                self.places.append(place)
        self.texts.append(SEPARATOR.decode())

    def finish(self, source: str) -> PartLayout:
        packed = isal_zlib.compress(encode("".join(self.texts)), 1)
        return PartLayout(source, tuple(self.heads), packed, _picker(self.places), len(self.places))


def bound_text(edge: str, unit: Unit) -> str:
    """Give a bucket's upper bound in the base unit, written as both formats want it."""
    bound = float(edge)
    return "+Inf" if bound == float("inf") else repr(float(unit.convert(bound)))


_shared_places: dict[int, int] = {}


def _picker(places: list[int]) -> Callable[[Sequence[object]], tuple[object, ...]]:
    if len(places) == 1:
        only = places[0]
        return lambda values: (values[only],)
    # One number object for the same place in all layouts: a thousand clients have half a million of them.
    return itemgetter(*[_shared_places.setdefault(place, place) for place in places])
