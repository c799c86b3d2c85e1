"""Names looked up within a deadline, which getaddrinfo itself does not know."""

from __future__ import annotations

import ipaddress
import socket
import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    # family, kind, protocol, canonical name, and what its family takes for an address
    Address = tuple[socket.AddressFamily, socket.SocketKind, int, str, tuple[str | int | bytes, ...]]
    LookUp = Callable[[str, int], Sequence[Address]]


class UnresolvedError(TimeoutError):
    """The resolver did not answer in time."""


def _look_up(host: str, port: int) -> Sequence[Address]:
    try:
        return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError as error:  # a label of none or of too many letters
        raise socket.gaierror(socket.EAI_NONAME, "it is no name of a host") from error


class Resolver:
    """Looks up names, each in one thread at a time however many ask; safe to share by threads.

    A thread that the operating system keeps waiting can't be ended, so there is one for each name that is
    being looked up, which no request waits for longer than it may, and no end of the process at all.
    """

    def __init__(self, look_up: LookUp = _look_up) -> None:
        self._look_up = look_up
        self._under_way: dict[tuple[str, int], Future[Sequence[Address]]] = {}
        self._lock = threading.Lock()  # guards the above

    def resolve(self, host: str, port: int, timeout: float) -> Sequence[Address]:
        """Return the addresses of a host; raises socket.gaierror, and UnresolvedError when time is over."""
        if _is_address(host):
            return self._look_up(host, port)  # asks nobody
        found = self._join(host, port)
        try:
            return found.result(timeout)
        except TimeoutError as error:
            raise UnresolvedError("the host's name was not resolved in time") from error

    def _join(self, host: str, port: int) -> Future[Sequence[Address]]:
        """Return what comes of looking a name up, whoever began to."""
        place = host, port
        with self._lock:
            known = self._under_way.get(place)
            if known is not None:
                return known
            found = self._under_way[place] = Future()
        try:
            threading.Thread(target=self._find, args=(place, found), name="resolver", daemon=True).start()
        except RuntimeError as error:  # this machine gives no more threads
            self._end(place)
            found.set_exception(OSError(f"the host's name can't be looked up: {error}"))
        return found

    def _find(self, place: tuple[str, int], found: Future[Sequence[Address]]) -> None:
        try:
            addresses = self._look_up(*place)
        except Exception as error:  # noqa: BLE001 - whatever it is belongs to those who asked
            self._end(place)
            found.set_exception(error)
        else:
            self._end(place)
            found.set_result(addresses)

    def _end(self, place: tuple[str, int]) -> None:
        # Before the result is set: who asks after this asks anew.
        with self._lock:
            del self._under_way[place]


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


SHARED = Resolver()  # a name that several targets have is looked up once at a time
