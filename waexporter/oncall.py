"""The pager of a running daemon: which targets may carry pages, to whom, and what goes around them."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, NamedTuple

from waexporter.errors import StartError
from waexporter.log import get_logger
from waexporter.paging.attempt import Outlets
from waexporter.paging.channels import WhatsAppChannel, fallback_channels
from waexporter.paging.delivery import Surroundings
from waexporter.paging.pager import Pager
from waexporter.paging.routes import Carrier
from waexporter.whatsapp.elsewhere import Elsewhere

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from waexporter.metrics.telemetry import Telemetry
    from waexporter.model import Instant, PagerSettings, Verdict
    from waexporter.paging.channels import Channel, Recipient
    from waexporter.polling.store import Store
    from waexporter.whatsapp.client import Client, TlsContexts

_log = get_logger("pager")


class Fleet(NamedTuple):
    """The targets as they are reached: what is known of them, and who talks to them."""

    store: Store
    clients: Mapping[str, Client]
    contexts: TlsContexts


def build_pager(
    settings: PagerSettings, fleet: Fleet, telemetry: Telemetry, clock: Callable[[], Instant]
) -> Pager:
    """Build the pager of a daemon; raises StartError for a fallback that can't be used."""
    store = fleet.store

    def on_crash(crash: Exception) -> None:
        telemetry.crashes.inc()
        _log.error("the pager crashed; this is a bug of waexporter", exc_info=crash)

    def carriers() -> tuple[Carrier, ...]:
        return tuple(
            carrier_of(settings, name, store.state(name).verdict, known_group(name)) for name in fleet.clients
        )

    def known_group(name: str) -> str | None:
        return store.on_call_group(name) or pager.remembered_group(name)

    outlets = Outlets(carriers, whatsapp_of(fleet.clients), open_fallback(settings, fleet.contexts))
    surroundings = Surroundings(telemetry.for_pager(), clock, random.random, on_crash)
    heartbeat = Elsewhere(settings.heartbeat_url, fleet.contexts) if settings.heartbeat_url else None
    pager = Pager(settings, outlets, surroundings, lambda: _verdicts(store), heartbeat)
    return pager


def whatsapp_of(clients: Mapping[str, Client]) -> Callable[[str, Recipient], Channel]:
    """Give what makes the channel through a target."""
    return lambda name, recipient: WhatsAppChannel(clients[name], recipient)


def open_fallback(settings: PagerSettings, contexts: TlsContexts) -> tuple[Channel, ...]:
    """Make the channels of `pager.fallback`; raises StartError with what to do."""
    try:
        return fallback_channels(settings.fallback, lambda address: Elsewhere(address, contexts))
    except ImportError as error:
        raise StartError(
            "pager.fallback: an address that is not http(s):// needs Apprise: "
            "pip install 'waexporter[fallback]'"
        ) from error
    except ValueError as error:
        raise StartError(f"pager.fallback: {error}") from error


def carrier_of(settings: PagerSettings, name: str, verdict: Verdict, group: str | None) -> Carrier:
    """Say whom a target would send pages to; `group` is its own on-call group."""
    if settings.recipients:
        return Carrier(name, verdict.state, settings.recipients, "individual")
    chosen = settings.group or group
    return Carrier(name, verdict.state, (chosen,) if chosen else ())


def _verdicts(store: Store) -> tuple[tuple[str, Verdict], ...]:
    return tuple((state.target.name, state.verdict) for state in store.snapshot().states)
