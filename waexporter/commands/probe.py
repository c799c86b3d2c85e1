"""A client polled once, explained to a person on one screen."""

from __future__ import annotations

import math
import textwrap
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any

from waexporter.commands.console import show_progress, warn, write
from waexporter.commands.options import add_config, load_arguments
from waexporter.commands.recording import Recorder, Replayer
from waexporter.config import load
from waexporter.errors import ConfigError
from waexporter.health import PROBLEMS
from waexporter.model import (
    Canary,
    Certificates,
    ClientSettings,
    Endpoint,
    Failure,
    Health,
    OnCallGroup,
    State,
    Status,
    Success,
    Support,
    Topology,
    now,
)
from waexporter.polling.collectors import STATISTICS_SOURCES
from waexporter.polling.poller import Poller
from waexporter.polling.store import Store
from waexporter.transport.tls import TlsContexts
from waexporter.whatsapp.client import Client

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator, Mapping

    from waexporter.config import Loaded
    from waexporter.model import Document, Gateway, Limits, Problem, Reading, Target
    from waexporter.polling.collectors import Sender
    from waexporter.polling.store import TargetState
    from waexporter.transport.exchange import Reply

# Nagios' exit codes.
EXIT_CODES = {State.OK: 0, State.DEGRADED: 1, State.DOWN: 2, State.UNKNOWN: 3}

_WIDTH = 120
_SHOWN_NODES = 8
_SHOWN_PROBLEMS = 3  # of one kind: one fault may meet every node
_PHASES = ("connect", "tls", "wait", "body")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument(
        "target",
        metavar="TARGET_OR_URL",
        help="a configured target's name, or any https:// url, asked with the environment's credentials",
    )
    add_config(parser)
    either = parser.add_mutually_exclusive_group()
    either.add_argument(
        "--record", metavar="DIR", help="keep the answers there, without names, texts and secrets"
    )
    either.add_argument("--replay", metavar="DIR", help="take the answers from there instead of asking")


