"""A change of a file is noticed once it is complete, and what hangs or crashes stops nothing else."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

import pytest

from waexporter.config.file_stamp import FileStamp, stamp_file
from waexporter.daemon.watcher import INTERVAL, LONGEST_SETTLING, SETTLE_TIME, ChangeDetector, FileWatcher
from waexporter.metrics.telemetry import Telemetry
from waexporter.model import Instant

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from waexporter.config import Stamps

PATIENCE = 60.0  # seconds; only a test that fails takes as long


def stamps(**sizes: int | None) -> Stamps:
    return {name: None if size is None else FileStamp(1, 1, size, size, size) for name, size in sizes.items()}


def test_what_did_not_change_is_never_read_again() -> None:
    detector, read = ChangeDetector(), stamps(config=1, missing=None)

    due = [detector.is_due(read, stamps(config=1, missing=None), float(second)) for second in range(100)]

    assert not any(due)
    assert detector.pause == INTERVAL


@pytest.mark.parametrize("found", [stamps(config=2), stamps(config=None)])
def test_a_change_is_complete_when_two_looks_see_the_same(found: Stamps) -> None:
    detector, read = ChangeDetector(), stamps(config=1)

    first = detector.is_due(read, found, 0.0)
    pause = detector.pause
    second = detector.is_due(read, found, 1.0)

    assert (first, pause, second) == (False, SETTLE_TIME, True)


def test_a_file_that_is_still_written_is_not_read() -> None:
    detector, read = ChangeDetector(), stamps(config=1)

    due = [detector.is_due(read, stamps(config=size), float(size)) for size in (2, 3, 4, 4)]

    assert due == [False, False, False, True]


def test_a_file_that_is_written_all_the_time_does_not_hide_the_changes_of_others() -> None:
    detector, read = ChangeDetector(), stamps(log=0)

    due = [detector.is_due(read, stamps(log=size), float(size)) for size in range(1, 30)]

    assert due.index(True) == int(LONGEST_SETTLING)


def test_what_changes_back_before_it_is_read_is_no_change() -> None:
    detector, read = ChangeDetector(), stamps(config=1)

    due = [detector.is_due(read, stamps(config=size), float(at)) for at, size in enumerate((2, 1, 2, 1, 1))]

    assert not any(due)
    assert detector.pause == INTERVAL


def test_a_refused_file_is_not_read_again_until_it_changes() -> None:
    detector = ChangeDetector()
    detector.is_due(stamps(config=1), stamps(config=2), 0.0)
    detector.is_due(stamps(config=1), stamps(config=2), 1.0)

    due = [detector.is_due(stamps(config=2), stamps(config=2), float(at)) for at in range(2, 10)]

    assert not any(due)


# --- with files --------------------------------------------------------------------------------


def write_in_place(file: Path, text: str) -> None:
    file.write_text(text)


def rename(file: Path, text: str) -> None:
    new = file.with_name(".new")
    new.write_text(text)
    new.replace(file)


def delete(file: Path, _: str) -> None:
    file.unlink()


def put_a_folder(file: Path, _: str) -> None:
    file.unlink()
    file.mkdir()


def lock(file: Path, _: str) -> None:
    file.chmod(0)


@pytest.mark.parametrize("change", [write_in_place, rename, delete, put_a_folder, lock])
def test_every_kind_of_change_gives_another_stamp(
    tmp_path: Path, change: Callable[[Path, str], None]
) -> None:
    file = tmp_path / "config"
    file.write_text("before")
    os.utime(file, (1, 1))
    before = stamp_file(str(file))

    change(file, "after!")  # of the same size

    assert stamp_file(str(file)) != before


def test_a_file_that_appears_and_a_swapped_link_give_another_stamp(tmp_path: Path) -> None:
    for version in ("one", "two"):
        (tmp_path / version).mkdir()
        (tmp_path / version / "key").write_text("same size")
    (tmp_path / "..data").symlink_to("one")
    (tmp_path / "key").symlink_to("..data/key")
    linked, missing = str(tmp_path / "key"), str(tmp_path / "missing")
    before = stamp_file(linked), stamp_file(missing)

    (tmp_path / "..tmp").symlink_to("two")
    (tmp_path / "..tmp").replace(tmp_path / "..data")
    (tmp_path / "missing").touch()

    assert before[0] != stamp_file(linked)
    assert (before[1], stamp_file(missing) is None) == (None, False)


def test_a_changed_file_is_reloaded_once(tmp_path: Path) -> None:
    file = tmp_path / "config"
    file.write_text("before")
    read = {str(file): stamp_file(str(file))}
    reloads: list[Stamps] = []
    reloaded, looked = threading.Event(), threading.Semaphore(0)

    def reload() -> None:
        nonlocal read
        read = {str(file): stamp_file(str(file))}
        reloads.append(read)
        reloaded.set()

    def read_stamps() -> Stamps:
        looked.release()
        return read

    telemetry = Telemetry()
    watcher = FileWatcher(read_stamps, reload, telemetry.watch_time, lambda: Instant(1.8e9, 0.0))
    watcher.start()
    try:
        rename(file, "after")
        assert reloaded.wait(PATIENCE)
        while looked.acquire(blocking=False):
            pass
        assert looked.acquire(timeout=PATIENCE)
    finally:
        watcher.stop()

    assert len(reloads) == 1
    assert telemetry.registry.get_sample_value("waexporter_config_watch_timestamp_seconds") == 1.8e9
