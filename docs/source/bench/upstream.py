"""A process that answers like a thousand clients, as cheaply as possible: it is not what is measured."""

from __future__ import annotations

import asyncio
import sys

from docs.source.bench.bodies import answers

_NOT_FOUND = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"


class _Connection(asyncio.Protocol):
    def __init__(self, replies: dict[bytes, bytes]) -> None:
        self._replies = replies
        self._waiting = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._waiting += data
        while b"\r\n\r\n" in self._waiting:
            head, _, self._waiting = self._waiting.partition(b"\r\n\r\n")
            path = head.split(b" ", 2)[1]
            self._transport.write(self._replies.get(path, _NOT_FOUND))  # type: ignore[attr-defined]


async def _serve() -> None:
    replies = {
        path.encode(): b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
        % (len(body), body)
        for path, body in answers().items()
    }
    server = await asyncio.get_running_loop().create_server(
        lambda: _Connection(replies), "127.0.0.1", 0, backlog=4096
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    sys.exit(asyncio.run(_serve()))
