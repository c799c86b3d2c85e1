"""The outbound dead man's switch: whoever expects the heartbeat pages when it stays away."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Protocol

from waexporter.errors import ApiError
from waexporter.paging.channels.webhook_replies import find_refusal, is_web_page

if TYPE_CHECKING:
    from collections.abc import Sequence

    from waexporter.transport.exchange import Reply

_TIMEOUT = 10.0  # seconds
_NOT_TAKEN = frozenset({b"ok (not found)", b"ok (rate limited)"})  # of Healthchecks, with 200


class HeartbeatReceiver(Protocol):
    """Who expects the heartbeat."""

    def get(self, timeout: float) -> Reply:
        """Say that all is well; return the answer, or raise an ApiError."""
        ...

    def post(self, body: bytes, timeout: float, suffix: str = "") -> Reply:
        """Say something else, at the address with a suffix; return and raise as `get` does."""
        ...


def ping(receiver: HeartbeatReceiver, problems: Sequence[str]) -> str:
    """Tell that people can be paged, or why not; gives why the receiver did not take it, empty if it did."""
    try:
        if problems:
            reply = receiver.post("\n".join(problems).encode(), _TIMEOUT, suffix="/fail")
        else:
            reply = receiver.get(_TIMEOUT)
    except ApiError as error:
        return str(error)
    return _judge(reply)


def _judge(reply: Reply) -> str:
    """Return why the heartbeat was not taken; the words of an answer may repeat the address, a secret."""
    answered = f"answered {reply.status}"
    if not HTTPStatus.OK <= reply.status < HTTPStatus.MULTIPLE_CHOICES:
        return answered
    if is_web_page(reply.body):
        return f"{answered} with a web page: does the address lead to a heartbeat, without signing in?"
    if reply.body.strip().lower() in _NOT_TAKEN or find_refusal(reply.body):
        return f"{answered}, but says that the heartbeat was not taken: is its check still there?"
    return ""
