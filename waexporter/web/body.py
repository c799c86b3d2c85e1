"""The body of a request: read it within limits of size and time, and unpack it within the same size."""

from __future__ import annotations

import asyncio
import zlib
from typing import TYPE_CHECKING, Any, TypeAlias

from waexporter.web.responses import IncomingRequest, Response, error_response

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from waexporter.web.bounds.body_quota import BodyShare

    Receive: TypeAlias = Callable[[], Awaitable[dict[str, Any]]]

_CLOSE = ("connection", "close")
_RETRY = ("retry-after", "1")
_GZIP, _ZLIB, _RAW_DEFLATE = 31, 15, -15  # zlib's `wbits` for each format
_CODINGS = {"gzip": _GZIP, "x-gzip": _GZIP, "deflate": _ZLIB}
_MAX_MEMBERS = 16  # of one gzip file; each costs a copy of the rest
_ACCEPTED = ("accept-encoding", "gzip, deflate")


class ClientLeftError(Exception):
    """The client closed the connection before its request was complete."""


class _TooLargeError(Exception):
    """The body is larger than its path takes."""


async def read_body(
    request: IncomingRequest, max_size: int, receive: Receive, seconds: float, share: BodyShare
) -> bytes | Response:
    """Read a whole body as it was sent, or return the response that rejects it.

    A body that does not come in time gets 503, not 408: Alertmanager tries again only after a 5xx.
    """
    if _coding(request) is None:
        words = "The body must be sent as it is, or packed once by gzip or deflate."
        return error_response(request, 415, words, _ACCEPTED, _CLOSE)
    length = request.header("content-length")
    if length.isdecimal() and int(length) > max_size:
        return _too_large(request, max_size)
    try:
        async with asyncio.timeout(seconds):
            body = await _collect(receive, max_size, share)
    except TimeoutError:
        return error_response(request, 503, f"The body did not come within {seconds:g} s.", _CLOSE)
    except _TooLargeError:
        return _too_large(request, max_size)
    if body is None or (_coding(request) and not share.grow_to(max_size)):  # unpacked, it may be so large
        words = "The bodies of other requests take all the memory there is for them."
        return error_response(request, 503, words, _RETRY, _CLOSE)
    return body


async def _collect(receive: Receive, max_size: int, share: BodyShare) -> bytes | None:
    """Return a body, or None if its share can't grow as large as it is."""
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientLeftError
        chunks.append(message.get("body", b""))
        size += len(chunks[-1])
        if size > max_size:
            raise _TooLargeError
        if not share.grow_to(size):
            return None
        if not message.get("more_body", False):
            return b"".join(chunks)


def unpack(request: IncomingRequest, packed: bytes, max_size: int) -> bytes | Response:
    """Undo the content encoding of a body, or return the response that rejects it."""
    coding = _coding(request)
    if not coding:
        return packed
    try:
        body = _inflate(packed, _CODINGS[coding], max_size)
    except zlib.error:
        return error_response(request, 400, f"The body is damaged, or not packed by {coding}.")
    return _too_large(request, max_size) if len(body) > max_size else body


def _coding(request: IncomingRequest) -> str | None:
    """Return the content encoding of a body: '' if it has none, None if it can't be unpacked."""
    named = [name.strip().lower() for name in request.header("content-encoding").split(",")]
    codings = [name for name in named if name not in {"", "identity"}]
    if not codings:
        return ""
    return codings[0] if len(codings) == 1 and codings[0] in _CODINGS else None


def _inflate(packed: bytes, wbits: int, max_size: int) -> bytes:
    """Unpack at most one byte more than the limit; raise zlib.error for damaged data."""
    if wbits == _GZIP:
        return _gunzip(packed, max_size)
    unpacker = zlib.decompressobj(_ZLIB if _has_zlib_header(packed) else _RAW_DEFLATE)
    body = unpacker.decompress(packed, max_size + 1)
    if len(body) <= max_size and (not unpacker.eof or unpacker.unused_data):
        raise zlib.error("it ends too early or too late")
    return body


def _gunzip(packed: bytes, max_size: int) -> bytes:
    """Unpack all members of a gzip file (RFC 1952); zeros after them are padding, as for all gzip tools."""
    chunks: list[bytes] = []
    room = max_size + 1
    for _ in range(_MAX_MEMBERS):
        unpacker = zlib.decompressobj(_GZIP)
        chunks.append(unpacker.decompress(packed, room))
        room -= len(chunks[-1])
        packed = unpacker.unused_data.lstrip(b"\0")
        if not room or (unpacker.eof and not packed):
            return b"".join(chunks)
        if not unpacker.eof:
            break
    raise zlib.error("it ends too early or too late")


def _has_zlib_header(packed: bytes) -> bool:
    """Return whether a body begins with zlib's header (RFC 1950), which some senders leave out."""
    return bool(packed) and packed[0] & 0x8F == zlib.DEFLATED and int.from_bytes(packed[:2]) % 31 == 0


def _too_large(request: IncomingRequest, max_size: int) -> Response:
    return error_response(request, 413, f"The body must be at most {max_size} bytes.", _CLOSE)
