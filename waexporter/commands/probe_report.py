"""The lines of `waexporter probe`: what came back, and the verdict explained to a person."""

from __future__ import annotations

import textwrap
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from waexporter.commands.console import plural
from waexporter.health import PROBLEMS
from waexporter.metrics.tally import AnswerKind
from waexporter.model import (
    Canary,
    Certificates,
    ClientSettings,
    Failure,
    Health,
    OnCallGroup,
    Status,
    Success,
    Support,
    Topology,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from waexporter.model import Document, Gateway, Problem, Reading
    from waexporter.polling.state import TargetState
    from waexporter.transport.exchange import Reply

_WIDTH = 120
_MAX_NODES = 8
_MAX_PROBLEMS = 3  # of one kind: one fault may affect every node
_PHASES = ("connect", "tls", "wait", "body")


# --- polls -------------------------------------------------------------------------------------


class PollTable:
    """The table of the polls: a line for each, wrapped below its last column."""

    def __init__(self, requests: Sequence[str]) -> None:
        self._width = max(map(len, requests))
        self._last_result = ""

    def header(self) -> str:
        """Return the titles of the columns."""
        return f"{'asked':<{self._width}}{'took':>8}  {'connect/tls/wait/body':<24}what came back"

    def lines(self, request: str, reading: Reading, reply: Reply | None, answer: AnswerKind) -> list[str]:
        """Return the lines of one poll; a failure that repeats the last one is not explained again."""
        result = _describe_outcome(reading, reply, answer)
        is_repeated = isinstance(reading.outcome, Failure) and result == self._last_result
        self._last_result = result
        begin = f"{request:<{self._width}}{_format_times(reading, reply)}"
        return _wrap(begin, "FAILED, the same" if is_repeated else result, " " * len(begin))


def _format_times(reading: Reading, reply: Reply | None) -> str:
    """Return the duration of a poll and the phases of its last request, in columns."""
    phases = dict(reply.phases) if reply else {}
    if "connect" in phases:
        phases["connect"] += phases.get("dns", 0.0)
    each = (_format_duration(phases[name]) if name in phases else "-" for name in _PHASES)
    return f"{_format_duration(reading.duration):>8}  {'/'.join(each) if phases else '':<24}"


def _wrap(begin: str, text: str, indent: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, initial_indent=begin, subsequent_indent=indent, break_on_hyphens=False)


def _format_duration(seconds: float) -> str:
    return f"{seconds * 1000:.0f}ms" if seconds < 10 else f"{seconds:.1f}s"  # noqa: PLR2004 - five characters


def _describe_outcome(reading: Reading, reply: Reply | None, answer: AnswerKind) -> str:
    outcome = reading.outcome
    if isinstance(outcome, Failure) and outcome.is_for_admins:
        return f"{outcome.message}; nothing else needs one"
    if isinstance(outcome, Failure):
        return f"FAILED, {outcome.reason.value}: {outcome.message}"
    # A certificate that is not there, say, is a 404 and no failure.
    size = f"{reply.status}, {len(reply.body)} bytes: " if reply and reply.status == HTTPStatus.OK else ""
    if answer is not AnswerKind.STATISTICS:
        flaws = "".join(f"; but {flaw.reason.value}: {flaw.message}" for flaw in dict.fromkeys(outcome.flaws))
        return size + _summarize(outcome.document) + flaws + _describe_dropped(outcome)
    notes = [plural(outcome.samples, "sample")]
    if outcome.unknown_families:
        notes.append(f"{outcome.unknown_families} families not in the API's documentation")
    return size + ", ".join(notes) + _describe_dropped(outcome)


def _describe_dropped(outcome: Success) -> str:
    """Return what was dropped from a reply, and why."""
    if not outcome.dropped:
        return ""
    counts = ", ".join(f"{count} {drop.replace('_', ' ')}" for drop, count in outcome.dropped)
    return f"; left out: {counts}" + (f" ({'; '.join(outcome.losses)})" if outcome.losses else "")


def _summarize(document: Document | None) -> str:
    """Return the content of a document in a few words."""
    if document is None:
        return "nothing to tell"
    words: Mapping[type[Document], Callable[[Any], str]] = {
        Health: lambda document: (
            f"{plural(len(document.gateways), 'node')}, version {document.version or 'not said'}"
        ),
        Support: lambda document: (
            f"{plural(len(document.nodes), 'node')}, version {_list_versions(document)}"
        ),
        ClientSettings: _describe_settings,
        Certificates: lambda document: (
            ", ".join(f"{name} until {_format_day(end)}" for name, end in document.not_after)
            or "no certificate"
        ),
        OnCallGroup: lambda document: f"on-call group: {_count_members(document)}",
        Canary: lambda document: f"a contact check took {_format_duration(document.duration)}",
    }
    return words[type(document)](document)


def _list_versions(support: Support) -> str:
    versions = sorted({node.version for node in support.nodes if node.version})
    return ", ".join(versions[:3]) or "not said"


def _describe_settings(settings: ClientSettings) -> str:
    webhook = {True: "a webhook", False: "no webhook", None: "a webhook that can't be read"}
    group = {True: "an on-call group", False: "no on-call group", None: "an on-call group that can't be read"}
    return f"{webhook[settings.has_webhook]}, {group[settings.has_on_call_pager]}"


def _count_members(group: OnCallGroup) -> str:
    if not group.exists:
        return "no such group"
    if group.participants is not None:
        return plural(group.participants, "member")
    return f"{plural(group.at_least, 'member')} at least" if group.at_least else "its members can't be read"


def _format_day(moment: float) -> str:
    return datetime.fromtimestamp(min(max(moment, 0.0), 253402300799.0), UTC).strftime("%Y-%m-%d")


# --- the verdict -------------------------------------------------------------------------------


def explain_verdict(state: TargetState) -> Iterator[str]:
    """Yield the lines that explain the verdict on a target."""
    verdict = state.verdict
    facts = [f"{verdict.topology} client"] if verdict.topology else []
    if verdict.connected is not None:
        expected = f" of {verdict.expected}" if verdict.expected is not None else ""
        plural = "s" if expected or verdict.connected != 1 else ""
        facts.append(f"{verdict.connected}{expected} coreapp{plural} connected")
    yield f"verdict: {verdict.state.upper()}" + (f" ({', '.join(facts)})" if facts else "")
    yield from _explain_topology(state)
    kinds: dict[str, list[Problem]] = {}
    for problem in verdict.problems:
        kinds.setdefault(problem.slug, []).append(problem)
    for slug, alike in kinds.items():
        yield from _explain_problems(slug, alike)
    yield from _list_nodes(verdict.gateways)


def _explain_problems(slug: str, alike: list[Problem]) -> Iterator[str]:
    """Yield the problems of one kind, then once what to do about them."""
    for problem in alike[:_MAX_PROBLEMS]:
        yield from _wrap(f"  {slug}: ", problem.words, "      ")
    if len(alike) > _MAX_PROBLEMS:
        yield f"  {slug}: and {len(alike) - _MAX_PROBLEMS} more like this"
    yield from _wrap("    -> ", PROBLEMS[slug].advice, "       ")


def _explain_topology(state: TargetState) -> Iterator[str]:
    """Yield a note where the topology is a guess."""
    topology = state.verdict.topology
    if topology in {None, Topology.SINGLE, state.target.topology} or _has_known_shards(state):
        return
    if topology is Topology.HA:
        words = "taken for ha, since no primary master is connected; set shards if it is multiconnect"
    else:
        words = "how many shards it has is not configured, so a missing coreapp goes unnoticed; set shards"
    yield from _wrap("  note: ", words, "        ")


def _has_known_shards(state: TargetState) -> bool:
    """Return whether the number of shards is configured, or reported by the account or the nodes."""
    outcomes = [reading.outcome for reading in state.successes.values()]
    documents = [outcome.document for outcome in outcomes if isinstance(outcome, Success)]
    return state.target.shards is not None or any(
        (isinstance(document, ClientSettings) and document.shards is not None)
        or (isinstance(document, Support) and any(node.shards for node in document.nodes))
        for document in documents
    )


def _list_nodes(gateways: tuple[Gateway, ...]) -> Iterator[str]:
    named = [gateway for gateway in gateways if gateway.node]
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
