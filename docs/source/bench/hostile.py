"""A process of many hostile clients: `python -m docs.source.bench.hostile KIND PORT USER:PASSWORD`."""

from __future__ import annotations

import asyncio
import sys
from base64 import b64encode
from contextlib import suppress
from itertools import count
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

CROWD = 500  # connections of each kind, but senders of passwords
SENDERS = 64  # of wrong passwords, each from an address of its own
_PAUSE = 1.0  # seconds until a client whose connection was closed comes again
_DRIP = 0.1  # seconds between two bytes
_NUMBERS = count()


def authorization(pair: str) -> bytes:
    """Return the header of a name and a password."""
    return b"Authorization: Basic " + b64encode(pair.encode()) + b"\r\n"


async def send_wrong_passwords(port: int, number: int, _pair: str) -> None:
    """Send one wrong password after the other, each another one."""
    reader, writer = await _connect(port, f"127.0.1.{number + 1}")
    while True:
        pair = f"prometheus:wrong {next(_NUMBERS)}"
        writer.write(b"GET /metrics HTTP/1.1\r\nHost: x\r\n" + authorization(pair) + b"\r\n")
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        await reader.readexactly(length)


async def stay_idle(port: int, _number: int, _pair: str) -> None:
    """Connect, and do nothing until the server closes the connection."""
    reader, _ = await _connect(port, "127.0.0.2")
    await reader.read()


async def drip_a_request(port: int, _number: int, _pair: str) -> None:
    """Send the headers of a request byte by byte, without an end."""
    _, writer = await _connect(port, "127.0.0.2")
    writer.write(b"GET /metrics HTTP/1.1\r\nX: ")
    while not writer.is_closing():
        writer.write(b"a")
        await writer.drain()
        await asyncio.sleep(_DRIP)


async def read_slowly(port: int, _number: int, pair: str) -> None:
    """Ask for the page as a user, and read very little of it at a time."""
    reader, writer = await _connect(port, "127.0.0.2", limit=1024)
    writer.write(b"GET /metrics HTTP/1.1\r\nHost: x\r\n" + authorization(pair) + b"\r\n")
    while True:
        await reader.readexactly(1024)
        await asyncio.sleep(_PAUSE)


KINDS: dict[str, tuple[int, Callable[[int, int, str], Coroutine[None, None, None]]]] = {
    "wrong passwords of 64 senders": (SENDERS, send_wrong_passwords),
    "500 idle connections": (CROWD, stay_idle),
    "slow loris of 500 connections": (CROWD, drip_a_request),
    "500 readers of 1 KiB a second": (CROWD, read_slowly),
}


async def _connect(
    port: int, address: str, limit: int = 65_536
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", port, limit=limit, local_addr=(address, 0))


async def _come_again(
    act: Callable[[int, int, str], Coroutine[None, None, None]], port: int, number: int, pair: str
) -> None:
    while True:
        with suppress(OSError, EOFError):
            await act(port, number, pair)
        await asyncio.sleep(_PAUSE)


async def _attack(kind: str, port: int, pair: str) -> None:
    size, act = KINDS[kind]
    clients = [asyncio.ensure_future(_come_again(act, port, number, pair)) for number in range(size)]
    await asyncio.sleep(_PAUSE)
    print("all there", flush=True)
    await asyncio.gather(*clients)


if __name__ == "__main__":
    asyncio.run(_attack(sys.argv[1], int(sys.argv[2]), sys.argv[3]))
