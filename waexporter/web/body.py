"""The body of a request: read within limits of size and time, and unpacked within the same size."""

from __future__ import annotations

import asyncio
import zlib
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from waexporter.web.responses import IncomingRequest, Response, error_response

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Receive: TypeAlias = Callable[[], Awaitable[dict[str, Any]]]

TIME: Final = 15.0  # seconds in which a body must be here

_CLOSE = ("connection", "close")
_GZIP, _ZLIB, _BARE = 31, 15, -15  # what zlib calls the formats
_CODINGS = {"gzip": _GZIP, "x-gzip": _GZIP, "deflate": _ZLIB}
_MOST_MEMBERS = 16  # of one gzip file; each costs a copy of the rest
_ACCEPTED = ("accept-encoding", "gzip, deflate")


class GoneError(Exception):
    """The client left before its request was complete."""


async def read_body(request: IncomingRequest, largest: int, receive: Receive) -> bytes | Response:
    """Read a whole body as it is sent, or return the answer that refuses it.

    503 and not 408 for one that does not come: whoever delivers here tries again after a 5xx only.
    """
    if _coding(request) is None:
        words = "The body must be sent as it is, or packed once by gzip or deflate."
        return error_response(request, 415, words, _ACCEPTED, _CLOSE)
    length = request.header("content-length")
    if length.isdecimal() and int(length) > largest:
        return _too_large(request, largest)
    pieces: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(TIME):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise GoneError
                pieces.append(message.get("body", b""))
                size += len(pieces[-1])
                if size > largest:
                    return _too_large(request, largest)
                if not message.get("more_body", False):
                    return b"".join(pieces)
    except TimeoutError:
        return error_response(request, 503, f"The body did not come within {TIME:g} s.", _CLOSE)


def unpack(request: IncomingRequest, packed: bytes, largest: int) -> bytes | Response:
    """Undo the content encoding of a body, or return the answer that refuses it."""
    coding = _coding(request)
    if not coding:
        return packed
    try:
        body = _inflate(packed, _CODINGS[coding], largest)
    except zlib.error:
        return error_response(request, 400, f"The body is damaged, or not packed by {coding}.")
    return _too_large(request, largest) if len(body) > largest else body


def _coding(request: IncomingRequest) -> str | None:
    """Return how a body is packed, an empty text where it is not, and None where it can't be unpacked."""
    named = [name.strip().lower() for name in request.header("content-encoding").split(",")]
    codings = [name for name in named if name not in {"", "identity"}]
    if not codings:
        return ""
    return codings[0] if len(codings) == 1 and codings[0] in _CODINGS else None


def _inflate(packed: bytes, wrapping: int, largest: int) -> bytes:
    """Unpack no more than shows that it is too large; raises zlib.error."""
    if wrapping == _GZIP:
        return _gunzip(packed, largest)
    unpacker = zlib.decompressobj(_ZLIB if _is_wrapped(packed) else _BARE)
    body = unpacker.decompress(packed, largest + 1)
    if len(body) <= largest and (not unpacker.eof or unpacker.unused_data):
        raise zlib.error("it ends too early or too late")
    return body


def _gunzip(packed: bytes, largest: int) -> bytes:
    """Unpack one member after another (RFC 1952); zeros behind them are padding, as for every gzip tool."""
    pieces: list[bytes] = []
    room = largest + 1
    for _ in range(_MOST_MEMBERS):
        unpacker = zlib.decompressobj(_GZIP)
        pieces.append(unpacker.decompress(packed, room))
        room -= len(pieces[-1])
        packed = unpacker.unused_data.lstrip(b"\0")
        if not room or (unpacker.eof and not packed):
            return b"".join(pieces)
        if not unpacker.eof:
            break
    raise zlib.error("it ends too early or too late")


def _is_wrapped(packed: bytes) -> bool:
    """Return whether a body begins with zlib's header (RFC 1950), which some senders leave out."""
    return bool(packed) and packed[0] & 0x8F == zlib.DEFLATED and int.from_bytes(packed[:2]) % 31 == 0


def _too_large(request: IncomingRequest, largest: int) -> Response:
    return error_response(request, 413, f"The body must be at most {largest} bytes.", _CLOSE)
