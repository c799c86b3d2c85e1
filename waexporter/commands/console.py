"""Standard streams and the terminal: output, warnings, progress and questions."""

from __future__ import annotations

import getpass
import io
import os
import sys
import warnings
from contextlib import suppress
from typing import TYPE_CHECKING

from waexporter.errors import CommandError
from waexporter.model import Secret

if TYPE_CHECKING:
    from collections.abc import Callable

    Write = Callable[[str], None]  # of one line

# --- streams -----------------------------------------------------------------------------------


def complete_streams() -> None:
    """Open the standard streams that are closed, and make output never fail on a character."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        stream = getattr(sys, name)
        if stream is None:  # closed by the parent process
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: PTH123, SIM115 - a device, kept
        elif mode == "w" and isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def write_out(text: str = "") -> None:
    """Write a text to standard output and flush it; raise BrokenPipeError, or else CommandError."""
    try:
        if text:  # else an unbuffered stream would be tried, too
            sys.stdout.write(text)
        sys.stdout.flush()
    except OSError as error:
        # Discards the rest of the buffer, or Python would try to write it at the end of the process.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):
            raise
        raise CommandError(f"the output can't be written: {error.strerror or error}") from error


def write(line: str) -> None:
    """Write a line to standard output."""
    write_out(f"{line}\n")


def warn(line: str) -> None:
    """Write a line to standard error."""
    print(line, file=sys.stderr, flush=True)  # noqa: T201 - the one place that prints


def show_progress(what: str) -> None:
    """Show on a terminal what the command waits for; the next line overwrites it."""
    if sys.stdout.isatty():
        write_out(f"{what} ...\r")


# --- questions ---------------------------------------------------------------------------------


def ask_password(user: str) -> Secret:
    """Ask for a password at the terminal, without showing it; standard input may be another file."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", getpass.GetPassWarning)  # it would be shown
            return Secret(getpass.getpass(f"password of {user}: "))
    except EOFError as error:  # Ctrl-D
        raise CommandError(
            f"no password of {user} was given; it can be in a file, too: --admin-password-file FILE"
        ) from error
    except (OSError, getpass.GetPassWarning) as error:
        raise CommandError(
            f"no password of {user} was given, and without a terminal nobody can be asked for it: "
            "write it to a file and name that by --admin-password-file FILE"
        ) from error


def confirm(question: str) -> bool:
    """Ask a yes-or-no question; no answer means no."""
    with suppress(EOFError):
        return input(f"{question} [y/N] ").strip().lower() in {"y", "yes"}
    return False