def run(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Poll the client and return the exit code of its verdict."""
    loaded, target = _find(options, environ)
    for note in _notes_about(target, loaded):
        warn(f"note: {note}")
    folders = Folders(*(Path(each) if each else None for each in (options.record, options.replay)))
    return EXIT_CODES[probe(target, loaded.config.limits, folders, write, show_progress)]


def _notes_about(target: Target, loaded: Loaded) -> list[str]:
    """Leave out what is said of other targets: there may be a thousand, and a probe fits on a screen."""
    own = f"targets[{loaded.config.targets.index(target)}]."
    return [note for note in loaded.notes if note.startswith(own) or not note.startswith("targets[")]


def _find(options: argparse.Namespace, environ: Mapping[str, str]) -> tuple[Loaded, Target]:
    """Find the target to probe: configured, by its name or url, else any url with the environment's login."""
    wanted = options.target.rstrip("/")
    try:
        loaded = load(options.config, environ)
    except ConfigError as error:
        if options.config or environ.get("WAEXPORTER_CONFIG"):
            raise
        if "://" not in wanted:
            hint = (
                f"{wanted!r} is neither a configured target nor a url, which begins with https:// or http://"
            )
            raise ConfigError([hint, *error.problems]) from error
    else:
        for target in loaded.config.targets:
            if wanted in {target.name, target.url, f"{target.url}/v1"}:
                return loaded, target
        if "://" not in wanted:
            names = ", ".join(target.name for target in loaded.config.targets[:10])
            message = f"no target is called {wanted!r}; there are: {names}"
            raise ConfigError([message])
    ours = {
        key: text
        for key, text in environ.items()
        if key not in {"WAEXPORTER_CONFIG", "WAEXPORTER_TARGET_NAME"}
    }
    variable = "WAEXPORTER_TARGET_URL"
    loaded = load_arguments({**ours, variable: wanted}, {variable: "TARGET_OR_URL"})
    return loaded, loaded.config.targets[0]


@dataclass(frozen=True, slots=True)
class Folders:
    """Where answers are kept, or taken from instead of asking; one of the two at most."""

    record: Path | None = None
    replay: Path | None = None


def _say_nothing(_what: str) -> None:
    """Let whoever waits wait."""


def probe(
    target: Target,
    limits: Limits,
    folders: Folders,
    say: Callable[[str], None],
    wait: Callable[[str], None] = _say_nothing,
) -> State:
    """Poll every endpoint of a target once, saying line by line what came of it; gives the verdict.

    `wait` is told what is asked before it is: an answer may take a minute.
    """
    # One look has no age: a slow endpoint must not make the health answer before it stale.
    store = Store([replace(target, stale_after=math.inf)], now)
    client = Client(target, limits, TlsContexts())
    sender: Sender = client
    if folders.replay is not None:
        sender = Replayer(target, folders.replay)
    elif folders.record is not None:
        sender = Recorder(client, folders.record)
    pollers = {
        _asked(poller): poller
        for endpoint in target.plans
        for poller in [Poller(sender, endpoint, limits, now, lambda: store.on_call_group(target.name))]
    }
    width = max(map(len, pollers))
    say(f"{target.name}  {target.url}")
    say("")
    say(f"{'asked':<{width}}{'took':>8}  {'connect/tls/wait/body':<24}what came back")
    before = ""
    try:
        for asked, poller in pollers.items():
            wait(asked)
            reading, reply = poller.poll_with_reply()
            store.put(reading)
            result = _result(reading, reply)
            failed_alike = isinstance(reading.outcome, Failure) and result == before
            begin = f"{asked:<{width}}{_times(reading, reply)}"
            for line in _wrap(begin, "FAILED, the same" if failed_alike else result, " " * len(begin)):
                say(line)
            before = result
    finally:
        client.close()
    state = store.snapshot().states[0]
    say("")
    for line in _explain(state):
        say(line)
    return state.verdict.state


def _asked(poller: Poller) -> str:
    return f"{'POST' if poller.endpoint is Endpoint.CANARY else 'GET'} {poller.path}"


def _times(reading: Reading, reply: Reply | None) -> str:
    """Say how long a poll took, and its last request by phases, in columns."""
    phases = dict(reply.phases) if reply else {}
    if "connect" in phases:
        phases["connect"] += phases.get("dns", 0.0)
    each = (_milliseconds(phases[name]) if name in phases else "-" for name in _PHASES)
    return f"{_milliseconds(reading.duration):>8}  {'/'.join(each) if phases else '':<24}"


def _wrap(begin: str, text: str, indent: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, initial_indent=begin, subsequent_indent=indent, break_on_hyphens=False)


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:.0f}ms" if seconds < 10 else f"{seconds:.1f}s"  # noqa: PLR2004 - five characters


def _result(reading: Reading, reply: Reply | None) -> str:
    outcome = reading.outcome
    if isinstance(outcome, Failure) and outcome.is_for_admins:
        return f"{outcome.message}; nothing else needs one"
    if isinstance(outcome, Failure):
        return f"FAILED, {outcome.reason.value}: {outcome.message}"
    # A certificate that is not there, say, is a 404 and no failure.
    size = f"{reply.status}, {len(reply.body)} bytes: " if reply and reply.status == HTTPStatus.OK else ""
    if reading.endpoint not in STATISTICS_SOURCES:
        flaws = "".join(f"; but {flaw.reason.value}: {flaw.message}" for flaw in dict.fromkeys(outcome.flaws))
        return size + _summary(outcome.document) + flaws + _left_out(outcome)
    notes = [_count(outcome.samples, "sample")]
    if outcome.unknown_families:
        notes.append(f"{outcome.unknown_families} families not in the API's documentation")
    return size + ", ".join(notes) + _left_out(outcome)


def _left_out(outcome: Success) -> str:
    """Say what of an answer was left out, and why."""
    if not outcome.dropped:
        return ""
    counts = ", ".join(f"{count} {drop.replace('_', ' ')}" for drop, count in outcome.dropped)
    return f"; left out: {counts}" + (f" ({'; '.join(outcome.losses)})" if outcome.losses else "")


def _summary(document: Document | None) -> str:
    """Say what a document tells in a few words."""
    if document is None:
        return "nothing to tell"
    words: Mapping[type[Document], Callable[[Any], str]] = {
        Health: lambda said: f"{_count(len(said.gateways), 'node')}, version {said.version or 'not said'}",
        Support: lambda said: f"{_count(len(said.nodes), 'node')}, version {_versions(said)}",
        ClientSettings: _settings,
        Certificates: lambda said: (
            ", ".join(f"{name} until {_day(end)}" for name, end in said.not_after) or "no certificate"
        ),
        OnCallGroup: lambda said: f"on-call group: {_people(said)}",
        Canary: lambda said: f"a contact check took {_milliseconds(said.duration)}",
    }
    return words[type(document)](document)


