"""Secrets, in place or from a file, and what a target or a proxy is shown as proof of identity."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from waexporter.config.characters import refuse_unseen
from waexporter.config.files import PATIENCE, read_text
from waexporter.config.scalars import string, text, visible
from waexporter.model import Credentials, ProxyAuth, Secret

if TYPE_CHECKING:
    from collections.abc import Callable

    from waexporter.config.section import Section

    Check = Callable[[str], str]
    Say = Callable[[str], None]

_LARGEST_FILE = 64 * 1024
_VISIBLE = re.compile("[!-~]+")
_SHORTEST_KEY, _LONGEST_KEY = 12, 128
_LONGEST_TOKEN = 8192  # letters; a web server refuses longer headers
_BYTE_ORDER_MARK = "\ufeff"
_QUOTED = re.compile("([\"']).+\\1", re.DOTALL)
# Equals signs at the end are the padding of Base64.
_ASSIGNED = re.compile("(export )?[A-Z_][A-Z0-9_]*=(?!=*$)")
_HEADER = re.compile("[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
# What the program, HTTP itself, or a proxy in between has to say in these, and in all that begin so.
_TAKEN = """
accept age allow alt-svc alt-used authentication-info cache-control connection cookie cookie2 date
early-data etag expect expires forwarded from host http2-settings keep-alive last-modified link location
max-forwards origin pragma priority range referer retry-after server set-cookie set-cookie2 te trailer
transfer-encoding upgrade user-agent vary via warning www-authenticate x-http-method
x-http-method-override x-method-override x-real-ip
"""
_TAKEN_HEADERS = frozenset(_TAKEN.split())
_TAKEN_FAMILIES = ("accept-", "access-control-", "content-", "if-", "proxy-", "sec-", "x-forwarded-")


# --- secrets -----------------------------------------------------------------------------------


def read_secret(
    section: Section, key: str, check: Check = str, *, may_end_blank: bool = False
) -> Secret | None:
    """Take a secret from its key or from the file that its twin names.

    White space at its ends is left out, with a note, unless it might be meant: no header carries any there.
    """
    twin = f"{key}_file"
    here = section.take(
        key,
        lambda value: Secret(
            check(clean(string(value), lambda words: section.note(key, words), may_end_blank=may_end_blank))
        ),
        None,
    )
    there = section.take(
        twin,
        lambda value: secret_of_file(
            section.resolve(text(value)),
            check,
            say=lambda words: section.note(twin, words),
            may_end_blank=may_end_blank,
        ),
        None,
    )
    if section.has(key) and section.has(twin):
        section.problem(twin, f"{section.name(key)} is given too; give one of them")
    return here or there


def clean(secret: str, say: Say, *, may_end_blank: bool = False) -> str:
    """Give a secret without what can't be meant and can't be seen; `say` is told what a person should know.

    ValueError names what can't be in a secret, never the secret.
    """
    line = secret.removeprefix(_BYTE_ORDER_MARK)
    if line != secret:
        say("begins with a byte order mark, which is left out")
    line = line.removesuffix("\n").removesuffix("\r")
    bare = line.strip()
    if not bare:
        raise ValueError("must not be empty")
    if not may_end_blank and bare != line:
        say("begins or ends with white space, which is left out")
        line = bare
    refuse_unseen(line)
    if bare != line:
        say("begins or ends with white space, which is kept: is it meant?")
    if any(character.isspace() and character != " " for character in bare):
        say("holds a character that looks like a space and is none: is it meant?")
    if _QUOTED.fullmatch(bare):
        say("is in quotes, which are kept: are they meant?")
    if _ASSIGNED.match(bare):
        say("begins with a name and an equals sign, which are kept: are they meant?")
    return line


def reread(name: str, old: Secret) -> Secret | None:
    """Read a secret of the block `auth` again from its file; None where it came from none.

    Raises ValueError where the file gives none that could be used.
    """
    if old.file is None:
        return None
    is_password = name == "password"
    check = str if is_password else _token
    # A pipe is empty by now, and nobody waits for it.
    return secret_of_file(old.file, check, say=lambda _: None, may_end_blank=is_password, patience=0.0)


def secret_of_file(
    path: str, check: Check = str, *, say: Say, may_end_blank: bool, patience: float = PATIENCE
) -> Secret:
    """Read a secret from a file of its own; ValueError says in a sentence, with the path, why not."""
    content = read_text(path, limit=_LARGEST_FILE, patience=patience)
    if not content.strip("\r\n\ufeff"):
        raise ValueError(f"{path} is empty")
    try:
        line = clean(content, lambda words: say(f"what {path} holds {words}"), may_end_blank=may_end_blank)
        return Secret(check(line), path)
    except ValueError as error:
        raise ValueError(f"what {path} holds {error}") from None


# --- proofs of identity ------------------------------------------------------------------------


def read_auth(target: Section) -> Credentials:
    """Read the block `auth` of a target."""
    with target.section("auth") as auth:
        read = Credentials(
            # A key in a header of its own is whatever the one who reads that header gives out.
            api_key=read_secret(auth, "api_key", _token if auth.has("header") else _api_key),
            username=auth.take("username", _username, None),
            password=read_secret(auth, "password", may_end_blank=True),
            bearer_token=read_secret(auth, "bearer_token", _token),
            header=auth.take("header", _header, None),
        )
        _check_pair(auth)
        _check_token(auth)
        return read


def read_proxy_auth(target: Section) -> ProxyAuth | None:
    """Read the block `proxy_auth` of a target; None where there is none."""
    with target.section("proxy_auth") as auth:
        username = auth.take("username", _username, None)
        password = read_secret(auth, "password", may_end_blank=True)
        _check_pair(auth)
        if username is None or password is None:
            return None
        if not target.has("proxy_url"):
            target.problem("proxy_url", f"is required with {_proxy_auth_as_given(auth)}")
        return ProxyAuth(username, password)


def _proxy_auth_as_given(auth: Section) -> str:
    names = [(key, auth.name(key)) for key in ("username", "password", "password_file") if auth.has(key)]
    return " and ".join(name for key, name in names if name != key) or "proxy_auth"


def _check_pair(auth: Section) -> None:
    has_password = auth.has("password") or auth.has("password_file")
    if auth.has("username") and not has_password:
        auth.problem("password", f"is required with {auth.name('username')}")
    if has_password and not auth.has("username"):
        given = "password" if auth.has("password") else "password_file"
        auth.problem("username", f"is required with {auth.name(given)}")


def _check_token(auth: Section) -> None:
    keys = [key for key in ("api_key", "api_key_file") if auth.has(key)]
    if auth.has("header") and not keys:
        auth.problem("api_key", f"is required with {auth.name('header')}")
    given = next((key for key in ("bearer_token", "bearer_token_file") if auth.has(key)), None)
    others = [key for key in ("username", "password", "password_file", "header") if auth.has(key)]
    if given and (keys or others):
        rival = auth.name((keys + others)[0])
        auth.problem(given, f"{rival} is given too; a token needs nothing beside it")


def _username(value: object) -> str:
    name = visible(value)
    if ":" in name:
        raise ValueError('must not hold ":", which ends the name in Basic authentication')
    return name


def _api_key(key: str) -> str:
    if not _SHORTEST_KEY <= len(key) <= _LONGEST_KEY:
        raise ValueError(f"must be {_SHORTEST_KEY} to {_LONGEST_KEY} characters long")
    return _visible(key)


def _token(token: str) -> str:
    scheme, blank, _ = token.partition(" ")
    if blank and scheme.lower() in {"bearer", "apikey"}:
        raise ValueError(f"must not begin with the word {scheme}, which is sent before it")
    if len(token) > _LONGEST_TOKEN:
        raise ValueError(f"must be at most {_LONGEST_TOKEN} characters long")
    return _visible(token)


def _visible(token: str) -> str:
    if _VISIBLE.fullmatch(token) is None:
        raise ValueError("must be visible ASCII characters without spaces")
    return token


def _header(value: object) -> str:
    name = text(value)
    if _HEADER.fullmatch(name) is None:
        raise ValueError("must be the name of a header, such as D360-API-KEY")
    if name.lower() in _TAKEN_HEADERS or name.lower().startswith(_TAKEN_FAMILIES):
        raise ValueError("must not be a header that means something to HTTP itself or to a proxy")
    return name
