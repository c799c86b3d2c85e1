"""Keys whose value is a secret: given directly, or in a file that NAME_file names."""

from __future__ import annotations

import os.path
import re
from typing import TYPE_CHECKING

from waexporter.config.keys import HIDDEN, Key, Variable
from waexporter.config.values.characters import refuse_invisible
from waexporter.config.values.files import PIPE_TIMEOUT, read_text
from waexporter.config.values.scalars import string, text
from waexporter.model import Secret

if TYPE_CHECKING:
    from collections.abc import Callable

    from waexporter.config.keys import Reader
    from waexporter.config.section import Section

    Check = Callable[[str], str]
    Note = Callable[[str], None]

_LARGEST_FILE = 64 * 1024  # bytes
_BYTE_ORDER_MARK = "\ufeff"
_QUOTED = re.compile("([\"']).+\\1", re.DOTALL)
# Equals signs at the end are the padding of Base64.
_ASSIGNED = re.compile("(export )?[A-Z_][A-Z0-9_]*=(?!=*$)")


def read_secret(
    section: Section, key: str, check: Check = str, *, may_end_blank: bool = False
) -> Secret | None:
    """Read a secret from its key, or from the file that NAME_file names.

    White space at both ends is removed with a note, because no header can have it there. With
    `may_end_blank` it is kept.
    """
    file_key = f"{key}_file"
    inline = section.get(
        key,
        lambda value: Secret(
            check(
                clean_secret(
                    string(value), lambda words: section.add_note(key, words), may_end_blank=may_end_blank
                )
            )
        ),
        None,
    )
    from_file = section.get(
        file_key,
        lambda value: read_secret_file(
            section.resolve_file(text(value)),
            check,
            note=lambda words: section.add_note(file_key, words),
            may_end_blank=may_end_blank,
        ),
        None,
    )
    if section.has(key) and section.has(file_key):
        section.add_problem(file_key, f"{section.shown_name(key)} is given too; give one of them")
    return inline or from_file


def clean_secret(secret: str, note: Note, *, may_end_blank: bool = False) -> str:
    """Return a secret without byte order mark, line end and white space; call `note` about what is unusual.

    Raise ValueError for characters that can't be in a secret; its message never contains the secret.
    """
    line = secret.removeprefix(_BYTE_ORDER_MARK)
    if line != secret:
        note("begins with a byte order mark, which is left out")
    line = line.removesuffix("\n").removesuffix("\r")
    bare = line.strip()
    if not bare:
        raise ValueError("must not be empty")
    if not may_end_blank and bare != line:
        note("begins or ends with white space, which is left out")
        line = bare
    refuse_invisible(line)
    if bare != line:
        note("begins or ends with white space, which is kept: is it meant?")
    if any(character.isspace() and character != " " for character in bare):
        note("holds a character that looks like a space and is none: is it meant?")
    if _QUOTED.fullmatch(bare):
        note("is in quotes, which are kept: are they meant?")
    if _ASSIGNED.match(bare):
        note("begins with a name and an equals sign, which are kept: are they meant?")
    return line


def read_secret_file(
    path: str, check: Check = str, *, note: Note, may_end_blank: bool, timeout: float = PIPE_TIMEOUT
) -> Secret:
    """Read a secret from a file; raise ValueError with the path and the reason."""
    content = read_text(path, limit=_LARGEST_FILE, timeout=timeout)
    if not content.strip("\r\n\ufeff"):
        raise ValueError(f"{path} is empty")
    try:
        line = clean_secret(
            content, lambda words: note(f"what {path} holds {words}"), may_end_blank=may_end_blank
        )
        return Secret(check(line), path)
    except ValueError as error:
        raise ValueError(f"what {path} holds {error}") from None


def find_given(section: Section, key: str) -> str | None:
    """Return the key with which a secret is given: its own, or NAME_file; None if neither is there."""
    return next((name for name in (key, f"{key}_file") if section.has(name)), None)


def check_pair(section: Section) -> None:
    """Report a username without a password, and a password without a username."""
    password = find_given(section, "password")
    if section.has("username") and password is None:
        section.add_problem("password", f"is required with {section.shown_name('username')}")
    if password is not None and not section.has("username"):
        section.add_problem("username", f"is required with {section.shown_name(password)}")


def secret_key(  # noqa: PLR0913 - the row of a table
    name: str,
    meaning: str,
    check: Check = str,
    *,
    may_end_blank: bool = False,
    variables: tuple[str, ...] = (),
    read: Reader | None = None,
) -> Key:
    """Return the row of a secret, with NAME_file; its first variable has a NAME_FILE, too."""
    files = [Variable(f"{first}_FILE", os.path.abspath, path=f"{name}_file") for first in variables[:1]]
    return Key(
        name,
        read or (lambda section, key, _: read_secret(section, key, check, may_end_blank=may_end_blank)),
        meaning,
        write=lambda secret: HIDDEN if secret else None,
        variables=(*map(Variable, variables[:1]), *files, *map(Variable, variables[1:])),
        has_file=True,
    )
