"""Through whom a page leaves, best first; pure."""

from __future__ import annotations

from dataclasses import dataclass
from heapq import nsmallest
from typing import TYPE_CHECKING

from waexporter.model import State

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from waexporter.paging.model import Alert

# Tried in one round; a fleet may have a thousand targets, and each may take its time to fail.
MOST_ROUTES = 4
_ORDER = {State.OK: 0, State.DEGRADED: 0, State.UNKNOWN: 1, State.DOWN: 2}


@dataclass(frozen=True, slots=True)
class Carrier:
    """A target that may carry pages: its verdict, and whom it would send them to."""

    name: str
    verdict: State
    to: tuple[str, ...] = ()  # a group, or people; empty: nobody is known
    kind: str = "group"  # group | individual


@dataclass(frozen=True, slots=True)
class Routes:
    """The ways a page can go."""

    open: tuple[Carrier, ...] = ()  # those to trust, best first
    doubtful: tuple[Carrier, ...] = ()  # those to try when nothing else is left


@dataclass(frozen=True, slots=True)
class Concern:
    """What alerts say about the ways they can go."""

    affected: tuple[str, ...] = ()  # the targets they are about, in the order they are met
    distrusted: frozenset[str] = frozenset()  # those of them whose alert says that WhatsApp can't be trusted
    distrusts_all: bool = False  # an alert says so and names no target


def concern_of(alerts: Iterable[Alert]) -> Concern:
    """Read the labels `target` and `affects_channel` of alerts."""
    affected: dict[str, None] = {}
    distrusted: set[str] = set()
    distrusts_all = False
    for alert in alerts:
        target = alert.labels.get("target", "")
        if target:
            affected[target] = None
        if alert.fires and alert.labels.get("affects_channel") == "whatsapp":
            distrusted |= {target} if target else set()
            distrusts_all |= not target
    return Concern(tuple(affected), frozenset(distrusted), distrusts_all)


def join_concerns(concerns: Iterable[Concern]) -> Concern:
    """Give what several say together."""
    known = tuple(concerns)
    return Concern(
        tuple(dict.fromkeys(target for each in known for target in each.affected)),
        frozenset().union(*(each.distrusted for each in known)),
        any(each.distrusts_all for each in known),
    )


def choose_routes(
    carriers: Sequence[Carrier], via: Sequence[str], concern: Concern, barred: frozenset[str]
) -> Routes:
    """Order the ways a page can go.

    Those of `via` in that order, else the affected targets first and then the rest of the fleet. A target
    whose verdict is down, or whose own alert says that WhatsApp can't be trusted, comes after everything
    else; `barred` ones refused this page for good.
    """
    usable = {carrier.name: carrier for carrier in carriers if carrier.to and carrier.name not in barred}
    names = dict.fromkeys(via or (*concern.affected, *usable))
    ordered = [usable[name] for name in names if name in usable]
    trusted = (carrier for carrier in ordered if _is_trusted(carrier, concern))
    rest = (carrier for carrier in ordered if not _is_trusted(carrier, concern))
    return Routes(_best(trusted), _best(rest))


def _best(carriers: Iterable[Carrier]) -> tuple[Carrier, ...]:
    """Give the first few by verdict; among equals their order holds."""
    return tuple(nsmallest(MOST_ROUTES, carriers, key=lambda carrier: _ORDER[carrier.verdict]))


def _is_trusted(carrier: Carrier, concern: Concern) -> bool:
    if concern.distrusts_all or carrier.name in concern.distrusted:
        return False
    return carrier.verdict is not State.DOWN
