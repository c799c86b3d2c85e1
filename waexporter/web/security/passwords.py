"""Passwords of users, compared with bcrypt hashes: one at a time, and each right one only once."""

from __future__ import annotations

import asyncio
import hmac
import os
import secrets
import threading
from collections import Counter, OrderedDict
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING, Final, Generic, TypeAlias, TypeVar

from waexporter.web.bounds.fair_turns import FairTurns

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    Compare: TypeAlias = Callable[[bytes, bytes], bool]  # a password, a hash

_Item = TypeVar("_Item")

_MAX_WAITING = 64  # passwords of all clients together; each takes about 0.1 s
_MAX_WAITING_OF_ONE = 4  # of one client
_MAX_REMEMBERED = 100
_BCRYPT_BYTES = 72  # bcrypt ignores what follows, and its library refuses it
# Of no password; compared with for an unknown user, so that it takes as long as for a known one.
_OTHER_HASH: Final = b"WaExporterKnowsNoUser." + b"." * 31
_DEFAULT_COST: Final = 10
_LOWEST_PRIORITY: Final = 19


class PasswordCheck:
    """Checks passwords; used only in the loop's thread.

    A hash takes a tenth of a second of one processor, on purpose. So the clients take turns: who sends many
    wrong passwords waits for itself, a client that has once sent a right one comes first, and the same right
    password again is not compared at all.
    """

    def __init__(self, users: Mapping[str, str], compare: Compare | None = None) -> None:
        """Build a check of users and their bcrypt hashes."""
        self._users = {name: hashed.encode() for name, hashed in users.items()}
        self._no_user = _hash_of_nobody(self._users.values())
        self._key = secrets.token_bytes(32)  # so that what is remembered is of no use to who reads the memory
        self._remembered: _Recent[bytes] = _Recent()
        self._known: _Recent[str] = _Recent()  # clients whose password was right once
        self._compare = compare or _compare
        self._waiting: Counter[str] = Counter()  # passwords by client, also the one that is being compared
        self._turns = FairTurns(1, self._is_known)
        self._thread = ThreadPoolExecutor(1, "passwords", _yield_to_others)  # started by the first password

    def adopt(self, previous: PasswordCheck) -> None:
        """Go on with what another check has learnt; a password whose hash has changed is compared again."""
        self._key = previous._key
        self._remembered = previous._remembered
        self._known = previous._known

    async def is_right(self, name: str, password: str, client: str) -> bool | None:
        """Return whether it is the password of the user; None if too many others wait to be checked."""
        hashed = self._users.get(name, self._no_user)
        secret = password.encode("utf-8", "surrogatepass")
        mark = hmac.digest(self._key, b"%d %s%s%s" % (len(name), name.encode(), hashed, secret), "sha256")
        if self._remembered.has(mark):
            return True
        is_full = self._waiting.total() >= _MAX_WAITING and not self._is_known(client)
        if is_full or self._waiting[client] >= _MAX_WAITING_OF_ONE:
            return None
        if not await self._compare_in_turn(secret, hashed, client) or name not in self._users:
            return False
        self._remembered.add(mark)
        self._known.add(client)
        return True

    def _is_known(self, client: str) -> bool:
        return self._known.has(client)

    async def _compare_in_turn(self, password: bytes, hashed: bytes, client: str) -> bool:
        loop = asyncio.get_running_loop()
        self._waiting[client] += 1
        try:
            async with self._turns.turn(client):
                return await loop.run_in_executor(self._thread, self._compare, password, hashed)
        finally:
            self._waiting[client] -= 1
            if not self._waiting[client]:
                del self._waiting[client]


class _Recent(Generic[_Item]):
    """The last hundred of some things; used only in the loop's thread."""

    def __init__(self) -> None:
        self._items: OrderedDict[_Item, None] = OrderedDict()

    def has(self, item: _Item) -> bool:
        """Return whether it is one of them; then it is the last one."""
        if item in self._items:
            self._items.move_to_end(item)
            return True
        return False

    def add(self, item: _Item) -> None:
        """Add one, and forget the first of too many."""
        self._items[item] = None
        if len(self._items) > _MAX_REMEMBERED:
            self._items.popitem(last=False)


def _yield_to_others() -> None:
    """Set the lowest priority for this thread: pages and polls are more urgent than passwords."""
    with suppress(OSError, AttributeError):  # only Linux gives a thread a priority of its own
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _LOWEST_PRIORITY)


def _compare(password: bytes, hashed: bytes) -> bool:
    # Imported by the first password: its extension takes memory that a sidecar without users can save.
    check: Callable[[bytes, bytes], bool] = import_module("bcrypt").checkpw
    try:
        return check(password[:_BCRYPT_BYTES], hashed)
    except ValueError:
        return False


def _hash_of_nobody(hashes: Iterable[bytes]) -> bytes:
    """Return a hash that no password has, as costly as the costliest of the users'."""
    cost = max((int(hashed[4:6]) for hashed in hashes), default=_DEFAULT_COST)
    return b"$2b$%02d$%s" % (cost, _OTHER_HASH)
