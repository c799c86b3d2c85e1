"""Channels, which send messages to people: WhatsApp, webhooks, Apprise.

Each type of channel is a module in this package and a row in channel_types.py. This module defines what all
of them share: a channel sends one message and returns the outcome.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import PurePath
from traceback import extract_tb
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from waexporter.paging.messages.message import Message

TIMEOUT: Final = 10.0  # seconds for one message

OK: Final = "ok"  # the code of an accepted message
CRASHED: Final = "crashed"  # the code if a channel raised an exception


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of one attempt."""

    code: str  # ok, an error code of the API, an HTTP status, or a reason
    why: str = ""  # a sentence for a person, free of secrets; empty when accepted
    is_permanent: bool = False  # the channel would refuse the message again
    may_have_arrived: bool = False  # if it is sent again, people may read it twice
    retry_after: float | None = None  # seconds for which the channel asks not to be used
    note: str = field(default="", compare=False)  # what a person may want to know about an acceptance

    @property
    def is_accepted(self) -> bool:
        """Whether the message was accepted."""
        return self.code == OK


ACCEPTED: Final = Outcome(OK)


class Channel(Protocol):
    """A way to send a message."""

    kind: str  # the label `channel`
    where: str  # the recipient or the address, without secrets

    def send(self, message: Message) -> Outcome:
        """Send once; a failure is an outcome, not an exception."""
        ...


def try_to_send(channel: Channel, message: Message, on_crash: Callable[[Exception], None]) -> Outcome:
    """Send once; turn an exception of the channel into a failed outcome.

    `on_crash` is called with the exception: it is a bug of ours, or of Apprise.
    """
    try:
        return channel.send(message)
    except Exception as error:  # noqa: BLE001 - other channels are left
        on_crash(_without_words(error))
        # The words of an error may quote an address, and so a secret; its type and its place can't.
        frame = next(iter(reversed(extract_tb(error.__traceback__))), None)
        at = f" at {PurePath(frame.filename).name}:{frame.lineno}" if frame else ""
        why = f"the attempt ended by a bug ({type(error).__name__}{at})"
        return Outcome(CRASHED, why, may_have_arrived=True)


def _without_words(error: Exception) -> Exception:
    """Return an error with the same type's name and traceback, but without the words of the original."""
    return RuntimeError(type(error).__name__).with_traceback(error.__traceback__)
