"""What a target is shown as proof of identity, in place or from a file."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from waexporter.config.files import read_text
from waexporter.config.scalars import text
from waexporter.model import Auth, Secret

if TYPE_CHECKING:
    from collections.abc import Callable

    from waexporter.config.section import Section

_LARGEST_FILE = 64 * 1024
_API_KEY = re.compile("[!-~]+")
_SHORTEST_KEY, _LONGEST_KEY = 12, 128


def read_auth(target: Section) -> Auth:
    """Read the block `auth` of a target."""
    with target.section("auth") as auth:
        read = Auth(
            api_key=read_secret(auth, "api_key", _api_key),
            username=auth.take("username", _username, None),
            password=read_secret(auth, "password", text),
        )
        _check_pair(auth)
        return read


def read_secret(section: Section, key: str, check: Callable[[str], str]) -> Secret | None:
    """Take a secret from its key or from the file that its twin names."""
    twin = f"{key}_file"
    here = section.take(key, lambda value: Secret(check(text(value))), None)
    there = section.take(twin, lambda value: _from_file(section.resolve(text(value)), check), None)
    if section.has(key) and section.has(twin):
        section.problem(twin, f"{section.name(key)} is given too; give one of them")
    return here or there


def _from_file(path: str, check: Callable[[str], str]) -> Secret:
    content = read_text(path, limit=_LARGEST_FILE)
    line = content.removesuffix("\n").removesuffix("\r")
    if not line:
        raise ValueError(f"{path} is empty")
    try:
        return Secret(check(line))
    except ValueError as error:
        raise ValueError(f"what {path} holds {error}") from None


def _check_pair(auth: Section) -> None:
    has_password = auth.has("password") or auth.has("password_file")
    if auth.has("username") and not has_password:
        auth.problem("password", f"is required with {auth.name('username')}")
    if has_password and not auth.has("username"):
        given = "password" if auth.has("password") else "password_file"
        auth.problem("username", f"is required with {auth.name(given)}")


def _username(value: object) -> str:
    if ":" in text(value):
        raise ValueError('must not hold ":", which ends the name in Basic authentication')
    return text(value)


def _api_key(key: str) -> str:
    if not _SHORTEST_KEY <= len(key) <= _LONGEST_KEY:
        raise ValueError(f"must be {_SHORTEST_KEY} to {_LONGEST_KEY} characters long")
    if _API_KEY.fullmatch(key) is None:
        raise ValueError("must be visible ASCII characters without blanks")
    return key
