"""The part of docs/commands.md that lists every command with its options; `make docs` writes it."""

from __future__ import annotations

import argparse
import importlib
from typing import TYPE_CHECKING

from waexporter.commands import COMMANDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from waexporter.commands import Entry


def write_commands() -> str:
    """Return a section for each command."""
    return "\n\n".join("\n".join(_section(name, entry)) for name, entry in COMMANDS.items())


def _section(name: str, entry: Entry) -> Iterator[str]:
    parser = argparse.ArgumentParser(prog=f"waexporter {name}", add_help=False)
    importlib.import_module(f"waexporter.commands.{entry.module}").add_arguments(parser)
    actions = list(parser._actions)  # noqa: SLF001 - argparse has no other way to list them
    words = [f"waexporter {name}", *(_usage(each) for each in actions if not each.option_strings)]
    yield f"## `{' '.join(words)}`"
    yield ""
    yield f"{entry.summary[0].upper()}{entry.summary[1:]}."
    if actions:
        yield ""
        yield "| option | meaning |"
        yield "|---|---|"
    for action in actions:
        yield f"| {_names(action)} | {_meaning(action)} |"


def _usage(action: argparse.Action) -> str:
    name = _value(action)
    return f"[{name}]" if action.nargs in {"?", "*"} else name


def _value(action: argparse.Action) -> str:
    if action.nargs == 0:
        return ""
    if isinstance(action.metavar, str):
        return action.metavar
    return "|".join(map(str, action.choices)) if action.choices else action.dest.upper()


def _names(action: argparse.Action) -> str:
    if not action.option_strings:
        return f"`{_value(action)}`"
    value = _value(action).replace("|", "\\|")
    return ", ".join(f"`{name} {value}`" if value else f"`{name}`" for name in action.option_strings)


def _meaning(action: argparse.Action) -> str:
    words = (action.help or "") % {"default": action.default, "prog": "waexporter"}
    needed = " (needed)" if action.required and action.option_strings else ""
    return words.replace("|", "\\|").replace("<", "&lt;") + needed
