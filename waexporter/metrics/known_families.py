"""The families that are known, of all kinds of clients: our own, and those that clients document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from waexporter.metrics import families, tally
from waexporter.metrics.exposition import claimed_names
from waexporter.metrics.on_premises import ON_PREMISES_FAMILIES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from waexporter.metrics.kind_families import DocumentedFamily, KindFamilies
    from waexporter.model import Head

KIND_FAMILIES: Final[tuple[KindFamilies, ...]] = (ON_PREMISES_FAMILIES,)  # of every kind of client


def list_heads(kinds: Iterable[KindFamilies]) -> tuple[Head, ...]:
    """Return the head of every family about a target: those of all targets, then those of each kind."""
    return (*families.HEADS, *tally.HEADS, *(head for kind in kinds for head in kind.heads))


def list_documented(kinds: Iterable[KindFamilies]) -> dict[str, DocumentedFamily]:
    """Return the families of statistics that the documentation of a kind has, by our name."""
    return {name: family for kind in kinds for name, family in kind.documented.items()}


HEADS: Final = list_heads(KIND_FAMILIES)
# No family of a client's statistics may take a name of our own families.
OWN_NAMES: Final = frozenset(name for head in HEADS for name in claimed_names(head))
DOCUMENTED: Final[Mapping[str, DocumentedFamily]] = list_documented(KIND_FAMILIES)
