"""Open the channels that send through targets: the type depends on the kind of the target's client."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from waexporter.errors import UnreachableError
from waexporter.paging.channels.channel_types import CHANNEL_TYPES
from waexporter.paging.channels.error_outcomes import error_outcome
from waexporter.paging.channels.whatsapp import WHATSAPP, WhatsAppClient

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from waexporter.model import Target
    from waexporter.paging.channels import Channel, Outcome
    from waexporter.paging.channels.channel_types import ChannelType
    from waexporter.paging.channels.recipients import Recipient
    from waexporter.paging.messages.message import Message


class TargetClient(WhatsAppClient, Protocol):
    """A client of a configured target."""

    target: Target


class _RemovedTarget:
    """Stands in for the channel of a target that was removed while a page was about to be sent through it."""

    def __init__(self, recipient: Recipient) -> None:
        self.kind, self.where = WHATSAPP, recipient.to

    def send(self, message: Message) -> Outcome:
        del message
        return error_outcome(UnreachableError("the target is not configured any more"))


def target_channel_factory(
    clients: Mapping[str, TargetClient], types: Iterable[ChannelType] = CHANNEL_TYPES
) -> Callable[[str, Recipient], Channel]:
    """Return a function that opens a channel through a target to a recipient; `clients` may change."""
    openers = {each.target.kind: each.target.factory() for each in types if each.target is not None}

    def open_channel(name: str, recipient: Recipient) -> Channel:
        client = clients.get(name)
        return _RemovedTarget(recipient) if client is None else openers[client.target.kind](client, recipient)

    return open_channel