def _versions(support: Support) -> str:
    versions = sorted({node.version for node in support.nodes if node.version})
    return ", ".join(versions[:3]) or "not said"


def _settings(settings: ClientSettings) -> str:
    webhook = {True: "a webhook", False: "no webhook", None: "a webhook that can't be read"}
    group = {True: "an on-call group", False: "no on-call group", None: "an on-call group that can't be read"}
    return f"{webhook[settings.has_webhook]}, {group[settings.has_on_call_pager]}"


def _people(group: OnCallGroup) -> str:
    if not group.exists:
        return "no such group"
    if group.participants is not None:
        return _count(group.participants, "member")
    return f"{_count(group.at_least, 'member')} at least" if group.at_least else "its members can't be read"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _day(moment: float) -> str:
    return datetime.fromtimestamp(min(max(moment, 0.0), 253402300799.0), UTC).strftime("%Y-%m-%d")


def _explain(state: TargetState) -> Iterator[str]:
    verdict = state.verdict
    facts = [f"{verdict.topology} client"] if verdict.topology else []
    if verdict.connected is not None:
        expected = f" of {verdict.expected}" if verdict.expected is not None else ""
        plural = "s" if expected or verdict.connected != 1 else ""
        facts.append(f"{verdict.connected}{expected} coreapp{plural} connected")
    yield f"verdict: {verdict.state.upper()}" + (f" ({', '.join(facts)})" if facts else "")
    yield from _doubts(state)
    kinds: dict[str, list[Problem]] = {}
    for problem in verdict.problems:
        kinds.setdefault(problem.slug, []).append(problem)
    for slug, alike in kinds.items():
        yield from _problems(slug, alike)
    yield from _nodes(verdict.gateways)


def _problems(slug: str, alike: list[Problem]) -> Iterator[str]:
    """Give the problems of one kind, then once what to do about them."""
    for problem in alike[:_SHOWN_PROBLEMS]:
        yield from _wrap(f"  {slug}: ", problem.words, "      ")
    if len(alike) > _SHOWN_PROBLEMS:
        yield f"  {slug}: and {len(alike) - _SHOWN_PROBLEMS} more like this"
    yield from _wrap("    -> ", PROBLEMS[slug].advice, "       ")


def _doubts(state: TargetState) -> Iterator[str]:
    """Say what the verdict rests on where that is a guess."""
    topology = state.verdict.topology
    if topology in {None, Topology.SINGLE, state.target.topology} or _are_shards_known(state):
        return
    if topology is Topology.HA:
        words = "taken for ha, since no primary master is connected; set shards if it is multiconnect"
    else:
        words = "how many shards it has is not configured, so a missing coreapp goes unnoticed; set shards"
    yield from _wrap("  note: ", words, "        ")


def _are_shards_known(state: TargetState) -> bool:
    """Tell whether the number of shards is configured, or said by the account or by the nodes."""
    outcomes = [reading.outcome for reading in state.successes.values()]
    documents = [outcome.document for outcome in outcomes if isinstance(outcome, Success)]
    return state.target.shards is not None or any(
        (isinstance(document, ClientSettings) and document.shards is not None)
        or (isinstance(document, Support) and any(node.shards for node in document.nodes))
        for document in documents
    )


def _nodes(gateways: tuple[Gateway, ...]) -> Iterator[str]:
    named = [gateway for gateway in gateways if gateway.node]
    if not named:
        return
    # With many shards only the nodes that are not connected fit on a screen.
    shown = (
        named
        if len(named) <= _SHOWN_NODES
        else [each for each in named if each.status is not Status.CONNECTED]
    )
    yield "nodes:"
    for gateway in shown[:_SHOWN_NODES]:
        yield f"  {gateway.node:<24}{gateway.role or 'role not said':<20}{gateway.status}"
    if len(named) > len(shown[:_SHOWN_NODES]):
        yield f"  and {len(named) - len(shown[:_SHOWN_NODES])} more, most of them connected"
