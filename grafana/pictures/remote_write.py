"""Prometheus' remote write protocol, the little of it that writing samples of the past needs."""

from __future__ import annotations

import struct
import urllib.request
from typing import TYPE_CHECKING

from tests.real.network import DIRECT

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

# A series: its labels, and its value at each time; None, where it is not there.
Series = tuple["Mapping[str, str]", "Sequence[float | None]"]

_STALE = struct.pack("<Q", 0x7FF0000000000002)  # the number by which Prometheus says that a series has ended
_BATCH = 4_000_000  # bytes of a request
_CHUNK = 60_000  # bytes of a literal of Snappy


def send(url: str, series: Iterable[Series], times: Sequence[float]) -> None:
    """Write series to a Prometheus; `times` are those of their values, in seconds."""
    samples = [_sample(when) for when in times]
    batch: list[bytes] = []
    size = 0
    for labels, values in series:
        batch.append(_delimited(1, _series(labels, values, samples)))
        size += len(batch[-1])
        if size > _BATCH:
            _post(url, b"".join(batch))
            batch, size = [], 0
    if batch:
        _post(url, b"".join(batch))


def _sample(when: float) -> tuple[bytes, bytes]:
    """Give what stands before and after the value in the message about one sample."""
    before, after = _field(1, 1), _field(2, 0) + _varint(round(when * 1000))
    return _field(2, 2) + _varint(len(before) + len(_STALE) + len(after)) + before, after


def _series(
    labels: Mapping[str, str], values: Sequence[float | None], samples: Sequence[tuple[bytes, bytes]]
) -> bytes:
    parts = [
        _delimited(1, _delimited(1, name.encode()) + _delimited(2, labels[name].encode()))
        for name in sorted(labels)
    ]
    pack = struct.Struct("<d").pack
    was_there = False
    for value, (before, after) in zip(values, samples, strict=True):
        if value is not None:
            parts.append(before + pack(value) + after)
        elif was_there:
            parts.append(before + _STALE + after)
        was_there = value is not None
    return b"".join(parts)


def _field(number: int, kind: int) -> bytes:
    return bytes((number << 3 | kind,))


def _delimited(number: int, content: bytes) -> bytes:
    return _field(number, 2) + _varint(len(content)) + content


def _varint(number: int) -> bytes:
    digits = bytearray()
    while number > 0x7F:
        digits.append(number & 0x7F | 0x80)
        number >>= 7
    digits.append(number)
    return bytes(digits)


def _post(url: str, content: bytes) -> None:
    request = urllib.request.Request(
        f"{url}/api/v1/write",
        data=_snappy(content),
        headers={
            "Content-Type": "application/x-protobuf",
            "Content-Encoding": "snappy",
            "X-Prometheus-Remote-Write-Version": "0.1.0",
        },
    )
    with DIRECT.open(request, timeout=60) as answer:
        answer.read()


def _snappy(content: bytes) -> bytes:
    """Put it into Snappy's format without making it smaller: as literals."""
    chunks = (content[begin : begin + _CHUNK] for begin in range(0, len(content), _CHUNK))
    two_bytes_of_length = bytes((61 << 2,))
    return _varint(len(content)) + b"".join(
        two_bytes_of_length + struct.pack("<H", len(chunk) - 1) + chunk for chunk in chunks
    )
