"""The outcome of a request that failed; pure."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from waexporter.errors import ApiError, BodyError
from waexporter.model import Reason
from waexporter.paging.channels import Outcome

if TYPE_CHECKING:
    from collections.abc import Container

_HTTP_STATUSES: Final = range(100, 600)
_RETRYABLE: Final = frozenset(
    {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS}
)


def error_outcome(error: ApiError, known: Container[int] = (), permanent: Container[int] = ()) -> Outcome:
    """Return the outcome of an error; `known` and `permanent` are error codes of the API that was asked."""
    # A 2xx that is no answer of the API, or a gateway's own 5xx, says nothing about the message.
    is_obscure = error.code is None and (
        isinstance(error, BodyError) or (error.status or 0) >= HTTPStatus.INTERNAL_SERVER_ERROR
    )
    return Outcome(
        code=_label(error, known),
        why=str(error),
        is_permanent=_is_permanent(error, permanent),
        may_have_arrived=error.may_have_arrived or is_obscure,
        retry_after=error.retry_after,
    )


def _label(error: ApiError, known: Container[int]) -> str:
    """Return the label `code` of an error; an unknown number is `other`, so that labels stay few."""
    number = error.code if error.code is not None else error.status
    if number is None:
        return error.reason.value
    return str(number) if number in _HTTP_STATUSES or number in known else "other"


def _is_permanent(error: ApiError, permanent: Container[int]) -> bool:
    if error.status == HTTPStatus.UNAUTHORIZED:
        # The message itself was not examined, and the credentials may be corrected while pages wait.
        return False
    if error.code is not None:
        return error.code in permanent
    if error.reason in {Reason.REFUSED, Reason.RATE_LIMITED}:
        return error.reason is Reason.REFUSED
    return is_permanent_status(error.status)


def is_permanent_status(status: int | None) -> bool:
    """Return whether an HTTP status alone means that sending again is of no use."""
    is_client_error = HTTPStatus.BAD_REQUEST <= (status or 0) < HTTPStatus.INTERNAL_SERVER_ERROR
    return is_client_error and status not in _RETRYABLE
