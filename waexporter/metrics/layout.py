"""The layout of an answer: which families its samples form, and the text around their values."""

from __future__ import annotations

from dataclasses import dataclass, field
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from isal import isal_zlib

from waexporter.metrics.drafts import Origin, make_drafts
from waexporter.metrics.exposition import encode, series
from waexporter.metrics.naming import CATALOGUE, label_names
from waexporter.model import Drop, Endpoint, Limits
from waexporter.transport.lenient_json import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from waexporter.metrics.columns import Column
    from waexporter.metrics.drafts import Draft
    from waexporter.metrics.naming import Unit
    from waexporter.model import Head
    from waexporter.transport.lenient_json import Losses

Labels = tuple[tuple[str, str], ...]
# Follows every family in the text of a part. No sample has a line break in it: in a label it is spelled \\n.
SEPARATOR = b"\0\n"
_OVER = {
    Drop.LABEL_SETS: "over limits.label_sets_per_family",
    Drop.SAMPLES: "over limits.samples_per_endpoint",
}


@dataclass(frozen=True, slots=True)
class Context:
    """What a layout needs to know beside the answer."""

    endpoint: Endpoint
    path: str
    common: Labels  # the target's own labels, `target` first
    limits: Limits = field(default_factory=Limits)

    @property
    def known(self) -> Mapping[str, str]:
        """The upstream names that the endpoint is known to give, with their types."""
        return CATALOGUE.get(self.endpoint, {})


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
    losses: tuple[str, ...]  # the first few of them, in words
    unknown_families: int


def build(columns: Sequence[Column], bad: frozenset[int], context: Context, *, is_whole: bool) -> Layout:
    """Work out the layout of an answer; `bad` are the places of values that can't be used.

    An answer is whole where nothing of it was lost before: only then does a family that is missing not exist.
    """
    by_name: dict[str, list[Column]] = {}
    for column in columns:
        by_name.setdefault(column.name, []).append(column)
    drafts, losses = make_drafts(by_name, bad, Origin(context.path, context.known), is_whole=is_whole)
    parts = _Places(context, losses).take(drafts)
    unknown = len(by_name.keys() - context.known.keys())
    return Layout(parts, tuple(losses.counts.items()), tuple(losses.words), unknown)


# --- samples -----------------------------------------------------------------------------------


_Group = dict[tuple[str, str], int]  # the samples of one label set: by suffix and bound, the place of a value


@dataclass(slots=True)
class _Block:
    """The label sets of one family at one node."""

    name: str
    source: str
    node: str
    groups: dict[Labels, _Group] = field(default_factory=dict)

    def size(self) -> int:
        """Return how many samples it has."""
        return sum(map(len, self.groups.values()))


class _Places:
    """Where the samples of an answer stand, within the limits."""

    def __init__(self, context: Context, losses: Losses) -> None:
        self._context = context
        self._losses = losses

    def take(self, drafts: Sequence[Draft]) -> tuple[PartLayout, ...]:
        """Lay out the samples of all families, by source."""
        blocks = [self._blocks(draft) for draft in drafts]
        self._limit([block for each in blocks for block in each])
        parts: dict[str, _Part] = {}
        for draft, each in zip(drafts, blocks, strict=True):
            by_source: dict[str, dict[Labels, _Group]] = {}
            for block in each:
                by_source.setdefault(block.source, {}).update(block.groups)
            for source, groups in by_source.items():
                if groups:
                    parts.setdefault(source, _Part()).add(draft, groups, self._context.common)
        return tuple(part.finish(source) for source, part in parts.items())

    def _blocks(self, draft: Draft) -> list[_Block]:
        names, ours = self._label_names(draft)
        blocks: dict[tuple[str, str], _Block] = {}
        owners: dict[tuple[str, str, Labels], int] = {}
        for line in draft.lines:
            said = {ours[line.node][name]: value for name, value in line.labels.items()}
            own = tuple((name, said.get(name, "")) for name in names)
            labels = (("node", line.node), *own) if draft.clustered else own
            source = line.labels.get("node", "") if self._context.endpoint is Endpoint.WEB else ""
            block = blocks.setdefault((source, line.node), _Block(draft.head.name, source, line.node))
            group = block.groups.setdefault(labels, {})
            owner = owners.setdefault((source, line.node, labels), line.datum)
            if (line.suffix, line.edge) in group or owner != line.datum:
                place = printable(f"{line.node} {draft.head.name}".strip())
                self._losses.add(Drop.DUPLICATE, place, "the same labels twice")
            else:
                group[line.suffix, line.edge] = line.place
        return list(blocks.values())

    def _label_names(self, draft: Draft) -> tuple[list[str], Mapping[str, Mapping[str, str]]]:
        """Return all label names of a family as ours, and what those of each node become."""
        taken = {*dict(self._context.common), *(("node",) if draft.clustered else ())}
        by_node: dict[str, set[str]] = {}
        for line in draft.lines:
            by_node.setdefault(line.node, set()).update(line.labels)
        ours = {node: label_names(names, taken) for node, names in by_node.items()}
        return sorted({name for names in ours.values() for name in names.values()}), ours

    def _limit(self, blocks: Sequence[_Block]) -> None:
        """Keep the first label sets of every family and node; of too many samples, a fair share of each."""
        limits = self._context.limits
        for block in blocks:
            for labels in list(block.groups)[limits.label_sets_per_family :]:
                self._drop(block, labels, Drop.LABEL_SETS)
        if _size(blocks) > limits.samples_per_endpoint:
            self._share_out(blocks, limits.samples_per_endpoint)

    def _share_out(self, blocks: Sequence[_Block], limit: int) -> None:
        """Share the places out among the nodes, and those of a node among its families."""
        nodes: dict[tuple[str, str], list[_Block]] = {}
        for block in blocks:
            nodes.setdefault((block.source, block.node), []).append(block)
        left = 0
        for each, of_node in _fairly(nodes.values(), limit, _size):
            for block, of_family in _fairly(each, of_node, _Block.size):
                left += of_family  # beside what those before had no use for
                for labels, group in list(block.groups.items()):
                    if len(group) <= left:
                        left -= len(group)
                    else:
                        self._drop(block, labels, Drop.SAMPLES)

    def _drop(self, block: _Block, labels: Labels, why: Drop) -> None:
        place = printable(f"{block.source or block.node} {block.name}".strip())
        self._losses.add(why, place, _OVER[why], len(block.groups.pop(labels)))


def _size(blocks: Iterable[_Block]) -> int:
    return sum(block.size() for block in blocks)


_Item = TypeVar("_Item")


def _fairly(items: Iterable[_Item], limit: int, size: Callable[[_Item], int]) -> Iterator[tuple[_Item, int]]:
    """Share a limit out: the small get all they want, the large alike what is left; the smallest first."""
    ranked = sorted(items, key=size)
    for rank, item in enumerate(ranked):
        share = min(size(item), -(-limit // (len(ranked) - rank)))
        limit -= share
        yield item, share


@dataclass(slots=True)
class _Part:
    """The families of one source in the making."""

    heads: list[Head] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    places: list[int] = field(default_factory=list)

    def add(self, draft: Draft, groups: Mapping[Labels, _Group], common: Labels) -> None:
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
