"""The description of a path of the API, for the OpenAPI document."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    import msgspec


@dataclass(frozen=True, slots=True)
class QueryParameter:
    """A parameter of the query, which may be left out."""

    name: str
    summary: str
    schema: Mapping[str, object]  # JSON Schema


@dataclass(frozen=True, slots=True)
class Operation:
    """The JSON documents of a path: what it accepts, and how it answers."""

    document: type[msgspec.Struct]  # of a response with status 200
    parameters: tuple[QueryParameter, ...] = ()
    body: Mapping[str, object] = field(default_factory=dict)  # JSON Schema; empty: no body is read
    errors: tuple[int, ...] = ()  # statuses besides those that every path may answer
