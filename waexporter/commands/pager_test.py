"""`waexporter pager test`: send a test page along the real path, and report each step."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

from waexporter.commands.console import write
from waexporter.commands.daemon_client import connect, find_page, read_attempts
from waexporter.commands.discovery.published_targets import load_shard
from waexporter.commands.options import add_config, add_epilog, add_shard, add_target
from waexporter.commands.pager_survey import find_target, require_pager
from waexporter.commands.pager_tests.direct_page import send_direct, send_to_fallbacks
from waexporter.commands.pager_tests.test_page import format_elapsed, make_alert, make_webhook
from waexporter.commands.process import FAILED
from waexporter.commands.process import OK as EXIT_OK
from waexporter.config import require_access
from waexporter.errors import ApiError
from waexporter.paging.channels import OK
from waexporter.paging.channels.remedies import (
    NOR_WHATSAPP,
    describe_attempts,
    find_remedy,
    is_fallback_failure,
)
from waexporter.paging.routing import split_destination
from waexporter.timefmt import plural

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from waexporter.commands.console import Write
    from waexporter.commands.daemon_client import DaemonClient
    from waexporter.config import DaemonAccess
    from waexporter.model import Config, PagerSettings
    from waexporter.paging.model import Alert
    from waexporter.web.page_document import PageDocument

_POLL_INTERVAL = 0.25  # seconds between two requests for the pages
_LOST = "  lost sight of the daemon ({}): `waexporter pages` tells what became of the page"


class FollowTimes(NamedTuple):
    """How long a test page is followed, and how often a line reports that; in seconds."""

    grace: float = 45.0  # after `fallback_after`
    progress_interval: float = 10.0


_DEFAULT_TIMES = FollowTimes()

_EPILOG = """\
With the daemon running, an alert WaExporterTest is delivered to it as Alertmanager would, and followed until
WhatsApp or a fallback has accepted it, or the page has failed. Without a daemon, this process sends by
itself, once, and says what each way answers. Accepted is not delivered: look at the group.
Exit code: 0 accepted, 1 not.

  waexporter pager test --config waexporter.yml
  waexporter pager test --config waexporter.yml --target support-line

With --fallback, the test goes through each address of pager.fallback and no client, from this process,
whether the daemon runs or not; a line for each says what came back. Exit code: 0 all accepted it, 1 not.

  waexporter pager test --config waexporter.yml --fallback
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add_config(parser)
    add_shard(parser)
    add_target(parser)
    parser.add_argument(
        "--fallback",
        action="store_true",
        help="send the test through each address of pager.fallback instead, from here",
    )
    add_epilog(parser, _EPILOG)


