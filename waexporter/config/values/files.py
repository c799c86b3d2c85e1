"""Read small files as a whole, also pipes."""

from __future__ import annotations

import codecs
import os
import select
import time

from waexporter.config.values.quantities import format_bytes

PIPE_TIMEOUT = 10.0  # seconds for a pipe to be written and closed
_PIECE = 65_536  # bytes
_WIDE = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def read_text(path: str, *, limit: int, timeout: float = PIPE_TIMEOUT) -> str:
    """Read a UTF-8 text of at most `limit` bytes; raise ValueError with the path and the reason."""
    content = read_bytes(path, limit=limit, timeout=timeout)
    if content.startswith(_WIDE):
        raise ValueError(f"{path} is UTF-16 text; save it as UTF-8")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        # Without its cause: a UnicodeDecodeError carries the bytes, and these may be a secret.
        raise ValueError(f"{path} is not UTF-8 text") from None


def read_bytes(path: str, *, limit: int, timeout: float = PIPE_TIMEOUT) -> bytes:
    """Read at most `limit` bytes; raise ValueError with the path and the reason.

    Without the timeout, a pipe that nobody writes to would block the start and every reload silently.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            content = _read(descriptor, limit + 1, time.monotonic() + timeout)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise ValueError(f"can't read {path}: {error.strerror}") from error
    if content is None:
        raise ValueError(f"{path} is a pipe that was not written and closed within {timeout:g} s")
    if len(content) > limit:
        raise ValueError(f"{path} is larger than {format_bytes(limit)}")
    return content


def _read(descriptor: int, most: int, ends: float) -> bytes | None:
    """Read to the end, or `most` bytes; return None if neither is reached before `ends` (steady clock)."""
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    content = b""
    while len(content) < most:
        if not poll.poll(max(ends - time.monotonic(), 0.0) * 1000):
            return None
        piece = os.read(descriptor, min(_PIECE, most - len(content)))
        if not piece:
            break
        content += piece
    return content
