"""A command has all of its places, and a forgotten one is named."""

from __future__ import annotations

import importlib
from pathlib import Path

from tests.commands.test_every_command import ROWS
from tests.markdown import README, SPAN, part, rows
from tests.places import hold
from waexporter import commands
from waexporter.commands import COMMANDS, GROUPS

HERE = Path(__file__).parent
PACKAGE = Path(commands.__file__).parent


def file_name(command: str) -> str:
    return command.replace(" ", "_").replace("-", "_")


def modules_with(function: str) -> set[str]:
    """Return the names of the modules of the package that have this function."""
    return {
        file.stem
        for file in PACKAGE.glob("*.py")
        if hasattr(importlib.import_module(f"waexporter.commands.{file.stem}"), function)
    }


def test_every_command_has_its_module() -> None:
    hold(
        map(file_name, COMMANDS),
        modules_with("add_arguments"),
        add="Write waexporter/commands/<group>_<command>.py with `add_arguments` and `run`.",
        remove="Add the command to COMMANDS in waexporter/commands/__init__.py, or remove its module.",
    )
    wrong = [name for name, entry in COMMANDS.items() if entry.module != file_name(name)]

    assert not wrong, f"the entries of these commands in COMMANDS name another module: {wrong}"


def test_every_module_of_a_command_can_be_run() -> None:
    hold(
        [entry.module for entry in COMMANDS.values()],
        modules_with("run"),
        add="Write a function `run(options, environ)` in its module, which returns the exit code.",
        remove="Add the command to COMMANDS in waexporter/commands/__init__.py.",
    )


def test_every_group_has_a_summary() -> None:
    hold(
        {name.rpartition(" ")[0] for name in COMMANDS} - {"", *COMMANDS},
        GROUPS,
        add="Add the summary of the group to GROUPS in waexporter/commands/__init__.py.",
        remove="Take the group out of GROUPS in waexporter/commands/__init__.py: it has no command.",
    )


def test_every_command_has_its_tests() -> None:
    modules = {entry.module for entry in COMMANDS.values()}
    missing = {name for name in modules if not (HERE / f"test_{name}.py").exists()}

    hold(
        modules,
        modules - missing,
        add="Write tests/commands/test_<group>_<command>.py.",
        remove="",
    )


def test_every_command_is_run_without_a_terminal_and_with_a_full_disk() -> None:
    hold(
        COMMANDS,
        ROWS,
        add="Add a row to ROWS in tests/commands/test_every_command.py, which says how it is called.",
        remove="Take the row out of ROWS in tests/commands/test_every_command.py.",
    )


def test_every_command_is_in_the_readme() -> None:
    spans = [span.split()[1:] for row in rows(part(README, "Commands")) for span in SPAN.findall(row[0])]
    listed = {" ".join(words[:2]) if " ".join(words[:2]) in COMMANDS else words[0] for words in spans}

    hold(
        COMMANDS,
        listed,
        add="Add a row to the table of commands in README.md.",
        remove="Take the row out of the table of commands in README.md: there is no such command.",
    )
