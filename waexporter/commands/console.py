"""The terminal, or whatever stands in its place: its streams, and questions to whoever sits there."""

from __future__ import annotations

import io
import os
import sys
import warnings
from contextlib import suppress
from getpass import GetPassWarning, getpass

from waexporter.errors import CommandError
from waexporter.model import Secret


def complete_streams() -> None:
    """Have all three streams there, and none that fails on a letter that it does not know."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        stream = getattr(sys, name)
        if stream is None:  # closed by whoever started this process
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: PTH123, SIM115 - a device, kept
        elif mode == "w" and isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def write_out(text: str = "") -> None:
    """Write a text to standard output and flush it; raise BrokenPipeError, or CommandError where it fails."""
    try:
        if text:  # else an unbuffered stream would be tried, too
            sys.stdout.write(text)
        sys.stdout.flush()
    except OSError as error:
        # What is left in the buffer has nowhere to go: not at the end of the process either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):
            raise
        raise CommandError(f"the output can't be written: {error.strerror or error}") from error


def ask_password(user: str) -> Secret:
    """Ask at the terminal, which need not be standard input; nothing is shown of the answer."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", GetPassWarning)  # it would be shown
            return Secret(getpass(f"password of {user}: "))
    except EOFError as error:  # somebody sits there, and said nothing
        raise CommandError(
            f"no password of {user} was given; it can be in a file, too: --admin-password-file FILE"
        ) from error
    except (OSError, GetPassWarning) as error:
        raise CommandError(
            f"no password of {user} was given, and without a terminal nobody can be asked for it: "
            "write it to a file and name that by --admin-password-file FILE"
        ) from error


def ask_yes(question: str) -> bool:
    """Ask for a yes or a no; no answer is a no."""
    with suppress(EOFError):
        return input(f"{question} [y/N] ").strip().lower() in {"y", "yes"}
    return False
