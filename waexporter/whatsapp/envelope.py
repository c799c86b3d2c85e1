"""What every answer of the API has around its document: a status, and maybe `errors[]`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import msgspec

from waexporter.errors import BodyError, RefusedError, StatusError
from waexporter.model import Reason

if TYPE_CHECKING:
    from collections.abc import Iterable

    from waexporter.whatsapp.exchange import Reply

# What the decoder raises for bytes that are not the document. Its texts quote shapes, never values.
UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)

_Shape = TypeVar("_Shape")
_TOO_MANY_REQUESTS = 1015
_LONGEST_ERRORS = 65536  # bytes; a few sentences are wanted, not millions of them


class _Envelope(msgspec.Struct):
    errors: msgspec.Raw = msgspec.Raw(b"null")


_ENVELOPE = msgspec.json.Decoder(_Envelope)
_ANYTHING = msgspec.json.Decoder()


@dataclass(frozen=True, slots=True)
class ApiFault:
    """One entry of `errors[]`."""

    code: int | None
    text: str


def check(reply: Reply) -> None:
    """Raise the ApiError that a reply amounts to, if it is not a 2xx free of `errors`."""
    if reply.status >= HTTPStatus.BAD_REQUEST:
        _raise_status(reply)
    if reply.status >= HTTPStatus.MULTIPLE_CHOICES:
        where = f" to {_place(reply.location)}" if reply.location else ""
        message = f"answered {reply.status}, a redirect{where}; redirects are not followed: correct the url"
        raise StatusError(message, status=reply.status)
    if reply.status < HTTPStatus.OK:
        raise StatusError(f"answered {reply.status}, which ends no request", status=reply.status)
    # A cheap look first: documents are large, and the envelope's key is never inside a string unescaped.
    if b'"errors"' in reply.body and (faults := read_errors(reply.body)):
        message = f"answered {reply.status} with errors: {join_faults(faults)}"
        raise BodyError(message, code=faults[0].code, status=reply.status)


def read_errors(body: bytes) -> tuple[ApiFault, ...]:
    """Read the `errors[]` of the envelope; empty when there are none or the body is something else."""
    try:
        errors = _ENVELOPE.decode(body).errors
        if len(bytes(errors)) > _LONGEST_ERRORS:
            return (ApiFault(None, f"{len(bytes(errors))} bytes of errors"),)
        return list_faults(_ANYTHING.decode(errors))
    except UNREADABLE:
        return ()


def list_faults(errors: object) -> tuple[ApiFault, ...]:
    """Take the entries of `errors[]` that can be understood."""
    if not isinstance(errors, list):
        return ()
    return tuple(_fault(item) for item in errors if isinstance(item, dict))


def _fault(item: dict[Any, Any]) -> ApiFault:
    words = [text for key in ("title", "details") if (text := text_of(item.get(key)))]
    return ApiFault(_code(item.get("code")), ": ".join(words) or "no words given")


def _code(said: object) -> int | None:
    """Read an error code, which is a small number or the text of one."""
    if isinstance(said, str) and re.fullmatch("[0-9]{1,9}", said):
        return int(said)
    return said if type(said) is int and abs(said) < 10**9 else None


def join_faults(faults: Iterable[ApiFault]) -> str:
    """Say in one line what the first few faults are."""
    return "; ".join(
        f"{'no code' if fault.code is None else fault.code} {fault.text}" for fault in list(faults)[:3]
    )


def _raise_status(reply: Reply) -> NoReturn:
    faults = read_errors(reply.body)
    what = join_faults(faults) if faults else f"no error of the API in it, but {_describe(reply)}"
    message = f"answered {reply.status}: {what}"
    code = faults[0].code if faults else None
    if reply.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        raise RefusedError(message, code=code, status=reply.status)
    limited = reply.status == HTTPStatus.TOO_MANY_REQUESTS or code == _TOO_MANY_REQUESTS
    reason = Reason.RATE_LIMITED if limited else Reason.STATUS
    raise StatusError(message, reason=reason, code=code, status=reply.status)


def _place(location: str) -> str:
    """Give where a redirect leads without what may be secret: a user, a query, a fragment."""
    return printable(re.sub("//[^/]*@", "//", re.split("[?#]", location, maxsplit=1)[0]))


def _describe(reply: Reply) -> str:
    kind = printable(reply.content_type) or "an unknown type"
    return f"{len(reply.body)} bytes of {kind}" if reply.body else "an empty body"


def printable(text: str, limit: int = 200) -> str:
    """Make foreign text fit to be logged and shown: on one line, and not long."""
    clean = "".join(letter if letter.isprintable() else " " for letter in text[: limit + 1])
    return clean if len(clean) <= limit else clean[:limit] + "…"


def text_of(value: object) -> str:
    """Give a text of the document fit to be shown; empty when it is no text."""
    return printable(value) if isinstance(value, str) else ""


def decode(body: bytes, decoder: msgspec.json.Decoder[_Shape]) -> _Shape:
    """Decode a document of an agreed shape; raises BodyError when it is something else.

    Decoders are made when their module is imported: msgspec takes a type apart at its first use, and where
    two threads do that at once the process ends by a segmentation fault (seen with msgspec 0.22).
    """
    try:
        return decoder.decode(body)
    except UNREADABLE as error:
        raise BodyError(_explain(body, error)) from error


def _explain(body: bytes, error: Exception) -> str:
    start = body[:64].lstrip().lower()
    if not start:
        return "the answer is empty"
    if start.startswith((b"<!doctype", b"<html", b"<?xml", b"<")):
        return "the answer is a web page, not JSON: does the url lead to the webapp?"
    if isinstance(error, msgspec.ValidationError):
        return f"the answer is not the agreed document: {printable(str(error))}"
    return f"the answer is not JSON: {printable(str(error))}"