def run(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Send a test page."""
    config = load_shard(options.config, options.shard, environ)
    target = find_target(config, options.target).name
    if options.fallback:
        return EXIT_OK if send_to_fallbacks(config, target, write) else FAILED
    return EXIT_OK if send_test_page(config, require_access(config, environ), target, write) else FAILED


def send_test_page(
    config: Config, access: DaemonAccess, target: str, write: Write, times: FollowTimes = _DEFAULT_TIMES
) -> bool:
    """Send a test page and report each step; return whether it was accepted.

    Raises CommandError, with what to do, when nothing can send it.
    """
    pager = require_pager(config)
    alert = make_alert(target)
    connected = connect(access)
    if connected is None:
        write(
            f"no daemon listens at {config.web.own_url}, so this process sends by itself, without the journal"
        )
        write("(start the daemon by `waexporter run`: nobody is paged without it)")
        return send_direct(config, alert, write)
    client, pages = connected
    with client:
        write(f"the daemon at {client.url} runs, with a pager")
        if pages.pending:
            write(f"  pages that wait already: {pages.pending} (`waexporter pages` lists them)")
        return _send_through_daemon(client, pager, alert, write, times)


def _send_through_daemon(
    client: DaemonClient, pager: PagerSettings, alert: Alert, write: Write, times: FollowTimes
) -> bool:
    began = time.monotonic()
    try:
        client.deliver(make_webhook(alert))
    except ApiError as error:
        write(f"NOT OK: the daemon did not answer the webhook: {error} -> read its log")
        return False
    write(f"it has taken the alert WaExporterTest into its journal ({format_elapsed(began)})")
    page = _wait_for_outcome(client, alert, pager.fallback_after, times, write)
    if page is None:
        return False
    for way in describe_attempts(read_attempts(page)):
        write(f"  {way}")
    if page.state == "accepted":
        _report_accepted(page, format_elapsed(began), write)
        return True
    if page.state == "failed":
        write(f"NOT OK: page #{page.number} could not be delivered: {page.why}")
        _write_remedy(page.why, write)
        return False
    _report_pending(page, pager, format_elapsed(began), write)
    return False


def _wait_for_outcome(
    client: DaemonClient, alert: Alert, fallback_after: float, times: FollowTimes, write: Write
) -> PageDocument | None:
    """Wait until the page is accepted or has failed, or for `times`; return None if the page is unknown."""
    ends = time.monotonic() + fallback_after + times.grace
    page: PageDocument | None = None
    reported: tuple[int, str] = (0, "")
    reported_at = time.monotonic()
    while True:
        try:
            page = find_page(client.list_pages(), alert.fingerprint) or page
        except ApiError as error:
            write(_LOST.format(error))
            return None
        now = time.monotonic()
        if page is not None and (page.state != "pending" or now >= ends):
            return page
        if page is None and now >= ends:
            write("NOT OK: the page is not among the newest in the journal -> `waexporter pages --limit 500`")
            return None
        if page is not None and page.why and (page.attempts, page.why) != reported:
            _report_failed_attempt(page, reported[1], write)
            reported, reported_at = (page.attempts, page.why), now
        elif now - reported_at >= times.progress_interval:
            reported_at = now
            write(f"  waiting for the page to be accepted, for {ends - now:.0f} s more")
        time.sleep(_POLL_INTERVAL)


def _report_failed_attempt(page: PageDocument, previous: str, write: Write) -> None:
    if page.why == previous:
        write(f"  attempt {page.attempts} failed alike")
        return
    write(f"  attempt {page.attempts} failed: {page.why}")
    _write_remedy(page.why, write)
    write("  it is tried again")


def _write_remedy(why: str, write: Write) -> None:
    write(f"  -> {find_remedy(why)}")
    if is_fallback_failure(why):
        write(f"  {NOR_WHATSAPP}")


def _report_accepted(page: PageDocument, took: str, write: Write) -> None:
    attempts = plural(page.attempts, "attempt")
    if page.channel == "whatsapp":
        target, to = split_destination(page.destination)
        write(f"ok: page #{page.number} was accepted by WhatsApp: {attempts}, {took}")
        write(f"  through the target {target}, to {to}")
        if any(attempt.code != OK for attempt in read_attempts(page)):
            write("  but not every way that was tried took it: NOT OK above says which, and why")
        write("  accepted is not delivered: ask somebody there whether the message has come")
        return
    write(f"ok: page #{page.number} was accepted by the fallback ({page.channel}): {attempts}, {took}")
    write("  and not by WhatsApp, which was not trusted or did not take it -> `waexporter pager check`")


def _report_pending(page: PageDocument, pager: PagerSettings, took: str, write: Write) -> None:
    attempts = plural(page.attempts, "attempt")
    write(f"NOT OK: page #{page.number} is not accepted yet after {took}, {attempts}")
    if page.why:
        write(f"  last: {page.why}")
        _write_remedy(page.why, write)
    else:
        rate = f"{pager.rate.messages} messages in {pager.rate.per:g} s"
        write(f"  not tried yet: others go first, or the rate ({rate}) makes it wait -> `waexporter pages`")
    write(f"  the daemon goes on trying until {pager.give_up_after:g} s after it took the page")
