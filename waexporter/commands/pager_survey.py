"""Poll targets once, without a daemon, for `pager check`, `pager test` and `pager setup`."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from waexporter.commands.options import unknown_target
from waexporter.daemon.paging import PagerTargets
from waexporter.errors import CommandError
from waexporter.model import Endpoint, Failure, now
from waexporter.paging.routing import carrier_of
from waexporter.polling.kinds import CLIENTS
from waexporter.polling.poller import Poller
from waexporter.polling.store import Store
from waexporter.transport.tls import TlsContexts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from waexporter.commands.console import Write
    from waexporter.health.problem_kind import ProblemKind
    from waexporter.model import Config, Document, PagerSettings, Target, Verdict
    from waexporter.paging.routing import Carrier
    from waexporter.whatsapp.client import Client

_MAX_CONCURRENT = 32
_WAIT = 0.5  # seconds until Ctrl-C is noticed

NO_PAGER = (
    "no pager is configured, so nobody can be paged: add a block pager to the configuration file "
    '(at least "pager: {state_dir: /var/lib/waexporter}"), and name the file by --config or '
    "WAEXPORTER_CONFIG"
)


class TargetReport(NamedTuple):
    """The verdict of a target and whom it would page."""

    target: Target
    verdict: Verdict
    settings: Document | Failure | None  # None: they are not polled
    group: str | None  # its own on-call group
    group_source: str  # where that is configured
    problem_kinds: Mapping[str, ProblemKind]  # of its kind of client

    def carrier(self, settings: PagerSettings) -> Carrier:
        """Return the target as a carrier of pages."""
        return carrier_of(settings, self.target.name, self.verdict, self.group)


class Survey(NamedTuple):
    """The reports of all targets that may carry pages, and the clients that made them."""

    targets: PagerTargets
    reports: tuple[TargetReport, ...]


def require_pager(config: Config) -> PagerSettings:
    """Return the pager's settings; raise CommandError without any."""
    if config.pager is None:
        raise CommandError(NO_PAGER)
    return config.pager


def find_target(config: Config, name: str | None) -> Target:
    """Return the target of this name, or without a name the first that may carry pages.

    If pager.via names other shards' targets alone, it is the first target.
    """
    targets = {target.name: target for target in config.targets}
    if name is not None:
        if name not in targets:
            raise CommandError(unknown_target(config, name))
        return targets[name]
    if not targets:
        raise CommandError("no target is known")
    via = config.pager.via if config.pager is not None else ()
    return next((targets[each] for each in via if each in targets), config.targets[0])


@contextmanager
def survey(config: Config, remembered: Mapping[str, str], write: Write) -> Iterator[Survey]:
    """Poll health and settings of every target that may carry pages, once; log out at the end.

    `remembered` maps targets to the groups that a daemon has read, for settings that can't be read now.
    """
    via = require_pager(config).via
    targets = [target for target in config.targets if not via or target.name in via]
    if config.shard is not None:
        write(f"shard {config.shard}: targets of other shards are not asked ({len(config.elsewhere)})")
    if len(targets) > 1:
        write(f"asking {len(targets)} targets ...")
    # Nothing may become stale here: slow settings come after the health answer.
    store = Store([replace(target, stale_after=math.inf) for target in targets], now)
    contexts = TlsContexts()
    clients = {target.name: CLIENTS[target.kind](target, config.limits, contexts) for target in targets}
    pool = ThreadPoolExecutor(max(min(_MAX_CONCURRENT, len(targets)), 1), thread_name_prefix="survey")
    is_interrupted = False
    try:
        polls = [pool.submit(_poll, clients[target.name], config, store) for target in targets]
        # Ctrl-C does not end a wait that begins at the same moment, so no wait is long.
        while wait(polls, timeout=_WAIT).not_done:
            pass
        settings = [poll.result() for poll in polls]
        reports = tuple(
            _report(target, store, read, remembered) for target, read in zip(targets, settings, strict=True)
        )
        yield Survey(PagerTargets(store, clients, contexts), reports)
    except KeyboardInterrupt:
        # Ctrl-C does not wait for replies; a token that is not logged out expires by itself.
        is_interrupted = True
        raise
    finally:
        if not is_interrupted:
            list(pool.map(lambda client: client.close(), clients.values()))
        pool.shutdown(wait=not is_interrupted, cancel_futures=is_interrupted)


def _poll(client: Client, config: Config, store: Store) -> Document | Failure | None:
    settings: Document | Failure | None = None
    settings_endpoint = store.state(client.target.name).tables.settings_endpoint
    for endpoint in (Endpoint.HEALTH, settings_endpoint):
        if endpoint is not None and endpoint in client.target.plans:
            reading = Poller(client, endpoint, config.limits, now).poll()
            store.put(reading)
            if endpoint is settings_endpoint:
                outcome = reading.outcome
                settings = outcome if isinstance(outcome, Failure) else outcome.document
    return settings


def _report(
    target: Target, store: Store, settings: Document | Failure | None, remembered: Mapping[str, str]
) -> TargetReport:
    group, source = store.on_call_group(target.name), "the client's setting on_call_pager"
    if target.on_call_group:
        source = "on_call_group of the target"
    elif group is None and (group := remembered.get(target.name)):
        source = "on_call_pager as the daemon last read it"
    state = store.state(target.name)
    return TargetReport(target, state.verdict, settings, group, source, state.tables.rules.problems)
