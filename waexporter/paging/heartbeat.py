"""The heartbeat to an outside service, which pages people when it stops."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from waexporter.errors import ApiError
from waexporter.paging.channels.webhook_replies import find_refusal, is_web_page

if TYPE_CHECKING:
    from collections.abc import Sequence

    from waexporter.transport.exchange import Reply

_TIMEOUT = 10.0  # seconds
_NOT_ACCEPTED = frozenset({b"ok (not found)", b"ok (rate limited)"})  # of Healthchecks, with 200


class HeartbeatReceiver(Protocol):
    """The service that expects the heartbeat."""

    def get(self, timeout: float) -> Reply:
        """Report that all is well; return the reply, or raise an ApiError."""
        ...

    def post(self, body: bytes, timeout: float, suffix: str = "") -> Reply:
        """Report `body` to the address with a suffix; return and raise as `get` does."""
        ...


def send_heartbeat(receiver: HeartbeatReceiver, problems: Sequence[str]) -> str:
    """Send the heartbeat, or a failure with the problems; return why it was not accepted ('' if it was)."""
    try:
        if problems:
            reply = receiver.post("\n".join(problems).encode(), _TIMEOUT, suffix="/fail")
        else:
            reply = receiver.get(_TIMEOUT)
    except ApiError as error:
        return str(error)
    return _why_not_accepted(reply)


def _why_not_accepted(reply: Reply) -> str:
    """Return why the heartbeat was not accepted.

    The reply is not quoted, because it may repeat the address, which is a secret.
    """
    answered = f"answered {reply.status}"
    if not reply.is_success:
        return answered
    if is_web_page(reply.body):
        return f"{answered} with a web page: does the address lead to a heartbeat, without signing in?"
    if reply.body.strip().lower() in _NOT_ACCEPTED or find_refusal(reply.body):
        return f"{answered}, but says that the heartbeat was not taken: is its check still there?"
    return ""
