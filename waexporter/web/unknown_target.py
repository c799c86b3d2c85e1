"""The answer about a target that this daemon does not poll: another shard may."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from waexporter.model import Shard
from waexporter.web.responses import IncomingRequest, Response, error_response

if TYPE_CHECKING:
    from waexporter.web.backend import Backend

_MAX_NAME_LENGTH: Final = 100  # characters


def refuse_target(request: IncomingRequest, backend: Backend, name: str, limit: str = "") -> Response:
    """Return a 404 that names the shard of a target, or says that there is no such target.

    `limit` continues the sentence about an unknown target.
    """
    unknown = f"No target is called {quote_name(name)}{limit}; GET /api/v1/targets lists them all."
    return error_response(request, 404, describe_other_shard(backend, name) or unknown)


def describe_other_shard(backend: Backend, name: str) -> str | None:
    """Return the sentence about a target that another daemon polls; None if none does."""
    other = backend.elsewhere(name)
    if other is None:
        return None
    shard = backend.shard
    owner = Shard(other, shard.count)
    return f"The target {quote_name(name)} is polled by shard {owner}; this is shard {shard}."


def quote_name(name: str) -> str:
    """Quote a name from a request for an error message: in ASCII, cut after 100 characters."""
    return ascii(name[:_MAX_NAME_LENGTH])
