"""The command line: arguments -> command -> exit code."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NoReturn

from waexporter import __version__
from waexporter.commands import COMMANDS, GROUPS, Entry
from waexporter.commands.console import complete_streams, warn, write_out
from waexporter.commands.process import FAILED, INTERRUPTED, USAGE_ERROR, exit_despite_threads
from waexporter.errors import CommandError, ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from _typeshed import SupportsWrite

_DESCRIPTION = """\
Prometheus exporter and health agent for the WhatsApp Business On-Premises API.

Try it in a minute:   waexporter demo
One client, no file:  WAEXPORTER_TARGET_URL=https://wa.example:9090 WAEXPORTER_API_KEY=... waexporter run
Why is it unwell?     waexporter probe https://wa.example:9090
Why does it say so?   waexporter why support-line
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    complete_streams()
    try:
        return _run(_parse(arguments))
    except CommandError as error:  # of the help; `_run` handles those of a command
        warn(str(error))
        return FAILED
    except KeyboardInterrupt:
        with suppress(OSError):
            warn("interrupted: it has not come to its end")
        exit_despite_threads(INTERRUPTED)
        return INTERRUPTED
    except BrokenPipeError:
        return FAILED  # the reader of the output has closed it


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    try:
        return build_parser().parse_args(arguments)
    finally:
        write_out()  # flush a help text here, where an error is handled


def _run(options: argparse.Namespace) -> int:
    try:
        return int(options.run(options, os.environ))
    except ConfigError as error:
        for problem in error.problems:
            warn(problem)
        return int(options.entry.usage_error)
    except CommandError as error:
        warn(str(error))
        return int(options.entry.command_error)


class _Parser(argparse.ArgumentParser):
    """A parser; that of a command imports the command's module only when it parses."""

    usage_error = USAGE_ERROR
    entry: Entry | None = None
    command: _Parser | None = None  # the command that this one belongs to, as `pages why` to `pages`

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:  # noqa: ANN401 - as in argparse
        if self.entry is not None:
            entry, self.entry = self.entry, None
            module = importlib.import_module(f"waexporter.commands.{entry.module}")
            module.add_arguments(self)
            self._keep_options_of_command()
            self.set_defaults(run=module.run, entry=entry)
        return super().parse_known_args(args, namespace)

    @property
    def destinations(self) -> set[str]:
        """The names of the values that the options and arguments set."""
        return {action.dest for action in self._actions}

    def _keep_options_of_command(self) -> None:
        """Keep the value of an option that was given before this command's own name."""
        known = set() if self.command is None else self.command.destinations
        for action in self._actions:
            if action.dest in known and action.dest != "help":
                action.default = argparse.SUPPRESS

    def print_help(self, file: SupportsWrite[str] | None = None) -> None:
        """Write the help text; unlike argparse, raise an error when it can't be written."""
        if file is None:
            write_out(self.format_help())
        else:
            super().print_help(file)

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(self.usage_error, f"{self.prog}: error: {message}\n")


def build_parser() -> argparse.ArgumentParser:
    """Build the parser; the options that it returns have the command's function `run` and its `entry`."""
    parser = _Parser(
        prog="waexporter", description=_DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--version", action="version", version=f"waexporter {__version__}")
    subparsers = {"": parser.add_subparsers(title="commands", required=True, metavar="COMMAND")}
    commands: dict[str, _Parser] = {}
    for name, entry in COMMANDS.items():
        group_name, _, last = name.rpartition(" ")
        above = commands.get(group_name)
        if group_name not in subparsers:
            group = above or _add_parser(subparsers[""], group_name, GROUPS[group_name])
            # A group is no command, but a command may have others below it.
            subparsers[group_name] = group.add_subparsers(
                title="commands", required=above is None, metavar="COMMAND"
            )
        command = commands[name] = _add_parser(subparsers[group_name], last, entry.summary)
        command.command = above
        command.entry, command.usage_error = entry, entry.usage_error
    return parser


def _add_parser(subparsers: argparse._SubParsersAction[_Parser], name: str, summary: str) -> _Parser:
    return subparsers.add_parser(name, help=summary, description=summary[0].upper() + summary[1:] + ".")
