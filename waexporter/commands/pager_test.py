"""A test page sent along the real path, explained step by step."""

from __future__ import annotations

import platform
import secrets
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec

from waexporter.commands.console import write
from waexporter.commands.daemon_client import find
from waexporter.commands.options import add_config, add_epilog, add_target
from waexporter.commands.pager_survey import pager_of, survey, target_of
from waexporter.commands.process import FAILED
from waexporter.commands.process import OK as EXIT_OK
from waexporter.config import load
from waexporter.daemon.paging import open_fallback, whatsapp_of
from waexporter.errors import ApiError
from waexporter.paging.channels import OK, try_to_send
from waexporter.paging.channels.recipients import Recipient
from waexporter.paging.channels.remedies import (
    NOR_WHATSAPP,
    describe_attempts,
    find_remedy,
    is_fallback_failure,
)
from waexporter.paging.journal.reader import read_groups
from waexporter.paging.messages.compose import build_message
from waexporter.paging.model import Alert, Item, ItemKind, Page
from waexporter.paging.routing import affected_targets, choose_routes
from waexporter.transport.tls import TlsContexts

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterable, Mapping

    from waexporter.commands.daemon_client import Daemon, Told
    from waexporter.commands.pager_survey import Survey
    from waexporter.model import Config, Fallback, PagerSettings
    from waexporter.paging.channels import Channel, Outcome
    from waexporter.paging.messages.message import Message
    from waexporter.paging.routing import Carrier

    Say = Callable[[str], None]

_GLANCE = 0.25  # seconds between two looks at the journal
_GRACE = 45.0  # seconds beyond `fallback_after` that a test is followed
_SIGN_OF_LIFE = 10.0  # seconds between two lines while nothing happens
_LOST = "  lost sight of the daemon ({}): `waexporter pages` tells what became of the page"


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
    add_target(parser)
    parser.add_argument(
        "--fallback",
        action="store_true",
        help="send the test through each address of pager.fallback instead, from here",
    )
    add_epilog(parser, _EPILOG)


