"""A disk that hangs ends in a problem, in one thread, and once it answers all is read again."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from waexporter.config import LoadedConfig
from waexporter.config.file_stamp import FileStamp
from waexporter.daemon.config_reading import HANGS, ConfigReading
from waexporter.daemon.config_source import ConfigSource
from waexporter.errors import ConfigError
from waexporter.model import Config, Instant

if TYPE_CHECKING:
    from waexporter.config import Stamps
    from waexporter.config.file_stamp import Stamp

PATIENCE = 60.0  # seconds; only a test that fails takes as long
LOADED = LoadedConfig(Config(()), ())
NOW = 1.8e9
OLD, YOUNG = (FileStamp(1, 2, 3, 4, int((NOW - age) * 1e9)) for age in (5.0, 0.004))


class Disk:
    """Holds one file, and may hang."""

    def __init__(self) -> None:
        self.answers = threading.Event()
        self.answers.set()
        self.stamp = OLD
        self.reads = 0
        self.error: Exception | None = None
        self.writes = 0  # that come while it is read

    def look(self, path: str) -> Stamp:
        return self.stamp if path == "config" else OLD

    def read(self, stamps: Stamps, discovered: str | None) -> LoadedConfig:
        self.reads += 1
        stamps["config"] = self.stamp
        self.answers.wait(PATIENCE)
        stamps["password"] = OLD
        if self.reads <= self.writes:
            self.stamp = OLD._replace(size=self.reads)
        if self.error is not None:
            raise self.error
        assert discovered == "list"
        return LOADED


@pytest.fixture
def disk() -> Disk:
    return Disk()


def reading_of(disk: Disk, timeout: float = PATIENCE) -> ConfigReading:
    return ConfigReading(
        ConfigSource(disk.read, {"config": OLD}), lambda: Instant(NOW, 0.0), timeout, disk.look
    )


def test_what_is_read_is_returned_with_the_stamps_of_all_files(disk: Disk) -> None:
    stamps: Stamps = {}

    assert reading_of(disk).read(stamps, "list") is LOADED
    assert stamps == {"config": OLD, "password": OLD}


def test_an_error_is_raised_with_the_stamps_of_what_was_read_until_then(disk: Disk) -> None:
    stamps: Stamps = {}
    disk.error = ConfigError(["log.level: wrong"])

    with pytest.raises(ConfigError, match=r"log\.level: wrong"):
        reading_of(disk).read(stamps, "list")

    assert stamps == {"config": OLD, "password": OLD}


def test_a_file_that_was_just_written_is_to_be_read_again(disk: Disk) -> None:
    stamps: Stamps = {}
    disk.stamp = YOUNG

    reading_of(disk).read(stamps, "list")

    assert stamps == {"config": None, "password": OLD}


@pytest.mark.parametrize(("writes", "reads"), [(0, 1), (1, 2), (9, 3)])
def test_files_are_read_again_if_one_has_changed_meanwhile(disk: Disk, writes: int, reads: int) -> None:
    stamps: Stamps = {}
    disk.writes = writes

    reading_of(disk).read(stamps, "list")

    assert disk.reads == reads
    # As it was before the last reading, so that a later change is noticed.
    assert stamps["config"] == (OLD if reads == 1 else OLD._replace(size=reads - 1))


def test_a_disk_that_hangs_is_a_problem_and_holds_one_thread(disk: Disk) -> None:
    reading = reading_of(disk, timeout=0.01)
    disk.answers.clear()
    seen: list[Stamps] = [{}, {}, {}]

    for stamps in seen[:2]:
        with pytest.raises(ConfigError, match=HANGS):
            reading.read(stamps, "list")
    reads = disk.reads
    disk.answers.set()
    for thread in threading.enumerate():
        if thread.name == "config-reading":
            thread.join(PATIENCE)
    reading._timeout = PATIENCE
    reading.read(seen[2], "list")

    assert reads == 1
    # Another than that of the file, so that the watcher reads it once the disk answers.
    assert seen == [{"config": None}, {"config": None}, {"config": OLD, "password": OLD}]
