"""The table of all types of channels: a new one is a module in this package and a row here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from waexporter.model import ClientKind
from waexporter.paging.channels.apprise import AppriseChannel
from waexporter.paging.channels.webhook import WebhookChannel, find_webhook_remedy
from waexporter.paging.channels.whatsapp import (
    WhatsAppChannel,
    find_whatsapp_remedy,
    whatsapp_channel_factory,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from waexporter.model import Fallback, Secret
    from waexporter.paging.channels import Channel
    from waexporter.paging.channels.recipients import Recipient
    from waexporter.paging.channels.webhook import HttpPoster
    from waexporter.paging.channels.whatsapp import WhatsAppClient


class FallbackOpener(NamedTuple):
    """How a type of channel serves entries of `pager.fallback`."""

    accepts: Callable[[Fallback], bool]
    open: Callable[[Fallback, Callable[[Secret], HttpPoster]], Channel]


class TargetOpener(NamedTuple):
    """How a type of channel sends through the targets of one kind of client."""

    kind: ClientKind
    # Returns a function that opens a channel through a client, and remembers what it learns of recipients.
    factory: Callable[[], Callable[[WhatsAppClient, Recipient], Channel]]


class ChannelType(NamedTuple):
    """One type of channel."""

    name: str  # the label `channel`
    find_remedy: Callable[[str], str]  # what to do about a failure, by its sentence; empty: unknown
    # Exactly one of these is given:
    fallback: FallbackOpener | None = None
    target: TargetOpener | None = None


CHANNEL_TYPES: Final = (
    ChannelType(
        WhatsAppChannel.kind,
        find_whatsapp_remedy,
        target=TargetOpener(ClientKind.ON_PREMISES, whatsapp_channel_factory),
    ),
    ChannelType(
        WebhookChannel.kind,
        find_webhook_remedy,
        FallbackOpener(
            accepts=lambda fallback: fallback.is_webhook,
            open=lambda fallback, poster: WebhookChannel(poster(fallback.url), fallback),
        ),
    ),
    ChannelType(
        AppriseChannel.kind,
        find_remedy=lambda _why: "",  # any failure is one of the address or its receiver
        fallback=FallbackOpener(
            accepts=lambda fallback: not fallback.is_webhook,
            open=lambda fallback, _poster: AppriseChannel(fallback.url),
        ),
    ),
)
CHANNELS: Final = tuple(each.name for each in CHANNEL_TYPES)
