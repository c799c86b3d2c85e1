"""The order in which targets carry a page; pure."""

from __future__ import annotations

from dataclasses import dataclass
from heapq import nsmallest
from typing import TYPE_CHECKING

from waexporter.model import State
from waexporter.paging.channels.recipients import GROUP, INDIVIDUAL

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from waexporter.model import PagerSettings, Verdict
    from waexporter.paging.model import Alert

# Targets that are tried in one round: a fleet may have a thousand, and each may be slow to fail.
MAX_ROUTES = 4
_ORDER = {State.OK: 0, State.DEGRADED: 0, State.UNKNOWN: 1, State.DOWN: 2}


@dataclass(frozen=True, slots=True)
class Carrier:
    """A target that may carry pages: its verdict, and the recipients it would send them to."""

    name: str
    verdict: State
    to: tuple[str, ...] = ()  # a group, or people; empty: no recipient is known
    kind: str = GROUP  # group | individual

    @property
    def recipient(self) -> str:
        """Who gets a message through this target; two targets with the same recipients return the same."""
        return ",".join(self.to)

    @property
    def destination(self) -> str:
        """The target and its recipient, as they are written to the journal."""
        return f"{self.name}/{self.recipient}"


@dataclass(frozen=True, slots=True)
class Routes:
    """The targets that can carry a page."""

    open: tuple[Carrier, ...] = ()  # the trusted ones, best first
    doubtful: tuple[Carrier, ...] = ()  # the others, which are tried last


@dataclass(frozen=True, slots=True)
class AffectedTargets:
    """What alerts say about the targets that could carry them."""

    targets: tuple[str, ...] = ()  # their labels `target`, in the order of the alerts
    distrusted: frozenset[str] = frozenset()  # targets whose WhatsApp can't be trusted (`affects_channel`)
    no_target_trusted: bool = False  # an alert with `affects_channel` names no target


def carrier_of(settings: PagerSettings, name: str, verdict: Verdict, group: str | None) -> Carrier:
    """Return a target as a carrier of pages; `group` is its own on-call group, if it has one."""
    if settings.recipients:
        return Carrier(name, verdict.state, settings.recipients, INDIVIDUAL)
    chosen = settings.group or group
    return Carrier(name, verdict.state, (chosen,) if chosen else ())


def split_destination(destination: str) -> tuple[str, str]:
    """Return the target and the recipient in a destination; without a target, the first is empty.

    The name of a target may contain a slash; a group's id or a number does not.
    """
    target, _, recipient = destination.rpartition("/")
    return target, recipient


def affected_targets(alerts: Iterable[Alert]) -> AffectedTargets:
    """Read the labels `target` and `affects_channel` of alerts."""
    affected: dict[str, None] = {}
    distrusted: set[str] = set()
    no_target_trusted = False
    for alert in alerts:
        target = alert.labels.get("target", "")
        if target:
            affected[target] = None
        if alert.fires and alert.labels.get("affects_channel") == "whatsapp":
            distrusted |= {target} if target else set()
            no_target_trusted |= not target
    return AffectedTargets(tuple(affected), frozenset(distrusted), no_target_trusted)


def merge_affected(each_affected: Iterable[AffectedTargets]) -> AffectedTargets:
    """Return what the alerts of several pages say together."""
    known = tuple(each_affected)
    return AffectedTargets(
        tuple(dict.fromkeys(target for each in known for target in each.targets)),
        frozenset().union(*(each.distrusted for each in known)),
        any(each.no_target_trusted for each in known),
    )


def choose_routes(
    carriers: Sequence[Carrier], via: Sequence[str], affected: AffectedTargets, refused_by: frozenset[str]
) -> Routes:
    """Return the targets that can carry a page, in the order to try them.

    With `via`, its targets in that order; without it, the affected targets first and then all others. A
    target comes last if its verdict is down, or if an alert says that its WhatsApp can't be trusted. Targets
    in `refused_by` refused this page for good, and are left out.
    """
    usable = {carrier.name: carrier for carrier in carriers if carrier.to and carrier.name not in refused_by}
    names = dict.fromkeys(via or (*affected.targets, *usable))
    ordered = [usable[name] for name in names if name in usable]
    trusted = (carrier for carrier in ordered if _is_trusted(carrier, affected))
    rest = (carrier for carrier in ordered if not _is_trusted(carrier, affected))
    return Routes(_best(trusted), _best(rest))


def describe_carrier(carrier: Carrier, affected: AffectedTargets) -> str:
    """Return a target with what was known when it was chosen, such as `support-line (affected, ok)`."""
    facts = [carrier.verdict.value]
    if carrier.name in affected.targets:
        facts.insert(0, "affected")
    if affected.no_target_trusted or carrier.name in affected.distrusted:
        facts.append("its WhatsApp is not trusted, as affects_channel says")
    return f"{carrier.name} ({', '.join(facts)})"


def _best(carriers: Iterable[Carrier]) -> tuple[Carrier, ...]:
    """Return the best few by verdict; among equals the order stays."""
    return tuple(nsmallest(MAX_ROUTES, carriers, key=lambda carrier: _ORDER[carrier.verdict]))


def _is_trusted(carrier: Carrier, affected: AffectedTargets) -> bool:
    if affected.no_target_trusted or carrier.name in affected.distrusted:
        return False
    return carrier.verdict is not State.DOWN
