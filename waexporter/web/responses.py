"""Requests and responses as plain values."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import parse_qsl, unquote

import msgspec

from waexporter.web.negotiation import prefers_json

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from concurrent.futures import Future

TEXT = "text/plain; charset=utf-8"
JSON = "application/json"

Scope: TypeAlias = "Mapping[str, Any]"  # of ASGI, which types none of its values

_ABSOLUTE = re.compile(r"https?://[^/]+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class IncomingRequest:
    """One request of a client."""

    path: str  # as it was sent, without the query; empty if the request has none
    method: str = "GET"
    query: tuple[tuple[str, str], ...] = ()
    headers: tuple[tuple[str, str], ...] = ()  # names in lower case
    address: tuple[str, int] | None = None  # the server's end of the connection
    peer: str = ""  # the client's address
    at: float = 0.0  # wall-clock seconds
    parameters: tuple[tuple[str, str], ...] = ()  # of the route's path, such as ("name", "a/b")
    body: bytes = field(default=b"", repr=False)  # read only for a route that has a body
    is_authenticated: bool = False  # by a user or a token of the web configuration

    def header(self, name: str) -> str:
        """Return a header, repeated ones joined by commas; '' without one."""
        return ", ".join(value for key, value in self.headers if key == name)

    @property
    def segments(self) -> tuple[str, ...]:
        """The decoded parts of the path."""
        return split_path(self.path)

    def parameter(self, name: str) -> str:
        """Return a parameter of the route's path."""
        return dict(self.parameters)[name]

    @property
    def root(self) -> str:
        """The relative link from this page to the folder of `/`, which need not be a host's root."""
        return "../" * (len(self.segments) - 1) or "./"

    @property
    def has_two_lengths(self) -> bool:
        """Whether two headers give the length of the body: a proxy may have used the other one."""
        return bool(self.header("content-length") and self.header("transfer-encoding"))

    def values(self, name: str) -> tuple[str, ...]:
        """Return every value of a query parameter."""
        return tuple(value for key, value in self.query if key == name)


@dataclass(frozen=True, slots=True)
class Response:
    """One response; its body is sent in these chunks."""

    body: tuple[bytes, ...]
    content_type: str = TEXT
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    error: str = ""  # the sentence of an error response


@dataclass(frozen=True, slots=True)
class DeferredResponse:
    """A response that is made when all futures are done, or after the timeout."""

    waits_for: tuple[Future[None], ...]
    timeout: float  # seconds
    respond: Callable[[], Response]  # called in a worker thread


def read_request(scope: Scope, at: float) -> IncomingRequest:
    """Read an ASGI scope of type http."""
    return IncomingRequest(
        path=read_path(scope["raw_path"].decode("latin-1")),
        method=scope["method"],
        query=tuple(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)),
        headers=tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]),
        address=scope.get("server"),
        peer=(scope.get("client") or ("",))[0],
        at=at,
    )


def read_path(target: str) -> str:
    """Return the path of a request target without its query (RFC 9112, section 3.2); '' if it has none.

    A proxy may send a whole address.
    """
    address = _ABSOLUTE.match(target)
    path = (target[address.end() :] or "/") if address else target
    return path if path.startswith("/") else ""


def split_path(path: str) -> tuple[str, ...]:
    """Return the parts of a path between its slashes, each decoded once.

    Everything that compares paths compares these. So an encoded slash is a part of a name, and no path is one
    thing for access control and another for the routes.
    """
    return tuple(map(unquote, path.split("/")[1:]))


def text_response(sentence: str, status: int = 200) -> Response:
    """Return one line of plain text."""
    return Response((f"{sentence}\n".encode(errors="replace"),), status=status)


def json_response(document: object) -> Response:
    """Return a JSON document; a number that is not finite becomes null."""
    return Response((msgspec.json.encode(document),), JSON)


def error_response(
    request: IncomingRequest, status: int, sentence: str, *headers: tuple[str, str]
) -> Response:
    """Return an error: one sentence, as JSON for a client that prefers it."""
    if prefers_json(request.header("accept")):
        return Response((msgspec.json.encode({"error": sentence}),), JSON, status, headers, sentence)
    return Response((f"{sentence}\n".encode(errors="replace"),), TEXT, status, headers, sentence)
