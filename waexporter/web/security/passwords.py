"""Passwords of users, compared with bcrypt hashes: one at a time, and each right one only once."""

from __future__ import annotations

import asyncio
import hmac
import secrets
from collections import OrderedDict, deque
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

_MAX_WAITING = 64  # passwords of all clients together; each takes about 0.1 s
_MAX_WAITING_OF_ONE = 4  # of one address
_MAX_REMEMBERED = 100
_BCRYPT_BYTES = 72  # bcrypt ignores what follows, and its library refuses it
# Of no password; compared with for an unknown user, so that it takes as long as for a known one.
_OTHER_HASH: Final = b"WaExporterKnowsNoUser." + b"." * 31
_DEFAULT_COST: Final = 10


class _Waiting(NamedTuple):
    password: bytes
    hashed: bytes
    answer: asyncio.Future[bool]


class PasswordCheck:
    """Checks passwords; used only in the loop's thread.

    A hash takes a tenth of a second of one processor, on purpose. So the clients take turns by address: who
    sends many wrong passwords waits for itself, and a client whose password was right once never waits.
    """

    def __init__(self, users: Mapping[str, str]) -> None:
        """Build a check of users and their bcrypt hashes."""
        self._users = {name: hashed.encode() for name, hashed in users.items()}
        self._no_user = _hash_of_nobody(self._users.values())
        self._key = secrets.token_bytes(32)  # so that what is remembered is of no use to who reads the memory
        self._remembered: OrderedDict[bytes, None] = OrderedDict()
        self._waiting: OrderedDict[str, deque[_Waiting]] = OrderedDict()  # by address, the next one first
        self._worker: asyncio.Task[None] | None = None
        self._thread: ThreadPoolExecutor | None = None

    async def is_right(self, name: str, password: str, address: str) -> bool | None:
        """Return whether it is the password of the user; None if too many others wait to be checked."""
        hashed = self._users.get(name, self._no_user)
        secret = password.encode("utf-8", "surrogatepass")
        mark = hmac.digest(self._key, b"%d %s%s%s" % (len(name), name.encode(), hashed, secret), "sha256")
        if mark in self._remembered:
            self._remembered.move_to_end(mark)
            return True
        own = self._waiting.get(address, ())
        if len(own) >= _MAX_WAITING_OF_ONE or sum(map(len, self._waiting.values())) >= _MAX_WAITING:
            return None
        answer: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(address, deque()).append(_Waiting(secret, hashed, answer))
        if self._worker is None or self._worker.done():
            self._worker = asyncio.get_running_loop().create_task(self._work())
        if not await answer or name not in self._users:
            return False
        self._remember(mark)
        return True

    async def _work(self) -> None:
        """Check what waits, until nothing does."""
        thread = self._thread = self._thread or ThreadPoolExecutor(1, thread_name_prefix="passwords")
        while self._waiting:
            address, own = self._waiting.popitem(last=False)
            waiting = own.popleft()
            if own:
                self._waiting[address] = own  # behind all others
            loop = asyncio.get_running_loop()
            result = await loop.run_in_executor(thread, _compare, waiting.password, waiting.hashed)
            if not waiting.answer.done():  # cancelled by the server, which stops
                waiting.answer.set_result(result)

    def _remember(self, mark: bytes) -> None:
        self._remembered[mark] = None
        if len(self._remembered) > _MAX_REMEMBERED:
            self._remembered.popitem(last=False)


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