def run(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Send a test page."""
    config = load(options.config, environ).config
    send = rehearse_fallback if options.fallback else rehearse
    return EXIT_OK if send(config, target_of(config, options.target).name, write) else FAILED


def rehearse(config: Config, target: str, say: Say) -> bool:
    """Send a test page and say what happens at each step; gives whether it was accepted.

    Raises CommandError with what to do when there is nothing to send by.
    """
    pager = pager_of(config)
    alert = _alert(target)
    daemon = find(config.web, pager.webhook)
    if daemon is None:
        say(
            f"no daemon listens at {config.web.own_url}, so this process sends by itself, without the journal"
        )
        say("(start the daemon by `waexporter run`: nobody is paged without it)")
        return _send_alone(config, alert, say)
    try:
        return _send_by(daemon, pager, alert, say)
    finally:
        daemon.close()


def rehearse_fallback(config: Config, target: str, say: Say) -> bool:
    """Send a test page through each fallback, and say what came back; return whether all accepted it.

    Neither the daemon nor a client has a part in it. Raises CommandError for a fallback that can't be used.
    """
    pager = pager_of(config)
    if not pager.fallback:
        say("NOT OK: no fallback is configured -> set pager.fallback, for times when no client can send")
        return False
    message = _message(_alert(target), pager)
    channels = open_fallback(pager, TlsContexts())
    say("sending a test page through each fallback, from this process and without the journal")
    sent = [
        _try_fallback_alone(f"pager.fallback[{number}]", channel, fallback, message, say)
        for number, (channel, fallback) in enumerate(zip(channels, pager.fallback, strict=True))
    ]
    if all(sent):
        say("accepted is not delivered: look there whether the message has come, and reads well")
    return all(sent)


def _try_fallback_alone(name: str, channel: Channel, fallback: Fallback, message: Message, say: Say) -> bool:
    form = fallback.format.value if fallback.is_webhook else "by Apprise"
    began = time.monotonic()
    outcome = _send(channel, message)
    took = _took(began)
    if outcome.is_accepted:
        say(f"ok: {name}: sent to {channel.where} ({form}): accepted, {outcome.note} ({took})")
    else:
        say(f"NOT OK: {name}: sent to {channel.where} ({form}): {outcome.why} ({took})")
        say(f"  -> {find_remedy(f'fallback {outcome.why}')}")
    return outcome.is_accepted


def _send(channel: Channel, message: Message) -> Outcome:
    return try_to_send(channel, message, lambda _: None)  # the outcome says it


def _message(alert: Alert, pager: PagerSettings) -> Message:
    page = Page("test", (Item(alert, ItemKind.FIRED),), received_at=alert.starts_at)
    return build_message([page], time.time(), pager)


def _alert(target: str) -> Alert:
    """Make an alert that nobody has heard of before."""
    name = f"waexporter:test:{secrets.token_hex(8)}"
    labels = {"alertname": "WaExporterTest", "severity": "info", "target": target}
    annotations = {
        "summary": "This is a test of the pager.",
        "description": f"Sent by hand from {platform.node() or 'somewhere'}. Nothing is wrong.",
    }
    return Alert(name, time.time(), None, labels, annotations)


# --- through the daemon ------------------------------------------------------------------------


def _send_by(daemon: Daemon, pager: PagerSettings, alert: Alert, say: Say) -> bool:
    say(f"the daemon at {daemon.url} runs, with a pager")
    before = daemon.pages()
    if before.pending:
        say(f"  pages that wait already: {before.pending} (`waexporter pages` lists them)")
    began = time.monotonic()
    try:
        daemon.deliver(_webhook(alert))
    except ApiError as error:
        say(f"NOT OK: the daemon did not answer the webhook: {error} -> read its log")
        return False
    say(f"it has taken the alert WaExporterTest into its journal ({_took(began)})")
    told = _follow(daemon, alert, pager.fallback_after + _GRACE, say)
    if told is None:
        return False
    for way in describe_attempts(told.trail()):
        say(f"  {way}")
    if told.state == "accepted":
        _say_accepted(told, _took(began), say)
        return True
    if told.state == "failed":
        say(f"NOT OK: page #{told.number} could not be delivered: {told.why}")
        _say_remedy(told.why, say)
        return False
    _say_pending(told, pager, _took(began), say)
    return False


def _webhook(alert: Alert) -> bytes:
    """Write the alert as Alertmanager would."""
    starts_at = datetime.fromtimestamp(alert.starts_at, UTC).isoformat()
    return msgspec.json.encode(
        {
            "version": "4",
            "groupKey": f"{{}}:{{fingerprint={alert.fingerprint}}}",
            "status": "firing",
            "truncatedAlerts": 0,
            # A thread of its own: it waits behind no other test.
            "groupLabels": {"alertname": alert.labels["alertname"], "test": alert.fingerprint},
            "receiver": "waexporter pager test",
            "alerts": [
                {
                    "status": "firing",
                    "labels": alert.labels,
                    "annotations": alert.annotations,
                    "startsAt": starts_at,
                    "endsAt": "0001-01-01T00:00:00Z",
                    "fingerprint": alert.fingerprint,
                }
            ],
        }
    )


def _follow(daemon: Daemon, alert: Alert, patience: float, say: Say) -> Told | None:
    """Watch the page until it is out, failed, or patience has ended; None: nothing is known of it."""
    ends = time.monotonic() + patience
    told: Told | None = None
    said: tuple[int, str] = (0, "")
    spoken = time.monotonic()
    while True:
        try:
            told = daemon.pages().about(alert.fingerprint) or told
        except ApiError as error:
            say(_LOST.format(error))
            return None
        now = time.monotonic()
        if told is not None and (told.state != "pending" or now >= ends):
            return told
        if told is None and now >= ends:
            say("NOT OK: the page is not among the newest in the journal -> `waexporter pages --limit 500`")
            return None
        if told is not None and told.why and (told.attempts, told.why) != said:
            _say_failed_attempt(told, said[1], say)
            said, spoken = (told.attempts, told.why), now
        elif now - spoken >= _SIGN_OF_LIFE:
            spoken = now
            say(f"  waiting for the page to be accepted, for {ends - now:.0f} s more")
        time.sleep(_GLANCE)


def _say_failed_attempt(told: Told, before: str, say: Say) -> None:
    if told.why == before:
        say(f"  attempt {told.attempts} failed alike")
        return
    say(f"  attempt {told.attempts} failed: {told.why}")
    _say_remedy(told.why, say)
    say("  it is tried again")


def _say_remedy(why: str, say: Say) -> None:
    say(f"  -> {find_remedy(why)}")
    if is_fallback_failure(why):
        say(f"  {NOR_WHATSAPP}")


def _say_accepted(told: Told, took: str, say: Say) -> None:
    attempts = f"{told.attempts} attempt{'' if told.attempts == 1 else 's'}"
    if told.channel == "whatsapp":
        target, _, to = told.destination.partition("/")
        say(f"ok: page #{told.number} was accepted by WhatsApp: {attempts}, {took}")
        say(f"  through the target {target}, to {to}")
        if any(attempt.code != OK for attempt in told.trail()):
            say("  but not every way that was tried took it: NOT OK above says which, and why")
        say("  accepted is not delivered: ask somebody there whether the message has come")
        return
    say(f"ok: page #{told.number} was accepted by the fallback ({told.channel}): {attempts}, {took}")
    say("  and not by WhatsApp, which was not trusted or did not take it -> `waexporter pager check`")


def _say_pending(told: Told, pager: PagerSettings, took: str, say: Say) -> None:
    say(f"NOT OK: page #{told.number} is not accepted yet after {took}, {told.attempts} attempts")
    if told.why:
        say(f"  last: {told.why}")
        _say_remedy(told.why, say)
    else:
        rate = f"{pager.rate.messages} messages in {pager.rate.per:g} s"
        say(f"  not tried yet: others go first, or the rate ({rate}) makes it wait -> `waexporter pages`")
    say(f"  the daemon goes on trying until {pager.give_up_after:g} s after it took the page")


def _took(began: float) -> str:
    return f"{time.monotonic() - began:.1f} s"


# --- without a daemon --------------------------------------------------------------------------


def _send_alone(config: Config, alert: Alert, say: Say) -> bool:
    pager = pager_of(config)
    message = _message(alert, pager)
    with survey(config, read_groups(pager.state_dir), say) as seen:
        for look in seen.looks:
            to = look.carrier(pager).to
            known = f"would page {', '.join(to)}" if to else "no group is known"
            say(f"target {look.target.name}: verdict {look.verdict.state}, {known}")
        carriers = [look.carrier(pager) for look in seen.looks]
        routes = choose_routes(carriers, pager.via, affected_targets([alert]), frozenset())
        if not routes.open:
            say("no target that is up knows whom to page -> `waexporter pager check` says why")
        fallback = open_fallback(pager, seen.fleet.contexts)
        # As the daemon does: with nothing else left, a verdict may be wrong.
        if (
            _try_carriers(routes.open, seen, message, say)
            or _try_fallback(fallback, message, say)
            or _try_carriers(routes.doubtful, seen, message, say)
        ):
            return True
    say("NOT OK: nobody was paged -> follow the advice above, then `waexporter pager check`")
    return False


def _try_carriers(carriers: Iterable[Carrier], seen: Survey, message: Message, say: Say) -> bool:
    channel_of = whatsapp_of(seen.fleet.clients)
    for carrier in carriers:
        sent = [
            _try(
                channel_of(carrier.name, Recipient(to, carrier.kind)), f"{carrier.name} to {to}", message, say
            )
            for to in carrier.to
        ]
        if any(sent):
            say("accepted is not delivered: ask somebody there whether the message has come")
            return True
    return False


def _try_fallback(fallback: tuple[Channel, ...], message: Message, say: Say) -> bool:
    if not fallback:
        say("no fallback is configured -> set pager.fallback, for times when no client can send")
    return any(_try(channel, f"fallback {channel.where}", message, say) for channel in fallback)


def _try(channel: Channel, name: str, message: Message, say: Say) -> bool:
    began = time.monotonic()
    outcome = _send(channel, message)
    if outcome.is_accepted:
        note = f"{outcome.note}; " if outcome.note else ""
        say(f"ok: {name}: accepted ({note}{_took(began)})")
        return True
    again = "the daemon would not try again" if outcome.is_permanent else "the daemon would try again"
    why = f"{name}: {outcome.why}"
    say(f"NOT OK: {why} ({_took(began)}; {again})")
    say(f"  -> {find_remedy(why)}")
    return False
