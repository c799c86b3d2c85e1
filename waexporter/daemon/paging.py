"""The pager of a running daemon, with the targets that carry its pages, and its other addresses."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, NamedTuple

from waexporter.log import get_logger
from waexporter.model import Limits
from waexporter.paging.attempt import Outlets
from waexporter.paging.channels.fallback_channels import open_fallback
from waexporter.paging.channels.target_channels import target_channel_factory
from waexporter.paging.context import PagerContext
from waexporter.paging.pager import Pager
from waexporter.paging.routing import carrier_of
from waexporter.paging.telemetry import PagerTelemetry
from waexporter.paging.upkeep import TICK
from waexporter.polling.schedule import Task
from waexporter.transport.address import HttpAddress

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from waexporter.metrics.telemetry import Telemetry
    from waexporter.model import Instant, PagerSettings, Shard, Verdict
    from waexporter.paging.channels import Channel
    from waexporter.paging.routing import Carrier
    from waexporter.polling.store import Store
    from waexporter.transport.tls import TlsContexts
    from waexporter.whatsapp.client import Client

_log = get_logger("pager")


class PagerTargets(NamedTuple):
    """The states of the targets and their clients; a reload changes both."""

    store: Store
    clients: Mapping[str, Client]
    contexts: TlsContexts
    other_shard: Callable[[str], Shard | None] = lambda _: None  # returns that of a target polled elsewhere


class PagerParts(NamedTuple):
    """Everything that a pager needs in addition to the targets; building it may fail."""

    settings: PagerSettings
    fallback: tuple[Channel, ...]
    heartbeat: HttpAddress | None
    alertmanager: HttpAddress | None


class DaemonPager:
    """A pager, the targets that carry its pages, and its tasks."""

    def __init__(
        self,
        settings: PagerSettings,
        targets: PagerTargets,
        telemetry: Telemetry,
        clock: Callable[[], Instant],
    ) -> None:
        """Build the pager of a daemon; raise CommandError if a fallback can't be used."""

        def on_crash(crash: Exception) -> None:
            telemetry.crashes.inc()
            _log.error("the pager crashed; this is a bug of waexporter", exc_info=crash)

        self._targets = targets
        parts = self.prepare(settings)
        context = PagerContext(PagerTelemetry(telemetry.registry), clock, random.random, on_crash)
        self.pager = Pager(
            settings,
            self._outlets(parts),
            context,
            lambda: _verdicts(targets.store),
            parts.heartbeat,
        )

    def tasks(self) -> list[Task]:
        """Return the tasks that the schedule runs for the pager."""
        return [Task("pager", self.pager.upkeep.tick, TICK, TICK, is_poll=False), self._heartbeat()]

    def prepare(self, settings: PagerSettings) -> PagerParts:
        """Build the parts for new settings; raise CommandError, with what to do, if one can't be built."""
        contexts = self._targets.contexts
        heartbeat = HttpAddress(settings.heartbeat_url, contexts) if settings.heartbeat_url else None
        address = settings.alertmanager_url
        alertmanager = HttpAddress(address, contexts, Limits()) if address else None
        return PagerParts(settings, open_fallback(settings, contexts), heartbeat, alertmanager)

    def reconfigure(self, parts: PagerParts) -> list[Task]:
        """Apply new settings; return the tasks whose schedule changed."""
        before = self.pager.settings.heartbeat_interval
        self.pager.reconfigure(parts.settings, self._outlets(parts), parts.heartbeat)
        return [self._heartbeat()] if parts.settings.heartbeat_interval != before else []

    def _heartbeat(self) -> Task:
        interval = self.pager.settings.heartbeat_interval
        return Task("pager heartbeat", self.pager.upkeep.send_heartbeat, interval, interval, is_poll=False)

    def _outlets(self, parts: PagerParts) -> Outlets:
        settings, store = parts.settings, self._targets.store

        def carriers() -> tuple[Carrier, ...]:
            return tuple(
                carrier_of(settings, state.target.name, state.verdict, known_group(state.target.name))
                for state in store.states()
            )

        def known_group(name: str) -> str | None:
            return store.on_call_group(name) or self.pager.remembered_group(name)

        whatsapp = target_channel_factory(self._targets.clients)
        other_shard = self._targets.other_shard
        return Outlets(carriers, whatsapp, parts.fallback, parts.alertmanager, other_shard)


def _verdicts(store: Store) -> tuple[tuple[str, Verdict], ...]:
    return tuple((state.target.name, state.verdict) for state in store.snapshot().states)
