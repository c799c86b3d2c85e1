"""Choose the families that keep their names if clients disagree: those that most clients have."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from waexporter.metrics.exposition import claimed_names_of
from waexporter.metrics.known_families import DOCUMENTED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from waexporter.model import Head

FamilyKey: TypeAlias = tuple[str, str]  # a family's name and type; an unknown type counts as gauge


def family_key(head: Head) -> FamilyKey:
    """Return the key of a family; samples of an unknown type are written like those of a gauge."""
    return head.name, "gauge" if head.type == "unknown" else head.type


def find_losers(votes: Mapping[FamilyKey, tuple[int, ...]]) -> frozenset[FamilyKey]:
    """Return the families that lose their names to others with more votes.

    In a tie a documented family wins, then the first one by name, then the first one in `votes`.
    """
    claimants: dict[str, list[FamilyKey]] = {}
    for key in votes:
        for name in claimed_names_of(*key):
            claimants.setdefault(name, []).append(key)
    contested = {key for keys in claimants.values() if len(keys) > 1 for key in keys}
    taken: set[str] = set()
    losers: set[FamilyKey] = set()
    # Iterates over `votes`, not over the set: `sorted` keeps the order of equals.
    for key in sorted((key for key in votes if key in contested), key=lambda key: _rank(key, votes)):
        names = claimed_names_of(*key)
        if taken.isdisjoint(names):
            taken.update(names)
        else:
            losers.add(key)
    return frozenset(losers)


def _rank(key: FamilyKey, votes: Mapping[FamilyKey, tuple[int, ...]]) -> tuple[tuple[int, ...], bool, str]:
    name, metric_type = key
    documented = DOCUMENTED.get(name)
    return tuple(-count for count in votes[key]), documented is None or documented.type != metric_type, name


def describe_families(keys: frozenset[FamilyKey]) -> list[str]:
    """Return families for a log line: `name (type)`."""
    return sorted(f"{name} ({metric_type})" for name, metric_type in keys)
