"""Files that are read whole; none of them blocks the daemon."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

import pytest

from tests.config.texts import load_text
from waexporter.config.values.files import read_bytes, read_text
from waexporter.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

LIMIT = 200_000


@pytest.fixture
def pipe(tmp_path: Path) -> Path:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    return path


@pytest.mark.parametrize("size", [0, 1, 65_536, 65_537, LIMIT])
def test_a_file_is_read_whole(tmp_path: Path, size: int) -> None:
    file = tmp_path / "file"
    file.write_bytes(os.urandom(size))

    assert read_bytes(str(file), limit=LIMIT) == file.read_bytes()


def test_a_file_that_is_too_large_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"x" * (LIMIT + 1))

    with pytest.raises(ValueError, match="is larger than"):
        read_bytes(str(file), limit=LIMIT)


def test_a_pipe_is_read_to_its_end(pipe: Path) -> None:
    text = "secret " * 20_000  # more than a pipe holds at a time
    writer = threading.Thread(target=lambda: pipe.write_text(text))
    writer.start()

    try:
        assert read_text(str(pipe), limit=LIMIT) == text
    finally:
        writer.join()


def test_a_pipe_that_nobody_writes_to_is_refused(pipe: Path) -> None:
    with pytest.raises(ValueError, match=r"pipe is a pipe that was not written and closed within 0\.1 s"):
        read_bytes(str(pipe), limit=LIMIT, timeout=0.1)


def test_a_pipe_that_is_never_closed_is_refused(pipe: Path) -> None:
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    writer = os.open(pipe, os.O_WRONLY)
    os.write(writer, b"half of it")

    with pytest.raises(ValueError, match="was not written and closed"):
        read_bytes(str(pipe), limit=LIMIT, timeout=0.1)
    os.close(writer)
    os.close(reader)


@pytest.mark.parametrize(
    ("file", "problem"),
    [
        ("/dev/zero", "/dev/zero is larger than 4MiB"),
        ("/dev/null", "/dev/null must be a regular file, since it is read more than once"),
        ("/nowhere", "can't read /nowhere: No such file or directory"),
        ("/", "can't read /: Is a directory"),
    ],
)
def test_an_authority_that_is_no_regular_file_is_refused(tmp_path: Path, file: str, problem: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_text(tmp_path, f"targets: [{{url: 'https://a', tls: {{ca_file: '{file}'}}}}]")

    assert caught.value.problems == (f"targets[0].tls.ca_file: {problem}",)
