"""The merge of the document and the environment: the file first, then WAEXPORTER_*, then WA_*."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from waexporter.config.blocks import BLOCKS
from waexporter.config.fleet.shard_choice import SHARD_VARIABLE
from waexporter.config.section import suggestion
from waexporter.config.targets import TARGET
from waexporter.config.web_config.web_login import LOGIN

if TYPE_CHECKING:
    from collections.abc import Mapping

    from waexporter.config.keys import Variable

_PREFIX = "WAEXPORTER_"
# Keys that list targets; with any of them, the variables that describe one target are ignored.
SOURCES = ("targets", "targets_files", "http_sd_url", "http_sd")
# Our variables come first, because they override Meta's for the same key. A path in a variable is relative to
# the working directory.
TARGET_VARIABLES = tuple(sorted(TARGET.variables(), key=lambda row: not row.name.startswith(_PREFIX)))
SETTING_VARIABLES = tuple(row for block in BLOCKS for row in block.variables(f"{block.name}."))
LOGIN_VARIABLES = tuple(LOGIN.variables())  # of commands, not of the daemon
CONFIG_VARIABLE = "WAEXPORTER_CONFIG"
WATCH_VARIABLE = "WAEXPORTER_WATCH"  # of `run`: whether it looks for changed files


@dataclass(frozen=True, slots=True)
class MergedConfig:
    """The document of the file with the values that the environment adds."""

    document: dict[object, object]
    names: dict[str, str]  # key path -> the variable that sets it
    notes: tuple[str, ...]


def merge_environment(document: Mapping[object, object], environ: Mapping[str, str]) -> MergedConfig:
    """Add the environment's values to a document that lacks them; an empty variable counts as unset."""
    given = {name: text for name, text in environ.items() if text}
    settings = _merge_settings(document, given)
    target = _merge_target(given)
    if not target.document:
        return settings
    if not document.keys().isdisjoint(SOURCES):
        ignored = ", ".join(row.name for row in TARGET_VARIABLES if row.name in given)
        note = f"{ignored}: ignored, because the file has targets of its own"
        return MergedConfig(settings.document, settings.names, (*settings.notes, note))
    return MergedConfig(
        document={**settings.document, "targets": [target.document]},
        names={**settings.names, **target.names},
        notes=settings.notes + target.notes,
    )


def find_misspelled(environ: Mapping[str, str]) -> list[str]:
    """Return a problem for each variable whose name is similar to a known one.

    Other unknown variables are no problem: Kubernetes adds some, such as WAEXPORTER_SERVICE_HOST.
    """
    names = [
        CONFIG_VARIABLE,
        WATCH_VARIABLE,
        SHARD_VARIABLE,
        *(row.name for row in (*TARGET_VARIABLES, *SETTING_VARIABLES, *LOGIN_VARIABLES)),
    ]
    known = [name for name in names if name.startswith(_PREFIX)]
    problems = []
    for name in sorted(set(environ) - set(known)):
        hint = suggestion(name, known, cutoff=0.9) if name.startswith(_PREFIX) else ""
        if hint:
            problems.append(f"{name}: unknown variable{hint}")
    return problems


def _merge_settings(document: Mapping[object, object], given: Mapping[str, str]) -> MergedConfig:
    result = dict(document)
    names, notes = {}, []
    for row in SETTING_VARIABLES:
        block_name, _, key = row.path.partition(".")
        block = result.get(block_name) or {}
        if row.name not in given or not isinstance(block, dict):
            continue
        value = row.convert(given[row.name])
        if key not in block:
            result[block_name] = {**block, key: value}
            names[row.path] = row.name
        elif block[key] != value:
            notes.append(f"{row.name}: ignored, because the file has {row.path}")
    return MergedConfig(result, names, tuple(notes))


def _merge_target(given: Mapping[str, str]) -> MergedConfig:
    """Build one entry of `targets`."""
    document: dict[object, object] = {}
    names = {f"targets[0].{row.path}": row.name for row in reversed(TARGET_VARIABLES)}
    notes = []
    for row in TARGET_VARIABLES:
        if row.name not in given:
            continue
        winner = None if row.name.startswith(_PREFIX) else _overriding_variable(row, given)
        if winner is None:
            _put(document, row.path, row.convert(given[row.name]))
            names[f"targets[0].{row.path}"] = row.name
        elif row.convert(given[row.name]) != given[winner]:
            notes.append(f"{row.name}: ignored, because {winner} is set")
    return MergedConfig(document, names, tuple(notes))


def _overriding_variable(of_meta: Variable, given: Mapping[str, str]) -> str | None:
    paths = (of_meta.path, f"{of_meta.path}_file")
    ours = (row.name for row in TARGET_VARIABLES if row.name.startswith(_PREFIX) and row.path in paths)
    return next((name for name in ours if name in given), None)


def _put(document: dict[object, object], path: str, value: object) -> None:
    block_name, dot, key = path.rpartition(".")
    if not dot:
        document[key] = value
        return
    block = document.setdefault(block_name, {})
    if isinstance(block, dict):
        block[key] = value
