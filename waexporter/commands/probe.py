"""`waexporter probe`: poll a client once and explain its verdict on one screen."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from waexporter.commands.console import show_progress, warn, write
from waexporter.commands.discovery.published_targets import UNKNOWN, load_with_list
from waexporter.commands.options import add_config, load_arguments, unknown_target
from waexporter.commands.recordings.recording import Recorder, Replayer
from waexporter.commands.reports.probe_report import PollTable, explain_verdict
from waexporter.config import load
from waexporter.config.fleet.fleet_notes import fold_notes
from waexporter.errors import ConfigError
from waexporter.model import (
    State,
    now,
)
from waexporter.polling.kinds import CLIENTS
from waexporter.polling.poller import Poller
from waexporter.polling.store import Store
from waexporter.transport.tls import TlsContexts

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Mapping

    from waexporter.commands.console import Write
    from waexporter.config import LoadedConfig
    from waexporter.model import Limits, Target
    from waexporter.polling.tables import Sender
    from waexporter.whatsapp.client import Client

# Nagios' exit codes.
EXIT_CODES = {State.OK: 0, State.DEGRADED: 1, State.DOWN: 2, State.UNKNOWN: 3}


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
    loaded, target = _load_target(options, environ)
    for note in _notes_about(target, loaded):
        warn(f"note: {note}")
    limits = loaded.config.limits
    client = CLIENTS[target.kind](target, limits, TlsContexts())
    try:
        return EXIT_CODES[probe(_open_sender(client, options), limits, write, show_progress)]
    finally:
        client.close()


def probe(
    sender: Sender, limits: Limits, write: Write, show_progress: Callable[[str], None] = lambda _: None
) -> State:
    """Poll every endpoint of a target once and write a line about each; return the verdict.

    `show_progress` is called with each request before it is sent: a reply may take a minute.
    """
    target = sender.target
    # Nothing may become stale here: slow endpoints come after the health reply.
    store = Store([replace(target, stale_after=math.inf)], now)
    pollers = {
        _request_line(poller): poller
        for endpoint in target.plans
        for poller in [Poller(sender, endpoint, limits, now, lambda: store.on_call_group(target.name))]
    }
    table = PollTable(tuple(pollers), store.state(target.name).tables.description)
    write(f"{target.name}  {target.url}")
    write("")
    write(table.header())
    for request, poller in pollers.items():
        show_progress(request)
        reading, reply = poller.poll_with_reply()
        store.put(reading)
        for line in table.lines(request, reading, reply, poller.row.answer):
            write(line)
    state = store.snapshot().states[0]
    write("")
    for line in explain_verdict(state):
        write(line)
    return state.verdict.state


def _request_line(poller: Poller) -> str:
    return f"{poller.row.method} {poller.row.path}"


def _open_sender(client: Client, options: argparse.Namespace) -> Sender:
    if options.replay:
        return Replayer(client.target, Path(options.replay))
    return Recorder(client, Path(options.record)) if options.record else client


def _notes_about(target: Target, loaded: LoadedConfig) -> tuple[str, ...]:
    """Return the notes without those about other targets of the file, and few of those about lists."""
    own = f"targets[{loaded.config.targets.index(target)}]."
    return fold_notes(
        note for note in loaded.notes if note.startswith(own) or not note.startswith("targets[")
    )


def _find_target(loaded: LoadedConfig, wanted: str) -> Target | None:
    """Return the configured target of this name or url."""
    targets = loaded.config.targets
    return next((each for each in targets if wanted in {each.name, each.url, f"{each.url}/v1"}), None)


def _load_target(options: argparse.Namespace, environ: Mapping[str, str]) -> tuple[LoadedConfig, Target]:
    """Return the configured target of this name or url, else this url with the environment's login."""
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
        target = _find_target(loaded, wanted)
        if target is None and loaded.config.http_sd.url:
            loaded = load_with_list(options.config, environ)
            target = _find_target(loaded, wanted)
        if target is not None:
            return loaded, target
        if "://" not in wanted:
            about_list = [note for note in loaded.notes if note.startswith(UNKNOWN)]
            raise ConfigError([unknown_target(loaded.config, wanted), *about_list])
    variables = {
        key: text
        for key, text in environ.items()
        if key not in {"WAEXPORTER_CONFIG", "WAEXPORTER_TARGET_NAME"}
    }
    variable = "WAEXPORTER_TARGET_URL"
    loaded = load_arguments({**variables, variable: wanted}, {variable: "TARGET_OR_URL"})
    return loaded, loaded.config.targets[0]
