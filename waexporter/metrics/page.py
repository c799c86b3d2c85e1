"""Compose a page of metrics from ready fragments, family by family, and compress it once per change.

A page has two halves. The fragments of the targets change when a poll ends; they are compressed once and
kept. The metrics of this process change all the time; they are few, and rendered for every request. Both
halves form one gzip member: of several members some clients read only the first, and others fail.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from isal import isal_zlib

from waexporter.metrics.election import describe_families, family_key, find_losers
from waexporter.metrics.exposition import render_head

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from waexporter.model import Fragment, Head

_CHUNK_SIZE = 1 << 20  # bytes; other threads wait for the interpreter while one chunk is compressed
_LEVEL = 1
_RAW = -15  # a deflate stream without a header, which we write ourselves
_GZIP_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"


class Compressed(NamedTuple):
    """A part of a gzip member, with the checksum and the length of its text for the member's trailer."""

    data: bytes  # whole deflate blocks
    crc: int
    length: int


@dataclass(frozen=True, slots=True)
class ExpositionPage:
    """A page of metrics as text, in chunks."""

    chunks: tuple[bytes, ...]
    clashes: tuple[str, ...]  # families that were left out, because other families have their names


def compose(fragments: Iterable[Fragment], *, openmetrics: bool) -> ExpositionPage:
    """Return the page of fragments: the families sorted by name, each with one HELP and TYPE.

    If clients disagree on a family, the majority decides; Prometheus would reject a page with both.
    """
    heads: dict[str, Head] = {}
    lines: dict[str, list[bytes]] = {}
    others: list[Fragment] = []
    for fragment in fragments:
        head, text = fragment
        known = heads.setdefault(head.name, head)
        if known.type == head.type:
            lines.setdefault(head.name, []).append(text)
        else:
            others.append(fragment)
    families = {family_key(head): (head, lines[name]) for name, head in heads.items()}
    for head, text in others:
        known, texts = families.setdefault(family_key(head), (head, []))
        texts.append(text)
        if known.type == "unknown":
            families[family_key(head)] = (head, texts)
    losers = find_losers({key: (len(texts),) for key, (_, texts) in families.items()})
    chunks: list[bytes] = []
    for key in sorted(families.keys() - losers):
        head, texts = families[key]
        chunks += [render_head(head, openmetrics=openmetrics), *texts]
    return ExpositionPage(tuple(chunks), tuple(describe_families(losers)))


def merge_chunks(chunks: Iterable[bytes], size: int = _CHUNK_SIZE) -> Iterator[bytes]:
    """Join small chunks to chunks of at least `size` bytes; the last one may be smaller."""
    waiting: list[bytes] = []
    waiting_size = 0
    for chunk in chunks:
        waiting.append(chunk)
        waiting_size += len(chunk)
        if waiting_size >= size:
            yield b"".join(waiting)
            waiting, waiting_size = [], 0
    if waiting:
        yield b"".join(waiting)


def compress(chunks: Iterable[bytes]) -> Compressed:
    """Compress a part of a page; parts may follow one another in one gzip member."""
    stream = isal_zlib.compressobj(_LEVEL, isal_zlib.DEFLATED, _RAW)
    out: list[bytes] = []
    crc = length = 0
    for chunk in merge_chunks(chunks):
        out.append(stream.compress(chunk))
        crc = isal_zlib.crc32(chunk, crc)
        length += len(chunk)
    out.append(stream.flush(isal_zlib.Z_SYNC_FLUSH))
    return Compressed(b"".join(out), crc, length)


def decompress(part: Compressed) -> Iterator[bytes]:
    """Yield the text of a compressed part in chunks."""
    stream = isal_zlib.decompressobj(_RAW)
    waiting, left = part.data, part.length
    # The stream may have read all input and still have output: only the length shows the end.
    while left:
        chunk = stream.decompress(waiting, _CHUNK_SIZE)
        waiting, left = stream.unconsumed_tail, left - len(chunk)
        yield chunk


def gzip_member(first: Compressed, rest: bytes) -> tuple[bytes, ...]:
    """Return one gzip member, in chunks, of a compressed part and the text after it."""
    stream = isal_zlib.compressobj(_LEVEL, isal_zlib.DEFLATED, _RAW)
    last = stream.compress(rest) + stream.flush()
    trailer = struct.pack("<II", isal_zlib.crc32(rest, first.crc), (first.length + len(rest)) & 0xFFFFFFFF)
    return (_GZIP_HEADER, first.data, last, trailer)
