"""`waexporter pager check`: everything between an alert and a person, looked at without paging anybody."""

from __future__ import annotations

from typing import TYPE_CHECKING

from waexporter.commands.console import write
from waexporter.commands.options import add_config, add_epilog, server_url
from waexporter.commands.pager_checks.alertmanager import inspect_alertmanager
from waexporter.commands.pager_checks.clients import inspect_clients
from waexporter.commands.pager_checks.finding import Finding, Level, bad
from waexporter.commands.pager_checks.host import (
    inspect_daemon,
    inspect_fallback,
    inspect_journal,
    inspect_switches,
    inspect_webhook,
)
from waexporter.commands.pager_survey import pager_of, survey
from waexporter.commands.process import FAILED, OK
from waexporter.config import load
from waexporter.errors import CommandError
from waexporter.model import Secret
from waexporter.paging.journal.reader import read_groups

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator, Mapping

    from waexporter.model import Config


_EPILOG = """\
A line for each check: ok, note (worth knowing), or NOT OK with what to do behind the arrow. Nobody is paged.
Run it as the daemon's user, where the daemon runs. Exit code: 0 nothing is NOT OK, 1 something is.

  waexporter pager check --config waexporter.yml
  waexporter pager check --config waexporter.yml --alertmanager http://alertmanager:9093
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add_config(parser)
    parser.add_argument(
        "--alertmanager",
        type=server_url,
        metavar="URL",
        help="also read its configuration there, such as http://alertmanager:9093",
    )
    add_epilog(parser, _EPILOG)


def run(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Check paging and print the findings."""
    config = load(options.config, environ).config
    alertmanager = Secret(options.alertmanager) if options.alertmanager else None
    return OK if inspect(config, alertmanager, write) else FAILED


def inspect(config: Config, alertmanager: Secret | None, say: Callable[[str], None]) -> bool:
    """Check everything, a line at a time; gives whether nothing is wrong.

    Raises CommandError where no pager is configured.
    """
    wrong = 0
    for finding in _findings(config, alertmanager, say):
        say(str(finding))
        wrong += finding.level is Level.BAD
    say("")
    say(
        f"{wrong} NOT OK: mend the first one first, then check again"
        if wrong
        else "nothing is NOT OK; `waexporter pager test` sends a page"
    )
    return not wrong


def _findings(config: Config, alertmanager: Secret | None, say: Callable[[str], None]) -> Iterator[Finding]:
    pager = pager_of(config)
    yield from inspect_journal(pager)
    yield from inspect_webhook(pager, config.web)
    try:
        yield from inspect_daemon(pager, config.web)
    except CommandError as error:
        yield bad(str(error), "then check again")
    with survey(config, read_groups(pager.state_dir), say) as seen:
        yield from inspect_clients(pager, seen)
        yield from inspect_fallback(pager, seen.fleet.contexts, len(seen.looks))
        yield from inspect_switches(pager, seen.fleet.contexts)
    if alertmanager is not None:
        yield from inspect_alertmanager(alertmanager, pager, config.web)
