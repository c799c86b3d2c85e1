"""A transport that reads on for a while after the last response."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


class LingeringTransport(asyncio.Transport):
    """Closes a connection so that its client can read the last response.

    A client that is still sending when its connection is closed gets a reset, and loses what it has not read:
    the response that says what was wrong. So only the server's direction is closed, if a request has not come
    whole, and the rest is read and dropped. The owner ends that after some time by `abort`.
    """

    def __init__(self, transport: asyncio.Transport, is_sending: Callable[[], bool]) -> None:
        super().__init__()
        self._transport = transport
        self._is_sending = is_sending  # whether the client is in the middle of a request
        self.is_lingering = False

    def close(self) -> None:
        """Close both directions, or for now only one."""
        if self._transport.is_closing() or not self._is_sending():
            self._transport.close()
            return
        if not self.is_lingering:
            self.is_lingering = True
            if self._transport.can_write_eof():
                self._transport.write_eof()
            self._transport.resume_reading()

    def is_closing(self) -> bool:
        """Return whether nothing more is to be sent."""
        return self.is_lingering or self._transport.is_closing()

    def abort(self) -> None:
        """Close both directions at once."""
        self._transport.abort()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send, unless the connection has ended, of which asyncio may not have told the protocol yet."""
        if not self._transport.is_closing():
            self._transport.write(data)

    def pause_reading(self) -> None:
        """Read nothing for now."""
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Read again."""
        self._transport.resume_reading()

    def get_extra_info(self, name: str, default: Any = None) -> Any:  # noqa: ANN401 - as asyncio has it
        """Return what is known of the connection."""
        return self._transport.get_extra_info(name, default)
