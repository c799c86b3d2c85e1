"""Turns to work on requests: so many at a time, and the clients take turns."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable


class FairTurns:
    """Grants each client one turn after the other, so that one with many requests waits for itself.

    Preferred clients come before all others. Used only in the loop's thread.
    """

    def __init__(self, at_a_time: int, is_preferred: Callable[[str], bool] = lambda _: False) -> None:
        self._free = at_a_time
        self._is_preferred = is_preferred
        self._waiting: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()  # the next client first

    @asynccontextmanager
    async def turn(self, client: str) -> AsyncIterator[None]:
        """Wait for a turn, which lasts until the end of the `async with` block."""
        if self._free:
            self._free -= 1
        else:
            await self._wait(client)
        try:
            yield
        finally:
            self._pass_on()

    async def _wait(self, client: str) -> None:
        granted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(client, deque()).append(granted)
        try:
            await granted
        except asyncio.CancelledError:
            if granted.done() and not granted.cancelled():
                self._pass_on()
            raise

    def _pass_on(self) -> None:
        """Grant a turn that has ended to the next one who still waits."""
        while self._waiting:
            client = next(filter(self._is_preferred, self._waiting), next(iter(self._waiting)))
            own = self._waiting.pop(client)
            granted = own.popleft()
            if own:
                self._waiting[client] = own  # behind all others
            if not granted.done():
                granted.set_result(None)
                return
        self._free += 1
