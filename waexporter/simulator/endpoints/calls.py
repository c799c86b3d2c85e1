"""One request as the endpoints see it, and the rows of the routing table."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from waexporter.simulator.envelope import Json, refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from waexporter.simulator.envelope import Answer
    from waexporter.simulator.state.accounts import Account
    from waexporter.simulator.state.world import Webapp, World


class Access(Enum):
    """The authentication that an endpoint needs."""

    NOBODY = "without credentials"
    USER = "any user"
    ADMIN = "an administrator"
    KEY = "any user, and the API key unless it is for health only"
    HEALTH = "any user, and the API key"


@dataclass(frozen=True, slots=True)
class Call:
    """An authenticated request."""

    now: float
    path: str
    webapp: Webapp
    peer: str
    params: Mapping[str, str]
    query: Mapping[str, str]
    authorization: str
    content_type: str
    body: bytes
    user: Account | None

    @property
    def token(self) -> str:
        """The bearer token."""
        return self.authorization.partition(" ")[2]

    def document(self) -> Json:
        """Return the body as a JSON object; an empty body is an empty object."""
        document = read_json(self.body or b"{}")
        if not isinstance(document, dict):
            raise refusal(400, 1025, "The body is not a JSON object")
        return document


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the routing table: one endpoint."""

    method: str
    path: str
    access: Access
    function: Callable[[World, Call], Answer]
    limit: str = "other"  # other | messages | health | none
    asks_nodes: bool = False  # then every slow node is waited for
    asks_master: bool = False  # then there must be a primary master
    slowed_by: str = ""  # a fault that makes it take `seconds`


def read_json(body: bytes) -> object:
    """Return decoded JSON; refuses NaN and Infinity, which JSON does not have."""
    try:
        document: object = json.loads(body, parse_constant=_refuse_constant)
        # Half of a surrogate pair is JSON, but no text.
        json.dumps(document, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise refusal(400, 1025, "The body is not JSON") from None
    return document


def _refuse_constant(name: str) -> object:
    raise ValueError(name)
