"""The files that a reading of the configuration names, so that a daemon can watch them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from waexporter.config import load
from waexporter.config.file_stamp import stamp_file
from waexporter.config.section import Report, Section
from waexporter.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

    from waexporter.config.file_stamp import Stamp

CONFIG = "targets: [{url: 'https://wa.example:9090', auth: {api_key_file: key}}]"


def test_every_file_is_named_with_its_stamp(tmp_path: Path) -> None:
    config, key = tmp_path / "waexporter.yml", tmp_path / "key"
    config.write_text(CONFIG)
    key.write_text("an-api-key-of-24-characters")
    files: dict[str, Stamp] = {}

    load(str(config), {}, files)

    assert files == {str(config): stamp_file(str(config)), str(key): stamp_file(str(key))}
    assert None not in files.values()


def test_a_missing_file_is_named_without_a_stamp_so_that_its_appearance_is_noticed(tmp_path: Path) -> None:
    config = tmp_path / "waexporter.yml"
    config.write_text(CONFIG)
    files: dict[str, Stamp] = {}

    with pytest.raises(ConfigError):
        load(str(config), {}, files)

    assert files[str(tmp_path / "key")] is None


def test_a_missing_configuration_is_named_too(tmp_path: Path) -> None:
    path = str(tmp_path / "waexporter.yml")
    files: dict[str, Stamp] = {}

    with pytest.raises(ConfigError):
        load(path, {}, files)

    assert files == {path: None}


def test_a_file_of_several_targets_has_the_stamp_from_before_the_first_one_read_it(tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text("the-first-api-key")
    section = Section(Report(str(tmp_path)), "targets[0].auth", {})
    before = stamp_file(str(key))

    section.resolve_file("key")
    key.write_text("another-api-key")
    section.resolve_file("key")

    assert section.report.files == {str(key): before}
    assert stamp_file(str(key)) != before


def test_a_pipe_is_never_read_twice(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)

    assert stamp_file(str(pipe)) is None


@pytest.mark.parametrize("text", ["other", "other text"])
def test_a_stamp_changes_with_a_rename_a_link_and_a_write(tmp_path: Path, text: str) -> None:
    file, new, link = tmp_path / "file", tmp_path / "new", tmp_path / "link"
    file.write_text("first")
    new.write_text(text)
    link.symlink_to("file")
    before = stamp_file(str(link))

    new.replace(file)
    renamed = stamp_file(str(link))
    (tmp_path / "data").write_text(text)
    (tmp_path / "swap").symlink_to("data")
    (tmp_path / "swap").replace(link)
    swapped = stamp_file(str(link))
    (tmp_path / "data").write_text(f"{text}.")
    written = stamp_file(str(link))

    assert len({before, renamed, swapped, written}) == 4
