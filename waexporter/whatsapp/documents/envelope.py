"""The parts that all answers of the API share: a status, and possibly `errors[]`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from waexporter.errors import ApiError, BodyError, RefusedError, StatusError
from waexporter.model import Reason
from waexporter.transport.lenient_json import DECODE_ERRORS, as_list, json_type, parse, printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from waexporter.transport.exchange import Reply

_Shape = TypeVar("_Shape")
_MAX_ERRORS_SIZE = 65536  # bytes; only the first few errors are shown
_MAX_ERRORS = 100
# One of these keys means that the API itself answered, even if the answer is cut off or malformed.
_KEYS_OF_THE_API = (b'"errors"', b'"meta"', b'"health"')
_MAX_CODE = 10**9
# The statuses that the API documents for its codes, the usual one first. The code takes precedence over the
# status of the answer: some versions and gateways answer everything with 200, others with 500.
_STATUSES: Mapping[int, tuple[int, ...]] = {
    **dict.fromkeys((1001, 1002, 1003, 1008, 1009, 1010, 1013, 1019, 1020, 1021, 1025), (400,)),
    **dict.fromkeys((1000, 1011, 1014, 1017, 1018, 1023), (500,)),
    1004: (409,),
    1005: (401, 403),
    1006: (404,),
    1007: (403,),
    1012: (404,),
    1015: (429,),
    1016: (503,),
    1022: (412,),
    1024: (401,),
    1026: (501,),
}


class _Envelope(msgspec.Struct):
    errors: msgspec.Raw = msgspec.Raw(b"null")


# Decoders are built when their module is imported: msgspec inspects a type at its first use, and if two
# threads do that at once, the process ends by a segmentation fault (seen with msgspec 0.22).
_ENVELOPE = msgspec.json.Decoder(_Envelope)
_ANYTHING: msgspec.json.Decoder[object] = msgspec.json.Decoder()


@dataclass(frozen=True, slots=True)
class ApiFault:
    """One entry of `errors[]`."""

    code: int | None
    text: str


def check(reply: Reply) -> None:
    """Raise an ApiError for every reply that is not a 2xx without `errors`."""
    faults = _faults_of(reply)
    if faults:
        raise _error_of(reply, faults)
    if reply.status >= HTTPStatus.BAD_REQUEST:
        message = f"answered {reply.status}: no error of the API in it, but {_describe(reply)}"
        error = _error_with_status(message, reply.status, None, reply.retry_after)
        error.is_foreign = not any(key in reply.body for key in _KEYS_OF_THE_API)
        raise error
    if reply.status >= HTTPStatus.MULTIPLE_CHOICES:
        where = f" to {_redact_location(reply.location)}" if reply.location else ""
        message = f"answered {reply.status}, a redirect{where}; redirects are not followed: correct the url"
        raise StatusError(message, status=reply.status)
    if reply.status < HTTPStatus.OK:
        raise StatusError(f"answered {reply.status}, which ends no request", status=reply.status)


def status_of(reply: Reply) -> int:
    """Return the status that a reply means: that of the error code in it, or else its own."""
    return _status(reply, _code_of(_faults_of(reply)))


def is_refused(reply: Reply) -> bool:
    """Return whether a reply refuses the credentials of its request."""
    return status_of(reply) in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}


def _faults_of(reply: Reply) -> tuple[ApiFault, ...]:
    """Return the errors in a reply; none in a redirect, which comes from a gateway."""
    if HTTPStatus.MULTIPLE_CHOICES <= reply.status < HTTPStatus.BAD_REQUEST:
        return ()
    # A cheap test comes first: documents are large, and within a string the key's quotes would be escaped.
    return read_errors(reply.body) if b'"errors"' in reply.body else ()


def _code_of(faults: Iterable[ApiFault]) -> int | None:
    return next((fault.code for fault in faults if fault.code is not None), None)


def _status(reply: Reply, code: int | None) -> int:
    documented = _STATUSES.get(code or 0, (reply.status,))
    return reply.status if reply.status in documented else documented[0]


def _error_of(reply: Reply, faults: tuple[ApiFault, ...]) -> ApiError:
    code = _code_of(faults)
    status = _status(reply, code)
    if reply.status >= HTTPStatus.BAD_REQUEST:
        message = f"answered {reply.status}: {join_faults(faults)}"
        return _error_with_status(message, status, code, reply.retry_after)
    message = f"answered {reply.status} with errors: {join_faults(faults)}"
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS}:
        return _error_with_status(message, status, code, reply.retry_after)
    return BodyError(message, code=code, status=status)


def _error_with_status(message: str, status: int, code: int | None, retry_after: float | None) -> ApiError:
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        return RefusedError(message, code=code, status=status)
    reason = Reason.RATE_LIMITED if status == HTTPStatus.TOO_MANY_REQUESTS else Reason.STATUS
    return StatusError(message, reason=reason, code=code, status=status, retry_after=retry_after)


def read_errors(body: bytes) -> tuple[ApiFault, ...]:
    """Read the `errors[]` of a body; return an empty tuple if it has none."""
    try:
        errors = _ENVELOPE.decode(body).errors
        if len(bytes(errors)) > _MAX_ERRORS_SIZE:
            return (ApiFault(None, f"{len(bytes(errors))} bytes of errors"),)
        return list_faults(_ANYTHING.decode(errors))
    except DECODE_ERRORS:
        document = parse(body, "errors") or {}
        return list_faults(document.get("errors"))[:_MAX_ERRORS]


def list_faults(errors: object) -> tuple[ApiFault, ...]:
    """Return the entries of `errors[]` that can be read."""
    if isinstance(errors, dict) and "code" in errors:
        errors = [errors]
    return tuple(_fault(item) for item in as_list(errors) or () if item and isinstance(item, dict | str))


def _fault(item: dict[Any, Any] | str) -> ApiFault:
    if isinstance(item, str):
        return ApiFault(None, printable(item))
    words = [text for key in ("title", "details") if (text := text_of(item.get(key)))]
    return ApiFault(_code(item.get("code")), ": ".join(words) or "no words given")


def _code(value: object) -> int | None:
    """Read an error code, which is a small number, or a string of one."""
    if isinstance(value, str) and re.fullmatch("[0-9]{1,9}", value):
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < _MAX_CODE:
        return None
    return int(value) if value == int(value) else None


def join_faults(faults: Iterable[ApiFault]) -> str:
    """Return the first faults in one line."""
    return "; ".join(
        f"{'no code' if fault.code is None else fault.code} {fault.text}" for fault in list(faults)[:3]
    )


def _redact_location(location: str) -> str:
    """Return the location of a redirect without its parts that may be secret: user, query and fragment."""
    return printable(re.sub("//[^/]*@", "//", re.split("[?#]", location, maxsplit=1)[0]))


def _describe(reply: Reply) -> str:
    content_type = printable(reply.content_type) or "an unknown type"
    return f"{len(reply.body)} bytes of {content_type}" if reply.body else "an empty body"


def text_of(value: object) -> str:
    """Return a string of a document in a form that can be shown; an empty one if it is no string."""
    return printable(value) if isinstance(value, str) else ""


def read_document(body: bytes, key: str) -> dict[str, Any]:
    """Return the document in `body` that has `key` at its top; raise BodyError if there is none."""
    document = parse(body, key)
    if document is not None:
        return document
    found = decode(body, _ANYTHING)
    if isinstance(found, dict):
        raise BodyError(f"the answer has no {key!r} in it")
    raise BodyError(f"the answer is not the agreed document: {json_type(found)}, not a map")


def decode(body: bytes, decoder: msgspec.json.Decoder[_Shape]) -> _Shape:
    """Decode a document of a given shape; raise BodyError if it has another shape."""
    try:
        return decoder.decode(body)
    except DECODE_ERRORS as error:
        raise BodyError(_explain(body, error)) from error


def _explain(body: bytes, error: Exception) -> str:
    start = body[:64].lstrip().lower()
    if not start:
        return "the answer is empty"
    if start.startswith(b"<"):
        return "the answer is a web page, not JSON: does the url lead to the webapp?"
    if isinstance(error, msgspec.ValidationError):
        return f"the answer is not the agreed document: {printable(str(error))}"
    return f"the answer is not JSON: {printable(str(error))}"
