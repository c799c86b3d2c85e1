"""The limits of label sets and samples, and which ones are kept if an answer has too many."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from waexporter.model import Drop
from waexporter.transport.lenient_json import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from waexporter.metrics.families import Labels
    from waexporter.model import Limits
    from waexporter.transport.lenient_json import Losses

# The samples with one label set: maps the suffix and the bucket's bound to the index of the value.
LabelSet: TypeAlias = dict[tuple[str, str], int]

_REASONS = {
    Drop.LABEL_SETS: "over limits.label_sets_per_family",
    Drop.SAMPLES: "over limits.samples_per_endpoint",
}


@dataclass(slots=True)
class NodeFamily:
    """The label sets of one family at one node."""

    name: str
    source: str  # the webapp that answered; empty without replicas
    node: str
    label_sets: dict[Labels, LabelSet] = field(default_factory=dict)

    def count_samples(self) -> int:
        """Return the number of samples."""
        return sum(map(len, self.label_sets.values()))


def apply_limits(families: Sequence[NodeFamily], limits: Limits, losses: Losses) -> None:
    """Keep the first label sets of every family and node; of too many samples, keep a fair share of each."""
    for family in families:
        for labels in list(family.label_sets)[limits.label_sets_per_family :]:
            _drop(family, labels, Drop.LABEL_SETS, losses)
    if _count_samples(families) > limits.samples_per_endpoint:
        _keep_fair_shares(families, limits.samples_per_endpoint, losses)


def _keep_fair_shares(families: Sequence[NodeFamily], limit: int, losses: Losses) -> None:
    """Share the limit among the nodes, and the share of a node among its families."""
    nodes: dict[tuple[str, str], list[NodeFamily]] = {}
    for family in families:
        nodes.setdefault((family.source, family.node), []).append(family)
    left = 0
    for of_node, node_share in _share_fairly(nodes.values(), limit, _count_samples):
        for family, family_share in _share_fairly(of_node, node_share, NodeFamily.count_samples):
            left += family_share  # and what the families before did not use
            for labels, samples in list(family.label_sets.items()):
                if len(samples) <= left:
                    left -= len(samples)
                else:
                    _drop(family, labels, Drop.SAMPLES, losses)


def _drop(family: NodeFamily, labels: Labels, reason: Drop, losses: Losses) -> None:
    location = printable(f"{family.source or family.node} {family.name}".strip())
    losses.add(reason, location, _REASONS[reason], len(family.label_sets.pop(labels)))


def _count_samples(families: Iterable[NodeFamily]) -> int:
    return sum(family.count_samples() for family in families)


_Item = TypeVar("_Item")


def _share_fairly(
    items: Iterable[_Item], limit: int, size: Callable[[_Item], int]
) -> Iterator[tuple[_Item, int]]:
    """Yield each item's share, the smallest first: small items get all, large ones share the rest equally."""
    ranked = sorted(items, key=size)
    for rank, item in enumerate(ranked):
        share = min(size(item), -(-limit // (len(ranked) - rank)))
        limit -= share
        yield item, share
