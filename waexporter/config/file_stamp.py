"""Notice that a file was written, renamed or replaced."""

from __future__ import annotations

import os
import stat
from typing import NamedTuple


class FileStamp(NamedTuple):
    """What differs once a file was written, renamed or replaced, also by the symbolic links of Kubernetes."""

    device: int
    inode: int
    size: int  # bytes
    modified: int  # nanoseconds
    changed: int  # nanoseconds


def stamp_file(path: str) -> FileStamp | None:
    """Return the stamp of a file; None if there is none, or if it is a pipe, which is read only once."""
    try:
        found = os.stat(path)  # noqa: PTH116 - pathlib would rewrite what was written
    except (OSError, ValueError):
        return None
    if not stat.S_ISREG(found.st_mode):
        return None
    return FileStamp(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
