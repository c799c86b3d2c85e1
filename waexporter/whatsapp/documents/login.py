"""POST /v1/users/login: the new token, and when it expires."""

from __future__ import annotations

from contextlib import suppress

from waexporter.errors import BodyError
from waexporter.transport.lenient_json import list_maps
from waexporter.whatsapp.documents.envelope import read_document
from waexporter.whatsapp.documents.values import read_time

_MAX_TOKEN = 8192  # characters; a web server refuses longer headers


def read_login(body: bytes) -> tuple[str, float | None]:
    """Read POST /v1/users/login: the token, and when it expires, in seconds since the epoch; None: not known.

    Only the token is required; errors in other parts of the answer are ignored.
    """
    for session in list_maps(read_document(body, "users")["users"]):
        token = session.get("token")
        if isinstance(token, str) and _is_header_safe(token):
            return token, _time(session.get("expires_after"))
    raise BodyError("the answer to the login has no token in it")


def _time(value: object) -> float | None:
    """Read a time; None for anything else, such as a number, whose unit and epoch are not known."""
    with suppress(BodyError):
        return read_time(value) if isinstance(value, str) else None
    return None


def _is_header_safe(text: str) -> bool:
    return 0 < len(text) <= _MAX_TOKEN and text.isascii() and text.isprintable()
