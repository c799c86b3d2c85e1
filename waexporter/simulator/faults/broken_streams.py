"""Broken streams: responses that are late, endless, truncated or absent."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from waexporter.simulator.faults.faults import Fault

_CHUNK = b"a" * 65_536
_CHUNKS = 17 * 16  # 17 MiB
_PROMISED = 4096
_BODY = b'{"health": {"gateway_status": "connected"}}'


async def linger(receive: Receive, seconds: float) -> bool:
    """Wait, but no longer than the caller; return whether the caller is still connected."""
    try:
        async with asyncio.timeout(seconds):
            await _until_gone(receive)
    except TimeoutError:
        return True
    return False


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _wire(scope: Scope) -> asyncio.Transport:
    """Return the transport of the connection, which the server keeps in the scope."""
    wire: asyncio.Transport = scope["state"]["wire"]
    return wire


def _head(length: int) -> bytes:
    lines = (
        "HTTP/1.1 200 OK",
        "content-type: application/json",
        f"content-length: {length}",
        "connection: close",
    )
    return "".join(f"{line}\r\n" for line in (*lines, "")).encode()


async def _hang(_fault: Fault, _scope: Scope, receive: Receive, _send: Send) -> None:
    await _until_gone(receive)


async def _cut_off(_fault: Fault, scope: Scope, receive: Receive, _send: Send) -> None:
    _wire(scope).abort()
    await _until_gone(receive)


async def _truncate(_fault: Fault, scope: Scope, receive: Receive, _send: Send) -> None:
    _wire(scope).write(_head(_PROMISED) + _BODY)
    _wire(scope).close()
    await _until_gone(receive)


async def _drip(fault: Fault, scope: Scope, receive: Receive, _send: Send) -> None:
    for byte in _head(len(_BODY)) + _BODY:
        _wire(scope).write(bytes((byte,)))
        if not await linger(receive, fault.duration):
            return
    _wire(scope).close()
    await _until_gone(receive)


async def lose_answer(application: ASGIApp, scope: Scope, receive: Receive) -> None:
    """Process a request and drop its response."""

    async def swallow(_message: Message) -> None:
        pass

    await application(scope, receive, swallow)
    _wire(scope).abort()


async def _flood(_fault: Fault, _scope: Scope, _receive: Receive, send: Send) -> None:
    """Send a huge but valid JSON document."""
    headers = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b'{"health": {"gateway_status": "', "more_body": True})
    for _ in range(_CHUNKS):
        await send({"type": "http.response.body", "body": _CHUNK, "more_body": True})
    await send({"type": "http.response.body", "body": b'"}}'})


STREAMS: Mapping[str, Callable[[Fault, Scope, Receive, Send], Awaitable[None]]] = {
    "hang": _hang,
    "web_down": _cut_off,
    "truncated": _truncate,
    "drip": _drip,
    "huge": _flood,
}
