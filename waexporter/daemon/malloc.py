"""Tuning of glibc's malloc."""

from __future__ import annotations

import contextlib
import ctypes

# glibc's mallopt(3). Its thresholds grow by themselves with the largest block freed, which after the first
# page of a fleet means that blocks of megabytes are cut from the heap and leave holes behind them: 15 MiB of
# 195, with a thousand targets.
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
_BYTES = 128 * 1024


def map_large_blocks() -> None:
    """Map and unmap each large block by itself; do nothing with another C library than glibc."""
    with contextlib.suppress(OSError, AttributeError):
        library = ctypes.CDLL("libc.so.6")
        library.mallopt(_MMAP_THRESHOLD, _BYTES)
        library.mallopt(_TRIM_THRESHOLD, _BYTES)
