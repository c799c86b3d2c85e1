"""Disks that can be filled, made read-only and mended while a daemon works on them."""

from __future__ import annotations

import resource
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_PIECE = 4096


class Disk:
    """A small disk of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ballast = folder / "ballast"

    def fill(self) -> None:
        """Take what room is left."""
        with self._ballast.open("ab", buffering=0) as ballast:
            try:
                while True:
                    ballast.write(bytes(_PIECE))
            except OSError:
                return

    def free(self) -> None:
        """Give the room back."""
        self._ballast.unlink()

    def lock(self) -> None:
        """Let nobody write any more; nothing may be open for writing."""
        _run("mount", "-o", "remount,ro", str(self.folder))

    def unlock(self) -> None:
        """Let everybody write again."""
        _run("mount", "-o", "remount,rw", str(self.folder))


@contextmanager
def small_disk(folder: Path) -> Iterator[Disk]:
    """Mount a disk of four mebibytes in memory; skips where that is not allowed."""
    folder.mkdir()
    try:
        _run("mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder))
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"a disk can't be mounted here ({error}); it takes root")
    try:
        yield Disk(folder)
    finally:
        _run("umount", "--lazy", str(folder))


def limit_files(pid: int, size: int | None) -> None:
    """Let no write of a process go beyond `size` bytes of a file, as a disk that is full; None: no limit."""
    soft = resource.RLIM_INFINITY if size is None else size
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (soft, resource.RLIM_INFINITY))


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)
