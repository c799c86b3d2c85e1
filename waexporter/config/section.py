"""One mapping of the configuration, read key by key; problems are collected, not raised."""

from __future__ import annotations

import difflib
import os.path
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Self, TypeVar

from waexporter.config.file_stamp import stamp_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from waexporter.config.file_stamp import Stamp

T = TypeVar("T")
D = TypeVar("D")

_WORD = re.compile("[A-Za-z_][A-Za-z0-9_-]{0,39}")
_FOUND = (
    (bool, "a boolean"),
    (str, "a text"),
    ((int, float), "a number"),
    (list, "a list"),
    (dict, "a mapping"),
)


def kind_of(value: object) -> str:
    """Return the kind of a value in words, without the value: it may be a secret in the wrong place."""
    return next((words for kinds, words in _FOUND if isinstance(value, kinds)), "nothing")


def is_plain_word(key: str) -> bool:
    """Return whether a key may be shown: `{api_key:abc}`, without a space, is a key with a secret in it."""
    return _WORD.fullmatch(key) is not None


def suggestion(word: str, known: Iterable[str], *, cutoff: float = 0.6) -> str:
    """Return the end of a sentence with the known word that was probably meant, or an empty text."""
    close = difflib.get_close_matches(word, list(known), n=1, cutoff=cutoff)
    return f'; did you mean "{close[0]}"?' if close else ""


@dataclass(slots=True)
class Report:
    """The problems and notes of one reading of the configuration, and the names of its keys."""

    folder: str = ""  # where relative paths begin
    names: dict[str, str] = field(default_factory=dict)  # key path -> the name of it that the user knows
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    targets: dict[str, str] = field(default_factory=dict)  # the places of the targets that were read, by name
    # The files that it names, each with its stamp from before it was read, so that no later change is missed.
    files: dict[str, Stamp] = field(default_factory=dict)
    place: str = ""  # what comes before a key path: the file with a list of targets
    may_name_files: bool = (
        True  # False: it comes from another host, which must not read the files of this one
    )
    has_lists: bool = False  # targets come from lists that change without the configuration
    lists: list[tuple[Report, object]] = field(default_factory=list)  # the parsed lists, each with its report

    def within(self, place: str, folder: str, *, may_name_files: bool = True) -> Report:
        """Return the report of another document, whose problems and notes become those of this one."""
        return replace(self, place=place, folder=folder, names={}, may_name_files=may_name_files)

    def shown_path(self, path: str) -> str:
        """Return a key path as the user knows it."""
        shown = self.names.get(path, path)
        return f"{self.place}: {shown}" if self.place and shown else self.place or shown

    def add_problem(self, path: str, words: str) -> None:
        """Add a problem, which makes the configuration unusable."""
        self.problems.append(f"{self.shown_path(path)}: {words}")

    def add_note(self, path: str, words: str) -> None:
        """Add a note; the configuration stays usable."""
        self.notes.append(f"{self.shown_path(path)}: {words}")


class Section:
    """One mapping; a context manager that reports the keys that were not read as unknown."""

    __slots__ = ("_known", "_values", "is_mapping", "path", "report")

    def __init__(self, report: Report, path: str, value: object) -> None:
        self.report = report
        self.path = path
        self.is_mapping = value is None or isinstance(value, dict)
        self._known: list[str] = []
        self._values: dict[object, object] = value if isinstance(value, dict) else {}
        if not self.is_mapping:
            report.add_problem(path, f"must be a mapping, found {kind_of(value)}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for key in self._values:
            if key not in self._known:
                self._report_unknown(key)

    def get(self, key: str, parse: Callable[[object], T], default: D) -> T | D:
        """Return the parsed value of a key; return the default if it is absent or wrong."""
        self._known.append(key)
        if key not in self._values:
            return default
        try:
            return parse(self._values[key])
        except ValueError as error:
            self.add_problem(key, str(error))
            return default

    def require(self, key: str, parse: Callable[[object], T], default: D) -> T | D:
        """Return the parsed value of a key; report its absence as a problem."""
        if self.is_mapping and key not in self._values:
            self.add_problem(key, "is required")
        return self.get(key, parse, default)

    def section(self, key: str) -> Section:
        """Return the mapping below a key; an absent or empty one has no keys."""
        self._known.append(key)
        return Section(self.report, self._path(key), self._values.get(key))

    def sections(self, key: str) -> Iterator[Section]:
        """Yield the mappings in the list below a key."""
        for index, value in enumerate(self.get(key, _parse_entries, [])):
            yield Section(self.report, f"{self._path(key)}[{index}]", value)

    def entries(self) -> list[tuple[str, object]]:
        """Return all keys and their values, for a mapping in which any key is allowed."""
        free = [(key, value) for key, value in self._values.items() if isinstance(key, str)]
        self._known.extend(key for key, _ in free)
        return free

    def allow(self, key: str) -> bool:
        """Make a key known, whoever reads it; return whether it is given."""
        self._known.append(key)
        return key in self._values

    def drop_nulls(self, keys: Iterable[str]) -> list[str]:
        """Drop those of the keys that are given without a value, and return them."""
        dropped = [key for key in keys if key in self._values and self._values[key] is None]
        self._values = {key: value for key, value in self._values.items() if key not in dropped}
        return dropped

    def has(self, key: str) -> bool:
        """Return whether a key is given, with a right value or a wrong one."""
        return key in self._values

    def is_mapping_at(self, key: str) -> bool:
        """Return whether the value of a key is a mapping."""
        return isinstance(self._values.get(key), dict)

    def shown_name(self, key: str) -> str:
        """Return the name that the user knows: the key, or the environment variable that set it."""
        return self.report.names.get(self._path(key), key)

    def resolve(self, path: str) -> str:
        """Return a path; a relative one is relative to the folder of the configuration."""
        return os.path.join(self.report.folder, path)  # noqa: PTH118 - pathlib would rewrite what was written

    def resolve_file(self, path: str) -> str:
        """Return the path of a file that is about to be read, and stamp it; raise ValueError."""
        if not self.report.may_name_files:
            raise ValueError("must not name a file, because this list comes from another host")
        resolved = self.resolve(path)
        # If several targets name a file, the first one's stamp counts: it may have read an older content.
        if resolved not in self.report.files:
            self.report.files[resolved] = stamp_file(resolved)
        return resolved

    def add_problem(self, key: str, words: str) -> None:
        """Add a problem of one key."""
        self.report.add_problem(self._path(key), words)

    def add_note(self, key: str, words: str) -> None:
        """Add a note about one key."""
        self.report.add_note(self._path(key), words)

    def _path(self, key: str) -> str:
        return f"{self.path}.{key}" if self.path else key

    def _report_unknown(self, key: object) -> None:
        place = self.path or "top level"
        if not isinstance(key, str):
            self.report.add_problem(place, f"a key must be a text, found {kind_of(key)}")
        elif not is_plain_word(key):
            self.report.add_problem(place, "a key is no plain word; is a space missing after a colon?")
        else:
            others = f"; known are {', '.join(dict.fromkeys(self._known))}"
            self.add_problem(key, f"unknown key{suggestion(key, self._known) or others}")


def _parse_entries(value: object) -> list[object]:
    if isinstance(value, list) and value:
        return value
    if value == []:
        raise ValueError("must hold at least one entry")
    raise ValueError(f'must be a list with a "- " before each entry, found {kind_of(value)}')
