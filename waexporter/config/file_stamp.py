"""Notice that a file was written, renamed or replaced, or that a pattern matches other files."""

from __future__ import annotations

import glob
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


# Of a pattern: the files that it matches. None: there is no such file.
Stamp = FileStamp | tuple[str, ...] | None
Stamps = dict[str, Stamp]  # by path, or by pattern


def stamp_file(path: str) -> Stamp:
    """Return the stamp of a file, or of a pattern of files.

    Return None if there is no such file, or if it is a pipe, which is read only once.
    """
    try:
        found = os.stat(path)  # noqa: PTH116 - pathlib would rewrite what was written
    except (OSError, ValueError):
        return find_files(path) if glob.has_magic(path) else None
    if not stat.S_ISREG(found.st_mode):
        return None
    return FileStamp(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def find_files(pattern: str) -> tuple[str, ...]:
    """Return the paths that a pattern matches, sorted; `**` is any number of folders."""
    return tuple(sorted(glob.iglob(pattern, recursive=True)))  # noqa: PTH207 - pathlib would rewrite what was written
