"""`waexporter pager check`: check everything between an alert and a person, without paging anybody."""

from __future__ import annotations

from typing import TYPE_CHECKING

from waexporter.commands.console import write
from waexporter.commands.discovery.published_targets import load_shard
from waexporter.commands.options import add_config, add_epilog, add_shard, server_url
from waexporter.commands.pager_checks.alertmanager import check_alertmanager
from waexporter.commands.pager_checks.clients import check_clients
from waexporter.commands.pager_checks.finding import Finding, Level, bad
from waexporter.commands.pager_checks.host import (
    check_daemon,
    check_fallback,
    check_journal,
    check_watchdogs,
    check_webhook,
)
from waexporter.commands.pager_survey import require_pager, survey
from waexporter.commands.process import FAILED, OK
from waexporter.config import require_access
from waexporter.errors import CommandError
from waexporter.model import Secret
from waexporter.paging.journal.reader import read_groups

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Mapping

    from waexporter.commands.console import Write
    from waexporter.config import DaemonAccess
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
    add_shard(parser)
    parser.add_argument(
        "--alertmanager",
        type=server_url,
        metavar="URL",
        help="also read its configuration there, such as http://alertmanager:9093",
    )
    add_epilog(parser, _EPILOG)


def run(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Check paging and print the findings."""
    config = load_shard(options.config, options.shard, environ)
    alertmanager = Secret(options.alertmanager) if options.alertmanager else None
    access = require_access(config, environ)
    return OK if check_pager(config, access, alertmanager, write) else FAILED


def check_pager(config: Config, access: DaemonAccess, alertmanager: Secret | None, write: Write) -> bool:
    """Write a line for each finding; return whether none of them is NOT OK.

    Raises CommandError when no pager is configured.
    """
    failures = 0
    for finding in _findings(config, access, alertmanager, write):
        write(str(finding))
        failures += finding.level is Level.BAD
    write("")
    write(
        f"{failures} NOT OK: mend the first one first, then check again"
        if failures
        else "nothing is NOT OK; `waexporter pager test` sends a page"
    )
    return not failures


def _findings(
    config: Config, access: DaemonAccess, alertmanager: Secret | None, write: Write
) -> Iterator[Finding]:
    pager = require_pager(config)
    yield from check_journal(pager)
    yield from check_webhook(pager, config.web)
    try:
        yield from check_daemon(access)
    except CommandError as error:
        yield bad(str(error), "then check again")
    with survey(config, read_groups(pager.state_dir), write) as surveyed:
        yield from check_clients(pager, surveyed)
        yield from check_fallback(pager, surveyed.targets.contexts, len(surveyed.reports))
        yield from check_watchdogs(pager, surveyed.targets.contexts)
    if alertmanager is not None:
        yield from check_alertmanager(alertmanager, pager, config.web)
