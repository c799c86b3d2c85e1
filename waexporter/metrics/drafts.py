"""What the nodes of a client say of one name, as families in the making: types agreed on, pairs joined."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from waexporter.metrics import document_families as documents
from waexporter.metrics import families
from waexporter.metrics.columns import edges, most_say
from waexporter.metrics.election import find_losers, kind_of
from waexporter.metrics.exposition import claims
from waexporter.metrics.naming import COUNTER, HISTOGRAM, family_name, rename, split_pair, twin_of
from waexporter.model import Drop, Head
from waexporter.transport.lenient_json import Losses
from waexporter.whatsapp.documents.statistics import read_labels

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from waexporter.metrics.columns import Column
    from waexporter.metrics.election import Kind
    from waexporter.metrics.naming import Unit
    from waexporter.whatsapp.documents.statistics import Datum

_LONGEST_HELP = 300  # characters


class Origin(NamedTuple):
    """Where an answer comes from."""

    path: str
    known: Mapping[str, str]  # the upstream names that it is documented to give, with their types


class Line(NamedTuple):
    """One sample to be: its labels upstream, its suffix, and the place of its value."""

    node: str
    labels: Mapping[str, str]
    suffix: str
    place: int
    edge: str = ""
    datum: int = -1  # which one of a histogram's it belongs to: two with the same labels must not mix


@dataclass(slots=True)
class _Labels:
    """The label names that one node says of one name; a bad value's are as good as any."""

    names: set[str] = field(default_factory=set)
    are_all: bool = False  # there are some samples, and the labels of each can be read


@dataclass(slots=True)
class _Said:
    """What all nodes together say of one upstream name."""

    name: str
    kind: str
    help: str = ""
    clustered: bool = False
    lines: list[Line] = field(default_factory=list)
    labels: dict[str, _Labels] = field(default_factory=dict)  # by node


@dataclass(slots=True)
class Draft:
    """A family in the making."""

    head: Head
    lines: list[Line]
    clustered: bool
    unit: Unit
    is_documented: bool

    def nodes(self) -> int:
        """Return how many nodes say it."""
        return len({line.node for line in self.lines})


def make_drafts(
    by_name: Mapping[str, Sequence[Column]], bad: frozenset[int], origin: Origin, *, is_whole: bool
) -> tuple[list[Draft], Losses]:
    """Work out the families of an answer that have something in them; also tell what was left out."""
    losses = Losses()
    known = origin.known
    said = {name: _gather(columns, bad, known.get(name), losses) for name, columns in by_name.items()}
    if not is_whole:
        # The half that is missing may be what was lost: the other one stays half a summary.
        missing = [name for name in known if twin_of(name) in said and name not in said]
        said |= {name: _Said(name, COUNTER) for name in missing}
    drafts = [draft for draft in _drafts(said, origin) if draft.lines]
    return _without_clashes(drafts, losses), losses


def _gather(columns: Sequence[Column], bad: frozenset[int], documented: str | None, losses: Losses) -> _Said:
    """Gather what the nodes say of a name; those lose who say another type than most."""
    with_data = [column for column in columns if column.metric.data]
    kind = most_say(Counter(column.kind for column in with_data or columns), documented)
    kept = [column for column in columns if column.kind == kind]
    said = _Said(columns[0].name, kind, kept[0].metric.help, kept[0].clustered)
    for column in columns:
        if column.kind == kind:
            said.labels[column.node] = _add(said.lines, column, bad, losses)
        else:
            count = len(set(column.places()) - bad)
            if count:
                losses.add(Drop.CLASH, column.place(), f"a {column.kind}, where most nodes say {kind}", count)
    return said


def _add(lines: list[Line], column: Column, bad: frozenset[int], losses: Losses) -> _Labels:
    """Add the samples of one node; return what their labels are called."""
    found = _Labels(are_all=bool(column.metric.data))
    index = column.start
    for datum in column.metric.data:
        suffixes = _suffixes(column.kind, datum)
        labels = read_labels(datum.labels)
        found.names.update(labels or ())
        found.are_all = found.are_all and labels is not None
        for offset, (suffix, edge) in enumerate(suffixes):
            if index + offset in bad:
                continue
            if labels is None:
                losses.add(Drop.MALFORMED, column.place(), "labels that are no map of single values")
                continue
            owner = index if column.kind == HISTOGRAM else -1
            lines.append(Line(column.node, labels, suffix, index + offset, edge, owner))
        index += len(suffixes)
    return found


