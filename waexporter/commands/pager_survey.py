"""A look at some targets outside the daemon: each polled once, as far as paging is concerned."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from waexporter.daemon.paging import PagerTargets
from waexporter.errors import CommandError
from waexporter.model import ClientSettings, Endpoint, Failure, now
from waexporter.paging.routing import carrier_of
from waexporter.polling.poller import Poller
from waexporter.polling.store import Store
from waexporter.transport.tls import TlsContexts
from waexporter.whatsapp.client import Client

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from waexporter.model import Config, PagerSettings, Target, Verdict
    from waexporter.paging.routing import Carrier

_AT_ONCE = 32
_ASKED = (Endpoint.HEALTH, Endpoint.SETTINGS)

NO_PAGER = (
    "no pager is configured, so nobody can be paged: add a block pager to the configuration file "
    '(at least "pager: {state_dir: /var/lib/waexporter}"), and name the file by --config or '
    "WAEXPORTER_CONFIG"
)


class Look(NamedTuple):
    """What was seen of a target."""

    target: Target
    verdict: Verdict
    settings: ClientSettings | Failure | None  # None: they are not polled
    group: str | None  # its own on-call group
    group_source: str  # where that is configured

    def carrier(self, settings: PagerSettings) -> Carrier:
        """Give the target as one that may carry pages."""
        return carrier_of(settings, self.target.name, self.verdict, self.group)


class Survey(NamedTuple):
    """The targets that were looked at, and who talks to them."""

    fleet: PagerTargets
    looks: tuple[Look, ...]


def pager_of(config: Config) -> PagerSettings:
    """Give the pager's settings; CommandError says what to do where there are none."""
    if config.pager is None:
        raise CommandError(NO_PAGER)
    return config.pager


def target_of(config: Config, name: str | None) -> Target:
    """Give the target of a name; without one the first that may carry pages."""
    via = config.pager.via if config.pager is not None else ()
    wanted = name or (via[0] if via else config.targets[0].name)
    for target in config.targets:
        if target.name == wanted:
            return target
    names = ", ".join(target.name for target in config.targets[:10])
    message = f"no target is called {wanted!r}; there are: {names}"
    raise CommandError(message)


@contextmanager
def survey(config: Config, remembered: Mapping[str, str], say: Callable[[str], None]) -> Iterator[Survey]:
    """Poll health and settings of every target that may carry pages, once; log out at the end.

    `remembered` has groups by target that a daemon has seen, for settings that can't be read now.
    """
    via = pager_of(config).via
    targets = [target for target in config.targets if not via or target.name in via]
    if len(targets) > 1:
        say(f"asking {len(targets)} targets ...")
    # One look has no age: slow settings must not make the health answer before them stale.
    store = Store([replace(target, stale_after=math.inf) for target in targets], now)
    contexts = TlsContexts()
    clients = {target.name: Client(target, config.limits, contexts) for target in targets}
    pool = ThreadPoolExecutor(min(_AT_ONCE, len(targets)), thread_name_prefix="survey")
    is_hurried = False
    try:
        settings = list(pool.map(lambda target: _poll(clients[target.name], config, store), targets))
        looks = tuple(
            _look(target, store, said, remembered) for target, said in zip(targets, settings, strict=True)
        )
        yield Survey(PagerTargets(store, clients, contexts), looks)
    except KeyboardInterrupt:
        # Whoever stops it does not wait for answers; a token that is left behind ends by itself.
        is_hurried = True
        raise
    finally:
        if not is_hurried:
            list(pool.map(lambda client: client.close(), clients.values()))
        pool.shutdown(wait=not is_hurried, cancel_futures=is_hurried)


def _poll(client: Client, config: Config, store: Store) -> ClientSettings | Failure | None:
    said: ClientSettings | Failure | None = None
    for endpoint in _ASKED:
        if endpoint in client.target.plans:
            reading = Poller(client, endpoint, config.limits, now).poll()
            store.put(reading)
            if endpoint is Endpoint.SETTINGS:
                outcome = reading.outcome
                document = outcome if isinstance(outcome, Failure) else outcome.document
                said = document if isinstance(document, ClientSettings | Failure) else None
    return said


def _look(
    target: Target, store: Store, settings: ClientSettings | Failure | None, remembered: Mapping[str, str]
) -> Look:
    group, source = store.on_call_group(target.name), "the client's setting on_call_pager"
    if target.on_call_group:
        source = "on_call_group of the target"
    elif group is None and (group := remembered.get(target.name)):
        source = "on_call_pager as the daemon last read it"
    return Look(target, store.state(target.name).verdict, settings, group, source)
