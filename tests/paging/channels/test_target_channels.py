"""The channel through a target is that of its kind of client."""

from __future__ import annotations

from tests.paging.fakes import GROUP
from waexporter.model import ClientKind
from waexporter.paging.channels.channel_types import CHANNEL_TYPES
from waexporter.paging.channels.recipients import Recipient
from waexporter.paging.channels.target_channels import target_channel_factory
from waexporter.paging.channels.whatsapp import WHATSAPP
from waexporter.paging.messages.message import Message

MESSAGE = Message("the end is near")


def test_every_kind_of_client_carries_pages_by_one_type_of_channel() -> None:
    kinds = [each.target.kind for each in CHANNEL_TYPES if each.target is not None]

    assert sorted(kinds) == sorted(ClientKind)


def test_every_type_of_channel_sends_through_a_target_or_to_a_fallback() -> None:
    assert all((each.target is None) != (each.fallback is None) for each in CHANNEL_TYPES)


def test_through_a_removed_target_nothing_is_sent() -> None:
    channel = target_channel_factory({})("gone", Recipient(GROUP))

    outcome = channel.send(MESSAGE)

    assert (channel.kind, channel.where) == (WHATSAPP, GROUP)
    assert (outcome.is_accepted, outcome.is_permanent, outcome.may_have_arrived) == (False, False, False)
    assert (outcome.code, outcome.why) == ("unreachable", "the target is not configured any more")
