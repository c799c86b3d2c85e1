"""Tunes glibc's malloc for large blocks."""

from __future__ import annotations

import contextlib
import ctypes

# Parameters of mallopt(3). By default the thresholds grow with the largest block that was freed. So after the
# first page of a fleet, blocks of megabytes come from the heap and leave holes in it: 15 MiB of 195 MiB, with
# a thousand targets.
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
_BYTES = 128 * 1024


def map_large_blocks() -> None:
    """Make malloc map each large block separately, and unmap it when freed; do nothing without glibc."""
    with contextlib.suppress(OSError, AttributeError):
        library = ctypes.CDLL("libc.so.6")
        library.mallopt(_MMAP_THRESHOLD, _BYTES)
        library.mallopt(_TRIM_THRESHOLD, _BYTES)
