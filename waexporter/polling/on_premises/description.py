"""Descriptions of an On-Premises client: in JSON, on the status page, and by `waexporter probe`."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from waexporter.model import (
    Canary,
    Certificates,
    ClientSettings,
    Endpoint,
    Health,
    OnCallGroup,
    OnPremisesDetails,
    Status,
    Support,
    Topology,
)
from waexporter.polling.on_premises.node_table import list_nodes
from waexporter.polling.tables import KindDescription
from waexporter.timefmt import format_day, plural, short_duration

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from waexporter.model import Document, Target, Verdict

_MAX_NODES = 8


# --- the verdict -------------------------------------------------------------------------------


_JSON_TYPES: Final[Mapping[str, object]] = {
    "topology": Topology | None,
    "connected": int | None,
    "expected": int | None,
    "shards": int | None,
    "covered": int | None,
}


def _json_fields(verdict: Verdict) -> dict[str, object]:
    details = OnPremisesDetails.of(verdict)
    return {
        "topology": details.topology,
        "connected": details.connected,
        "expected": details.expected,
        "shards": details.shards,
        "covered": details.covered,
    }


def _facts(verdict: Verdict) -> Iterator[str]:
    details = OnPremisesDetails.of(verdict)
    if details.topology:
        yield details.topology.value
    if details.connected is not None and details.expected is not None:
        yield f"{details.connected} of {details.expected} connected"
    if details.covered is not None and details.shards is not None:
        yield f"{details.covered} of {details.shards} shards covered"


def _probe_facts(verdict: Verdict) -> Iterator[str]:
    details = OnPremisesDetails.of(verdict)
    if details.topology:
        yield f"{details.topology} client"
    if details.connected is not None and details.expected is not None:
        yield f"{details.connected} of {details.expected} coreapps connected"
    elif details.connected is not None:
        yield f"{plural(details.connected, 'coreapp')} connected"


def _probe_notes(target: Target, verdict: Verdict, documents: Iterable[Document]) -> Iterator[str]:
    """Yield a note if the topology is a guess."""
    topology = OnPremisesDetails.of(verdict).topology
    if topology in {None, Topology.SINGLE, target.topology} or _has_known_shards(target, documents):
        return
    if topology is Topology.HA:
        yield "taken for ha, since no primary master is connected; set shards if it is multiconnect"
    else:
        yield "how many shards it has is not configured, so a missing coreapp goes unnoticed; set shards"


def _has_known_shards(target: Target, documents: Iterable[Document]) -> bool:
    """Return whether the number of shards is configured, or reported by the account or the nodes."""
    return target.shards is not None or any(
        (isinstance(document, ClientSettings) and document.shards is not None)
        or (isinstance(document, Support) and any(node.shards for node in document.nodes))
        for document in documents
    )


def _probe_lines(verdict: Verdict) -> Iterator[str]:
    """Yield the nodes, each with its role and status."""
    named = [gateway for gateway in OnPremisesDetails.of(verdict).gateways if gateway.node]
    if not named:
        return
    # With many shards only the nodes that are not connected fit on a screen.
    shown = (
        named if len(named) <= _MAX_NODES else [each for each in named if each.status is not Status.CONNECTED]
    )
    yield "nodes:"
    for gateway in shown[:_MAX_NODES]:
        yield f"  {gateway.node:<24}{gateway.role or 'role not said':<20}{gateway.status}"
    if len(named) > len(shown[:_MAX_NODES]):
        yield f"  and {len(named) - len(shown[:_MAX_NODES])} more, most of them connected"


# --- documents ---------------------------------------------------------------------------------


def _summarize(document: Document) -> str:
    return _SUMMARIES[type(document)](document)


def _summarize_health(health: Health) -> str:
    counts = Counter(gateway.status.value for gateway in health.gateways)
    is_alone = len(health.gateways) == 1
    each = [status if is_alone else f"{count} {status}" for status, count in counts.items()]
    statuses = f" ({', '.join(each)})" if each else ""
    return f"{plural(len(health.gateways), 'node')}{statuses}, version {health.version or 'not said'}"


def _summarize_support(support: Support) -> str:
    versions = sorted({node.version for node in support.nodes if node.version})
    return f"{plural(len(support.nodes), 'node')}, version {', '.join(versions[:3]) or 'not said'}"


def _summarize_settings(settings: ClientSettings) -> str:
    webhook = {True: "a webhook", False: "no webhook", None: "a webhook that can't be read"}
    group = {True: "an on-call group", False: "no on-call group", None: "an on-call group that can't be read"}
    return f"{webhook[settings.has_webhook]}, {group[settings.has_on_call_pager]}"


def _summarize_certificates(certificates: Certificates) -> str:
    ends = (f"{name} until {format_day(end)}" for name, end in certificates.not_after)
    return ", ".join(ends) or "no certificate"


def _summarize_group(group: OnCallGroup) -> str:
    return f"on-call group: {_count_members(group)}"


def _count_members(group: OnCallGroup) -> str:
    if not group.exists:
        return "no such group"
    if group.participants is not None:
        return plural(group.participants, "member")
    return f"{plural(group.at_least, 'member')} at least" if group.at_least else "its members can't be read"


def _summarize_canary(canary: Canary) -> str:
    return f"a contact check took {short_duration(canary.duration)}"


_SUMMARIES: Final[Mapping[type[Document], Callable[[Any], str]]] = {
    Health: _summarize_health,
    Support: _summarize_support,
    ClientSettings: _summarize_settings,
    Certificates: _summarize_certificates,
    OnCallGroup: _summarize_group,
    Canary: _summarize_canary,
}

ON_PREMISES_DESCRIPTION: Final = KindDescription(
    json_fields=_json_fields,
    json_types=_JSON_TYPES,
    facts=_facts,
    probe_facts=_probe_facts,
    probe_notes=_probe_notes,
    probe_lines=_probe_lines,
    summarize=_summarize,
    nodes=list_nodes,
    without_document={
        Endpoint.GROUP: "not asked: no on-call group is known, or pages go to one person",
        Endpoint.CANARY: "this client has no such endpoint",
    },
)
