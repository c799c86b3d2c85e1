"""Look-ups of host names with a timeout, which getaddrinfo itself does not have."""

from __future__ import annotations

import ipaddress
import socket
import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    # family, type, protocol, canonical name, and the address in the form of its family
    Address = tuple[socket.AddressFamily, socket.SocketKind, int, str, tuple[str | int | bytes, ...]]
    LookUp = Callable[[str, int], Sequence[Address]]


class UnresolvedError(TimeoutError):
    """The resolver did not answer in time."""


def _look_up(host: str, port: int) -> Sequence[Address]:
    try:
        return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError as error:  # a label is empty or too long
        raise socket.gaierror(socket.EAI_NONAME, "it is no name of a host") from error


class Resolver:
    """A resolver with one thread per name, shared by all callers that wait for it; safe to share by threads.

    A thread that waits for the operating system can't be stopped. So each name is looked up in a separate
    daemon thread: a request waits for it only until its deadline, and the end of the process never does.
    """

    def __init__(self, look_up: LookUp = _look_up) -> None:
        self._look_up = look_up
        self._running: dict[tuple[str, int], Future[Sequence[Address]]] = {}
        self._lock = threading.Lock()  # guards the above

    def resolve(self, host: str, port: int, timeout: float) -> Sequence[Address]:
        """Return the addresses of a host; raise socket.gaierror, or UnresolvedError after `timeout`."""
        if _is_address(host):
            return self._look_up(host, port)  # needs no name server
        found = self._start(host, port)
        try:
            return found.result(timeout)
        except TimeoutError as error:
            raise UnresolvedError("the host's name was not resolved in time") from error

    def _start(self, host: str, port: int) -> Future[Sequence[Address]]:
        """Return the future of a running look-up of this name; start one if there is none."""
        key = host, port
        with self._lock:
            known = self._running.get(key)
            if known is not None:
                return known
            found = self._running[key] = Future()
        try:
            threading.Thread(target=self._run, args=(key, found), name="resolver", daemon=True).start()
        except RuntimeError as error:  # no more threads can be started
            self._end(key)
            found.set_exception(OSError(f"the host's name can't be looked up: {error}"))
        return found

    def _run(self, key: tuple[str, int], found: Future[Sequence[Address]]) -> None:
        try:
            addresses = self._look_up(*key)
        except Exception as error:  # noqa: BLE001 - the callers get every error
            self._end(key)
            found.set_exception(error)
        else:
            self._end(key)
            found.set_result(addresses)

    def _end(self, key: tuple[str, int]) -> None:
        # Called before the result is set, so that a later caller starts another look-up.
        with self._lock:
            del self._running[key]


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


SHARED_RESOLVER = Resolver()  # of the process: targets with the same host share one look-up
