"""Checks of all but the clients: journal, webhook, daemon, fallback, watchdogs, Alertmanager, heartbeat."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from waexporter.commands.daemon_client import connect
from waexporter.commands.pager_checks.finding import bad, good, note
from waexporter.commands.pager_checks.received import check_received
from waexporter.config import check_webhook_auth
from waexporter.errors import CommandError, JournalError
from waexporter.model import Format, Limits
from waexporter.paging.channels.address_redaction import redact_address
from waexporter.paging.channels.apprise import find_apprise_scheme
from waexporter.paging.channels.fallback_channels import open_fallback
from waexporter.paging.journal.reader import check_integrity, is_unreadable, why_unwritable
from waexporter.paging.reconciliation.alertmanager_query import try_query
from waexporter.transport.address import HttpAddress
from waexporter.transport.resolver import SHARED_RESOLVER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from waexporter.commands.pager_checks.finding import Finding
    from waexporter.config import DaemonAccess
    from waexporter.model import PagerSettings, Secret, WebSettings
    from waexporter.transport.tls import TlsContexts

_RESOLVE_TIMEOUT = 10.0  # seconds
_ASK_TIMEOUT = 10.0  # seconds


def check_journal(pager: PagerSettings) -> Iterator[Finding]:
    """Check that pages can be written to the journal."""
    obstacle = why_unwritable(pager.state_dir)
    if obstacle is not None:
        remedy = (
            "make room or give the folder to the daemon's user, and check as that user; or choose another"
        )
        yield bad(f"pager.state_dir {pager.state_dir}: {obstacle}", remedy)
    else:
        yield good(f"pager.state_dir {pager.state_dir}: can be written")
    try:
        condition = check_integrity(pager.state_dir)
    except JournalError as error:
        if is_unreadable(pager.state_dir):
            yield bad("the journal can't be read: it is for the daemon's user alone", "check as that user")
            return
        remedy = "stop the daemon, move the file away, start again; what it held is lost to the daemon"
        yield bad(f"the journal can't be read: {error}", remedy)
        return
    if condition is None:
        yield good("the journal: there is none yet, the daemon makes it at its start")
        return
    pending, accepted, failed, damaged = condition
    words = f"the journal: sound; pages accepted: {accepted}, failed: {failed}, pending: {pending}"
    yield good(words) if not pending else note(words, "`waexporter pages` says what they wait for")
    if damaged:
        words = f"the journal: pages that are damaged and were set aside: {damaged}"
        yield note(words, "`waexporter pages` lists them; look after the disk")


def check_webhook(pager: PagerSettings, web: WebSettings) -> Iterator[Finding]:
    """Check who may send alerts to the webhook."""
    if problem := check_webhook_auth(pager, web):
        words, _, remedy = problem.removeprefix("pager.webhook: ").partition(": ")
        yield bad(f"pager.webhook: a secret {words}", remedy)
    elif pager.webhook.is_guarded:
        users = ", and from users of web.config_file" if web.security.needs_credentials else ""
        yield good(f"pager.webhook: alerts are taken from whoever has the secret{users}")
    elif web.security.needs_credentials:
        yield good("pager.webhook: alerts are taken from users of web.config_file")
    elif pager.webhook.insecure:
        yield note(
            "pager.webhook: insecure: anybody who reaches this address may page people", "give a secret"
        )
    else:
        yield good("pager.webhook: alerts are taken from this machine alone, without a secret")


def check_daemon(access: DaemonAccess) -> Iterator[Finding]:
    """Check that the daemon runs; raise CommandError when something else does."""
    web = access.web
    connected = connect(access)
    if connected is None:
        yield note(
            f"no daemon listens at {web.own_url}", "start it: `waexporter run`; nobody is paged without it"
        )
        return
    client, pages = connected
    client.close()
    if pages.journal == "ok":
        yield good(f"the daemon at {web.own_url}: runs, with a pager")
    else:
        remedy = "mend that; the daemon goes on by itself, and answers 503 until then"
        yield bad(f"the daemon at {web.own_url} can't use its journal: {pages.journal}", remedy)
    yield from check_received(pages)


def check_fallback(pager: PagerSettings, contexts: TlsContexts, targets: int) -> Iterator[Finding]:
    """Check that pages have a channel besides WhatsApp; send nothing."""
    if not pager.fallback:
        words = "pager.fallback: there is none; when no client can send, nobody is paged"
        remedy = "give a webhook's address, or one of Apprise (mail, SMS, …)"
        yield bad(words, remedy) if targets == 1 else note(words, remedy)
    for number, fallback in enumerate(pager.fallback):
        form = "" if fallback.format is Format.JSON else f" as {fallback.format}"
        name = f"pager.fallback[{number}] {redact_address(fallback.url)}{form}"
        try:
            open_fallback(replace(pager, fallback=(fallback,)), contexts)
        except CommandError as error:
            yield bad(name, str(error).removeprefix("pager.fallback: "))
            continue
        yield _check_host(name, fallback.url)
        if (
            fallback.is_webhook
            and fallback.format is Format.JSON
            and (scheme := find_apprise_scheme(fallback.url))
        ):
            words = f"{name}: gets JSON from here; Apprise knows how this service wants its messages"
            yield note(
                words, f"try `waexporter pager test --fallback`, or give it as {scheme}://… of Apprise"
            )


def check_watchdogs(pager: PagerSettings, contexts: TlsContexts) -> Iterator[Finding]:
    """Check that something notices when alerts stop coming, or when this daemon stops."""
    for watchdog in pager.watchdogs:
        yield good(f"pager.watchdogs {watchdog.name}: pages when silent for {watchdog.max_silence:g} s")
    if not pager.watchdogs:
        words = "pager.watchdogs: there is none; when Prometheus or Alertmanager dies, nobody is told"
        yield note(words, "expect the alert Watchdog: docs/paging.md")
    if pager.watch:
        yield good(f"pager.watch: verdicts are paged after {pager.watch_for:g} s, without Prometheus")
    yield _check_alertmanager_url(pager, contexts)
    if pager.heartbeat_url is None:
        words = "pager.heartbeat_url: there is none; when this machine dies, nobody is told"
        yield note(words, "give an address that misses the pings (healthchecks style)")
    else:
        yield _check_host("pager.heartbeat_url", pager.heartbeat_url)


def _check_alertmanager_url(pager: PagerSettings, contexts: TlsContexts) -> Finding:
    """Check that Alertmanager answers the daemon's requests."""
    if pager.alertmanager_url is None:
        words = (
            "pager.alertmanager_url: there is none; what Alertmanager stops to deliver is never called over"
        )
        return note(words, "give its address, such as http://alertmanager:9093")
    name = f"pager.alertmanager_url {redact_address(pager.alertmanager_url)}"
    alertmanager = HttpAddress(pager.alertmanager_url, contexts, Limits())
    try:
        problem, says_its_age = try_query(alertmanager, _ASK_TIMEOUT)
    finally:
        alertmanager.close()
    if problem:
        return bad(f"{name}: {problem}", "check the address: it is Alertmanager's own")
    if not says_its_age:
        words = f"{name}: answers, but not since when it runs, so no alert is ever called gone"
        return note(words, "let /api/v2/status through, with its header Date")
    return good(f"{name}: answers what became of alerts")


def _check_host(name: str, address: Secret) -> Finding:
    """Check that the host of an HTTP address has an IP address; Apprise's other addresses are not checked."""
    parts = urlsplit(address.reveal())
    if parts.scheme.lower() not in {"http", "https"}:
        return good(f"{name}: Apprise knows this kind of address; nothing was sent")
    try:
        SHARED_RESOLVER.resolve(parts.hostname or "", parts.port or 443, _RESOLVE_TIMEOUT)
    except OSError as error:
        why = error.strerror or error
        return bad(f"{name}: the host can't be found: {why}", "correct the address, or mend the DNS")
    return good(f"{name}: the host is known; nothing was sent")
