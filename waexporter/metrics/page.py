"""A page of metrics: ready fragments joined family by family, compressed once per change.

A page has two halves. The fragments of the targets change when a poll ends; they are compressed once and
kept. What prometheus_client says of this process changes all the time; it is small, and rendered for every
request. Both halves form one gzip member, since members of parts joined fail in some clients and are
silently cut short by others.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from isal import isal_zlib

from waexporter.metrics.election import describe, find_losers, kind_of
from waexporter.metrics.exposition import head_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from waexporter.model import Fragment, Head

_BLOCK = 1 << 20  # bytes joined at a time: no other thread waits longer for the interpreter than this takes
_LEVEL = 1
_RAW = -15  # a deflate stream without a header, which we write ourselves
_GZIP_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"


class Compressed(NamedTuple):
    """A part of a gzip member: whole deflate blocks, and what the trailer needs to know of the text."""

    blocks: bytes
    crc: int
    length: int


@dataclass(frozen=True, slots=True)
class Page:
    """Fragments in the order of a page, not yet joined."""

    chunks: tuple[bytes, ...]
    clashes: tuple[str, ...]  # families left out, since others have their names

    def blocks(self) -> Iterator[bytes]:
        """Join the chunks, a block at a time."""
        waiting: list[bytes] = []
        size = 0
        for chunk in self.chunks:
            waiting.append(chunk)
            size += len(chunk)
            if size >= _BLOCK:
                yield b"".join(waiting)
                waiting, size = [], 0
        if waiting:
            yield b"".join(waiting)


def compose(fragments: Iterable[Fragment], *, openmetrics: bool) -> Page:
    """Put fragments in the order of a page: by family, sorted by name, each with one HELP and TYPE.

    Where clients disagree on a family, most of them have it; a page with both would be refused as a whole.
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
    families = {kind_of(head): (head, lines[name]) for name, head in heads.items()}
    for head, text in others:
        known, texts = families.setdefault(kind_of(head), (head, []))
        texts.append(text)
        if known.type == "unknown":
            families[kind_of(head)] = (head, texts)
    losers = find_losers({kind: (len(texts),) for kind, (_, texts) in families.items()})
    chunks: list[bytes] = []
    for kind in sorted(families.keys() - losers):
        head, texts = families[kind]
        chunks += [head_lines(head, openmetrics=openmetrics), *texts]
    return Page(tuple(chunks), tuple(describe(losers)))


def compress(blocks: Iterable[bytes]) -> Compressed:
    """Compress a part of a page; parts may follow one another in one member."""
    stream = isal_zlib.compressobj(_LEVEL, isal_zlib.DEFLATED, _RAW)
    out: list[bytes] = []
    crc = length = 0
    for block in blocks:
        out.append(stream.compress(block))
        crc = isal_zlib.crc32(block, crc)
        length += len(block)
    out.append(stream.flush(isal_zlib.Z_SYNC_FLUSH))
    return Compressed(b"".join(out), crc, length)


def decompress(part: Compressed) -> Iterator[bytes]:
    """Give the text of a compressed part, a block at a time."""
    stream = isal_zlib.decompressobj(_RAW)
    waiting, left = part.blocks, part.length
    # All input may be taken in while output still waits inside: the end is told by what came out.
    while left:
        block = stream.decompress(waiting, _BLOCK)
        waiting, left = stream.unconsumed_tail, left - len(block)
        yield block


def gzip_member(first: Compressed, rest: bytes) -> tuple[bytes, ...]:
    """Make one gzip member of a compressed part and of the text after it."""
    stream = isal_zlib.compressobj(_LEVEL, isal_zlib.DEFLATED, _RAW)
    last = stream.compress(rest) + stream.flush()
    trailer = struct.pack("<II", isal_zlib.crc32(rest, first.crc), (first.length + len(rest)) & 0xFFFFFFFF)
    return (_GZIP_HEADER, first.blocks, last, trailer)
