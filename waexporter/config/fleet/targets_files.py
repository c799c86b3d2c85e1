"""The key `targets_files`: patterns of files, each with a list of targets."""

from __future__ import annotations

import glob
import os.path
from typing import TYPE_CHECKING, Final

from waexporter.config.file_stamp import find_files
from waexporter.config.fleet.target_list import read_text_list
from waexporter.config.keys import Block
from waexporter.config.values import scalars
from waexporter.config.values.files import read_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from waexporter.config.section import Section

_LARGEST_FILE: Final = 16 * 1024 * 1024  # bytes
_MOST_FILES: Final = 10_000


def read_targets_files(root: Section) -> Iterator[Section]:
    """Yield one section for each target, in the order of the patterns and of the files' names."""
    seen: set[str] = set()
    for index, pattern in enumerate(root.get(TARGETS_FILES.name, _patterns, [])):
        for path in _find(root, f"{TARGETS_FILES.name}[{index}]", pattern):
            if path not in seen:  # by two patterns
                seen.add(path)
                yield from _read_file(root, path)


def _find(root: Section, key: str, pattern: str) -> tuple[str, ...]:
    """Return the files of a pattern, as they are written relative to the configuration."""
    folder = root.report.folder
    if not glob.has_magic(pattern):
        return (pattern,)
    resolved = os.path.join(glob.escape(folder), pattern)  # noqa: PTH118 - see Section.resolve
    found = find_files(resolved)
    root.report.files[resolved] = found
    paths = tuple(path for path in found if not os.path.isdir(path))  # noqa: PTH112 - see Section.resolve
    if not paths:
        root.add_note(key, f"no file matches {pattern}")
    if len(paths) > _MOST_FILES:
        root.add_problem(key, f"matches {len(paths)} files, more than {_MOST_FILES}")
        return ()
    relative = folder and not os.path.isabs(pattern)  # noqa: PTH117 - see Section.resolve
    return tuple(path.removeprefix(f"{folder}/") for path in paths) if relative else paths


def _read_file(root: Section, path: str) -> Iterator[Section]:
    resolved = root.resolve_file(path)
    report = root.report.within(path, os.path.dirname(resolved))  # noqa: PTH120 - see Section.resolve
    try:
        text = read_text(resolved, limit=_LARGEST_FILE)
    except ValueError as error:
        root.report.problems.append(str(error))
        return
    yield from read_text_list(report, text)


def _patterns(value: object) -> list[str]:
    patterns = [
        scalars.text(each) for each in scalars.listed(value, "files or patterns, such as targets/*.yml")
    ]
    if not patterns:
        raise ValueError("must hold at least one entry, such as targets/*.yml")
    return patterns


TARGETS_FILES = Block(
    "targets_files",
    None,
    (),
    "list of files and patterns, such as `[targets/*.yml, more.json]`, relative to the folder of the "
    "configuration; `**` is any number of folders. Each file has a list as `targets` has it, or groups as "
    "Prometheus' `file_sd_configs` reads them",
)
