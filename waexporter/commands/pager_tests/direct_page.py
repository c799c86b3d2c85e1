"""Send a test page from this process, without a daemon and without the journal."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from waexporter.commands.pager_survey import require_pager, survey
from waexporter.commands.pager_tests.test_page import format_elapsed, make_alert, make_message
from waexporter.paging.channels import try_to_send
from waexporter.paging.channels.fallback_channels import open_fallback
from waexporter.paging.channels.recipients import Recipient
from waexporter.paging.channels.remedies import find_remedy
from waexporter.paging.channels.target_channels import target_channel_factory
from waexporter.paging.journal.reader import read_groups
from waexporter.paging.routing import affected_targets, choose_routes
from waexporter.transport.tls import TlsContexts

if TYPE_CHECKING:
    from collections.abc import Iterable

    from waexporter.commands.console import Write
    from waexporter.commands.pager_survey import Survey
    from waexporter.model import Config, Fallback
    from waexporter.paging.channels import Channel, Outcome
    from waexporter.paging.messages.message import Message
    from waexporter.paging.model import Alert
    from waexporter.paging.routing import Carrier


def send_to_fallbacks(config: Config, target: str, write: Write) -> bool:
    """Send a test page through each fallback and report each reply; return whether all accepted it.

    Neither the daemon nor a client is used. Raises CommandError for a fallback that can't be used.
    """
    pager = require_pager(config)
    if not pager.fallback:
        write("NOT OK: no fallback is configured -> set pager.fallback, for times when no client can send")
        return False
    message = make_message(make_alert(target), pager)
    channels = open_fallback(pager, TlsContexts())
    write("sending a test page through each fallback, from this process and without the journal")
    sent = [
        _send_to_fallback(f"pager.fallback[{number}]", channel, fallback, message, write)
        for number, (channel, fallback) in enumerate(zip(channels, pager.fallback, strict=True))
    ]
    if all(sent):
        write("accepted is not delivered: look there whether the message has come, and reads well")
    return all(sent)


def _send_to_fallback(
    name: str, channel: Channel, fallback: Fallback, message: Message, write: Write
) -> bool:
    form = fallback.format.value if fallback.is_webhook else "by Apprise"
    began = time.monotonic()
    outcome = _send_message(channel, message)
    took = format_elapsed(began)
    if outcome.is_accepted:
        write(f"ok: {name}: sent to {channel.where} ({form}): accepted, {outcome.note} ({took})")
    else:
        write(f"NOT OK: {name}: sent to {channel.where} ({form}): {outcome.why} ({took})")
        write(f"  -> {find_remedy(f'fallback {outcome.why}')}")
    return outcome.is_accepted


def _send_message(channel: Channel, message: Message) -> Outcome:
    return try_to_send(channel, message, lambda _: None)  # the outcome has the error, too


def send_direct(config: Config, alert: Alert, write: Write) -> bool:
    """Send a page through the first client or fallback that accepts it; return whether one did."""
    pager = require_pager(config)
    message = make_message(alert, pager)
    with survey(config, read_groups(pager.state_dir), write) as surveyed:
        for report in surveyed.reports:
            to = report.carrier(pager).to
            known = f"would page {', '.join(to)}" if to else "no group is known"
            write(f"target {report.target.name}: verdict {report.verdict.state}, {known}")
        carriers = [report.carrier(pager) for report in surveyed.reports]
        routes = choose_routes(carriers, pager.via, affected_targets([alert]), frozenset())
        if not routes.open:
            write("no target that is up knows whom to page -> `waexporter pager check` says why")
        fallback = open_fallback(pager, surveyed.targets.contexts)
        # As in the daemon, untrusted targets come last: their verdicts may be wrong.
        if (
            _send_through_carriers(routes.open, surveyed, message, write)
            or _send_to_any_fallback(fallback, message, write)
            or _send_through_carriers(routes.doubtful, surveyed, message, write)
        ):
            return True
    write("NOT OK: nobody was paged -> follow the advice above, then `waexporter pager check`")
    return False


def _send_through_carriers(
    carriers: Iterable[Carrier], surveyed: Survey, message: Message, write: Write
) -> bool:
    channel_of = target_channel_factory(surveyed.targets.clients)
    for carrier in carriers:
        sent = [
            _send_and_report(
                channel_of(carrier.name, Recipient(to, carrier.kind)),
                f"{carrier.name} to {to}",
                message,
                write,
            )
            for to in carrier.to
        ]
        if any(sent):
            write("accepted is not delivered: ask somebody there whether the message has come")
            return True
    return False


def _send_to_any_fallback(fallback: tuple[Channel, ...], message: Message, write: Write) -> bool:
    if not fallback:
        write("no fallback is configured -> set pager.fallback, for times when no client can send")
    return any(_send_and_report(channel, f"fallback {channel.where}", message, write) for channel in fallback)


def _send_and_report(channel: Channel, name: str, message: Message, write: Write) -> bool:
    began = time.monotonic()
    outcome = _send_message(channel, message)
    if outcome.is_accepted:
        note = f"{outcome.note}; " if outcome.note else ""
        write(f"ok: {name}: accepted ({note}{format_elapsed(began)})")
        return True
    again = "the daemon would not try again" if outcome.is_permanent else "the daemon would try again"
    why = f"{name}: {outcome.why}"
    write(f"NOT OK: {why} ({format_elapsed(began)}; {again})")
    write(f"  -> {find_remedy(why)}")
    return False
