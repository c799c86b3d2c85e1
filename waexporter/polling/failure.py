"""The conversion of an ApiError to the failure of a poll."""

from __future__ import annotations

from typing import TYPE_CHECKING

from waexporter.model import Failure

if TYPE_CHECKING:
    from waexporter.errors import ApiError


def to_failure(error: ApiError) -> Failure:
    """Return an ApiError as a Failure, a value that can be stored."""
    return Failure(
        error.reason,
        str(error),
        error.code,
        error.status,
        retry_after=error.retry_after,
        is_foreign=error.is_foreign,
    )
