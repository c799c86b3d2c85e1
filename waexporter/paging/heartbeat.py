"""The outbound dead man's switch: whoever expects the heartbeat pages when it stays away."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Protocol

from waexporter.errors import ApiError

if TYPE_CHECKING:
    from collections.abc import Sequence

_TIMEOUT = 10.0  # seconds


class Receiver(Protocol):
    """Who expects the heartbeat."""

    def get(self, timeout: float) -> int:
        """Say that all is well; gives the status, or raises an ApiError."""
        ...

    def post(self, body: bytes, timeout: float, suffix: str = "") -> int:
        """Say something else, at the address with a suffix; gives and raises as `get` does."""
        ...


def ping(receiver: Receiver, troubles: Sequence[str]) -> str:
    """Tell that people can be paged, or why not; gives why the receiver did not take it, empty if it did."""
    try:
        if troubles:
            status = receiver.post("\n".join(troubles).encode(), _TIMEOUT, suffix="/fail")
        else:
            status = receiver.get(_TIMEOUT)
    except ApiError as error:
        return str(error)
    return "" if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES else f"answered {status}"