def _drafts(said: Mapping[str, _Said], origin: Origin) -> Iterator[Draft]:
    for name, one in said.items():
        twin = said.get(twin_of(name) or name, one)
        if twin is one or not _are_halves(one, twin, origin.known):
            yield _draft(one, origin)
        elif name < twin.name:  # a pair is drafted once, by its _count
            yield _draft_summary(one, twin, origin)


def _are_halves(one: _Said, twin: _Said, known: Mapping[str, str]) -> bool:
    """Return whether two are counters with the same label names, at most of the nodes that say either.

    What is bad today must not turn a summary into another family.
    """
    if not one.kind == twin.kind == COUNTER:
        return False
    if one.name in known and twin.name in known:
        return True
    nodes = one.labels.keys() | twin.labels.keys()
    agreeing = sum(_agree(one.labels.get(node), twin.labels.get(node)) for node in nodes)
    return 2 * agreeing >= len(nodes)


def _agree(one: _Labels | None, twin: _Labels | None) -> bool:
    """Return whether each half has all label names of the other, or may have them where it can't be read."""
    if one is None or twin is None:
        return False
    return (one.names <= twin.names or not twin.are_all) and (twin.names <= one.names or not one.are_all)


def _suffixes(kind: str, datum: Datum) -> list[tuple[str, str]]:
    if kind != HISTOGRAM:
        return [("", "")]
    return [*(("_bucket", edge) for edge in edges(datum)), ("_count", ""), ("_sum", "")]


def _draft(one: _Said, origin: Origin) -> Draft:
    lines = one.lines
    if one.kind == COUNTER:
        lines = [line._replace(suffix="_total") for line in lines]
    head = _head(family_name(one.name, one.kind), one.kind, _help(one.help, one.name, origin))
    return Draft(head, lines, one.clustered, rename(one.name).unit, one.name in origin.known)


def _draft_summary(count: _Said, total: _Said, origin: Origin) -> Draft:
    stem, _ = split_pair(count.name) or ("", "")
    halves = [
        *(line._replace(suffix="_count") for line in count.lines),
        *(line._replace(suffix="_sum") for line in total.lines),
    ]
    words = _help(count.help or total.help, f"{count.name} and {total.name}", origin)
    head = _head(family_name(stem, "summary"), "summary", words)
    clustered = count.clustered or total.clustered
    return Draft(head, halves, clustered, rename(stem).unit, count.name in origin.known)


@lru_cache(maxsize=4096)
def _head(name: str, kind: str, words: str) -> Head:
    """Give the one head of all families that are alike: a thousand clients say the same fifty."""
    return Head(name, kind, words)


def _help(said: str, upstream: str, origin: Origin) -> str:
    words = " ".join(said.split())[:_LONGEST_HELP].rstrip(".") or "No help given by the client"
    return f"{words}. Upstream {upstream} of {origin.path}, polled on a timer."


# Of our own families no upstream one may take a name.
_OURS = frozenset(name for head in (*families.HEADS, *documents.HEADS) for name in claims(head))


def _without_clashes(drafts: Iterable[Draft], losses: Losses) -> list[Draft]:
    """Leave out families that others take a name from: ours, else those that most nodes say."""
    best: dict[Kind, Draft] = {}
    for draft in drafts:
        if _OURS.isdisjoint(claims(draft.head)):
            kind = kind_of(draft.head)
            best[kind] = max(
                best.get(kind, draft), draft, key=lambda each: (each.nodes(), each.is_documented)
            )
    losers = find_losers({kind: (draft.nodes(),) for kind, draft in best.items()})
    kept = []
    for draft in drafts:
        kind = kind_of(draft.head)
        if best.get(kind) is draft and kind not in losers:
            kept.append(draft)
        else:
            losses.add(Drop.CLASH, draft.head.name, "another family has the name", len(draft.lines))
    return kept
