"""POST /v1/users/login: the token that it gives, and when the token expires."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from waexporter.errors import BodyError
from waexporter.transport.lenient_json import as_list
from waexporter.whatsapp.documents.envelope import read_document
from waexporter.whatsapp.documents.values import read_time

_LONGEST_TOKEN = 8192  # letters; a web server refuses longer headers


def read_login(body: bytes) -> tuple[str, float | None]:
    """Read POST /v1/users/login: the token, and when it ends in seconds since the epoch, if that is said.

    Nothing but the token is needed, so nothing else can be wrong.
    """
    for session in _sessions(read_document(body, "users")["users"]):
        token = session.get("token")
        if isinstance(token, str) and _is_header_safe(token):
            return token, _time(session.get("expires_after"))
    raise BodyError("the answer to the login has no token in it")


def _sessions(users: object) -> list[dict[Any, Any]]:
    """List what may be sessions; a map may be the only one itself."""
    listed = as_list(users) or [users]
    return [each for each in listed if isinstance(each, dict)]


def _time(said: object) -> float | None:
    """Read a time, or None where none can be read: a number may count from anywhere, in any unit."""
    with suppress(BodyError):
        return read_time(said) if isinstance(said, str) else None
    return None


def _is_header_safe(text: str) -> bool:
    return 0 < len(text) <= _LONGEST_TOKEN and text.isascii() and text.isprintable()
