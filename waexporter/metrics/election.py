"""Which families have their names on a page, where clients disagree: those that most claim."""

from __future__ import annotations

from typing import TYPE_CHECKING

from waexporter.metrics.exposition import claimed
from waexporter.metrics.naming import DOCUMENTED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from waexporter.model import Head

Kind = tuple[str, str]  # a family's name, and the type that its samples are written by


def kind_of(head: Head) -> Kind:
    """Return what a family claims; one of an unknown type is written as a gauge is, and may be one."""
    return head.name, "gauge" if head.type == "unknown" else head.type


def find_losers(votes: Mapping[Kind, tuple[int, ...]]) -> frozenset[Kind]:
    """Return the families that another one takes a name from: one that more say, or that is documented.

    Of those that are said as often the first stays: by its name, then in the order of `votes`.
    """
    claimants: dict[str, list[Kind]] = {}
    for kind in votes:
        for name in claimed(*kind):
            claimants.setdefault(name, []).append(kind)
    contested = {kind for kinds in claimants.values() if len(kinds) > 1 for kind in kinds}
    taken: set[str] = set()
    losers: set[Kind] = set()
    # Of two equals `sorted` keeps the order, which a set has not.
    for kind in sorted((kind for kind in votes if kind in contested), key=lambda kind: _rank(kind, votes)):
        names = claimed(*kind)
        if taken.isdisjoint(names):
            taken.update(names)
        else:
            losers.add(kind)
    return frozenset(losers)


def _rank(kind: Kind, votes: Mapping[Kind, tuple[int, ...]]) -> tuple[tuple[int, ...], bool, str]:
    name, said = kind
    documented = DOCUMENTED.get(name)
    return tuple(-count for count in votes[kind]), documented is None or documented.type != said, name


def describe(kinds: frozenset[Kind]) -> list[str]:
    """Return families as a person reads them: `name (type)`."""
    return sorted(f"{name} ({said})" for name, said in kinds)
