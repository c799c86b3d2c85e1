"""Which metric families each target has, and which are left out since most targets have another type.

Prometheus refuses a page with two types of one family, so one type wins: that of most targets, whichever was
polled first. A target's claim to a family counts as long as its reading may be served, even if it loses.
"""

from __future__ import annotations

import math
import threading
from collections import Counter
from functools import lru_cache
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

from waexporter.metrics.election import FamilyKey, family_key, find_losers

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from waexporter.model import Endpoint, Head, Part

# itemgetter is faster than a function in Python.
_head_of = itemgetter(0)  # of a fragment
_expiry_of = itemgetter(1)  # of a claim

Source = tuple["Endpoint", str]  # an endpoint, and the webapp that answered


class EndpointFamilies(NamedTuple):
    """The families that a target has at one endpoint now."""

    endpoint: Endpoint
    parts: tuple[Part, ...]
    has_replicas: bool = False  # several sources answer in turn


class _SourceFamilies(NamedTuple):
    """The families of one source; sources with the same families share one object."""

    heads: tuple[Head, ...]
    kinds: frozenset[FamilyKey]


class _Claim(NamedTuple):
    families: _SourceFamilies
    expires: float  # steady clock
    heads: tuple[Head, ...]  # of the part; the same object as long as its families are the same


@lru_cache(maxsize=1024)
def _source_families(heads: tuple[Head, ...]) -> _SourceFamilies:
    return _SourceFamilies(heads, frozenset(map(family_key, heads)))


class Claims:
    """The claims of all targets; safe to share by threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._claims: dict[object, dict[Source, _Claim]] = {}
        self._targets: Counter[FamilyKey] = Counter()
        self._sources: Counter[FamilyKey] = Counter()
        self._losers: frozenset[FamilyKey] = frozenset()
        self._next_expiry = math.inf  # steady clock; no claim expires before

    def update(
        self, claimant: object, current: EndpointFamilies, at: float, expires: float
    ) -> frozenset[FamilyKey]:
        """Store the families of a target at an endpoint; return those of them that lose."""
        endpoint, parts = current.endpoint, tuple(current.parts)  # read before the lock is held
        current = current._replace(parts=parts)
        with self._lock:
            self._expire(at)
            before = self._claims.get(claimant, {})
            if not _is_known(before, endpoint, parts):
                self._store_changed(claimant, before, current, expires)
            else:
                for part in parts:
                    families = before[endpoint, part.source].families
                    self._claims[claimant][endpoint, part.source] = _Claim(families, expires, part.heads)
            self._next_expiry = min(self._next_expiry, expires)
            losers = self._losers
            after = self._claims.get(claimant, {})
            return losers and losers & frozenset().union(
                *(after[endpoint, part.source].families.kinds for part in parts)
            )

    def _store_changed(
        self, claimant: object, before: Mapping[Source, _Claim], current: EndpointFamilies, expires: float
    ) -> None:
        """Store families that differ from those before."""
        endpoint, parts, has_replicas = current
        after = {
            source: claim for source, claim in before.items() if source[0] is not endpoint or has_replicas
        }
        for part in parts:
            source, heads = (endpoint, part.source), tuple(map(_head_of, part.fragments))
            old = before.get(source)
            families = (
                old.families if old is not None and old.families.heads == heads else _source_families(heads)
            )
            after[source] = _Claim(families, expires, part.heads)
        self._replace(claimant, before, after)

    def forget(self, claimants: Iterable[object]) -> None:
        """Drop the claims of targets that were removed."""
        with self._lock:
            for claimant in claimants:
                self._replace(claimant, self._claims.get(claimant, {}), {})

    def losers(self, at: float) -> frozenset[FamilyKey]:
        """Return the families that lose at the time `at` (steady clock)."""
        with self._lock:
            self._expire(at)
            return self._losers

    def _expire(self, at: float) -> None:
        if at < self._next_expiry:
            return
        ended = [claimant for claimant, each in self._claims.items() if _first_expiry(each) <= at]
        for claimant in ended:
            before = self._claims[claimant]
            after = {source: claim for source, claim in before.items() if at < claim.expires}
            self._replace(claimant, before, after)
        self._next_expiry = min(map(_first_expiry, self._claims.values()), default=math.inf)

    def _replace(
        self, claimant: object, before: Mapping[Source, _Claim], after: dict[Source, _Claim]
    ) -> None:
        if after:
            self._claims[claimant] = after
        else:
            self._claims.pop(claimant, None)
        # Nearly always a target has the same families as before.
        if before.keys() != after.keys() or any(
            claim.families is not before[source].families for source, claim in after.items()
        ):
            self._recount(before.values(), after.values())

    def _recount(self, before: Collection[_Claim], after: Collection[_Claim]) -> None:
        known = set(self._targets)
        old, new = (
            frozenset[FamilyKey]().union(*(claim.families.kinds for claim in each))
            for each in (before, after)
        )
        _count(self._targets, new - old, old - new)
        for claim in after:
            _count(self._sources, claim.families.kinds, ())
        for claim in before:
            _count(self._sources, (), claim.families.kinds)
        # If the families are the same ones as before and none lost, none loses now.
        if self._losers or self._targets.keys() != known:
            self._losers = find_losers(
                {kind: (count, self._sources[kind]) for kind, count in self._targets.items()}
            )


def _is_known(before: Mapping[Source, _Claim], endpoint: Endpoint, parts: Sequence[Part]) -> bool:
    """Return whether each part has the same families as the last part of its source."""
    for part in parts:
        old = before.get((endpoint, part.source))
        if old is None or not part.heads or old.heads is not part.heads:
            return False
    # An answer without parts ends the claims of the one before. Otherwise no other source has to be dropped:
    # only webapps have several sources, which answer in turn.
    return bool(parts)


def _first_expiry(claimed_names: Mapping[Source, _Claim]) -> float:
    end: float = min(map(_expiry_of, claimed_names.values()))
    return end


def _count(counts: Counter[FamilyKey], more: Iterable[FamilyKey], less: Iterable[FamilyKey]) -> None:
    counts.update(more)
    for kind in less:
        counts[kind] -= 1
        if not counts[kind]:
            del counts[kind]
