"""GET /api/v1/openapi.json: the description of the API, from the routes and the types of their documents."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import msgspec

from waexporter import __version__
from waexporter.polling.kinds import TABLES
from waexporter.web import routes
from waexporter.web.responses import JSON, TEXT, IncomingRequest, Response, json_response
from waexporter.web.target_document import TargetDocument

if TYPE_CHECKING:
    from collections.abc import Mapping

    from waexporter.web.backend import Backend
    from waexporter.web.operation import Operation, QueryParameter
    from waexporter.web.routes import Route

_REF: Final = "#/components/schemas/{name}"
# What each path may answer, by the web configuration file and the limits of the server.
_COMMON_ERRORS: Final = (401, 429, 503)
# In words of our own, since those of the standard library differ by its version.
_ERRORS: Final = {
    400: "A parameter or the body is wrong.",
    401: "Credentials are needed.",
    403: "These credentials are not enough.",
    404: "There is no such thing, or no pager.",
    413: "The body is too large.",
    415: "The body is packed in a way that is not understood.",
    429: "There are too many requests.",
    503: "There is too much to do, or what is needed does not work now.",
}
_SECURITY: Final[tuple[dict[str, list[str]], ...]] = (
    {},
    {"user": []},
    {"token": []},
)  # by the web configuration file; by default none
_MARKDOWN_LINK = re.compile(r"\[([^]]*)\]\([^)]*\)")
_PATH_PARAMETERS: Final[Mapping[str, Mapping[str, object]]] = {
    "name": {"type": "string", "minLength": 1},  # of a target
    "number": {"type": "integer", "minimum": 1},  # of a page
}
_PARAMETER = re.compile(r"\{([a-z]+)\}")


class ErrorDocument(msgspec.Struct, kw_only=True):
    """An error in one sentence."""

    error: str


def show_openapi(_request: IncomingRequest, _backend: Backend) -> Response:
    """Return the OpenAPI document."""
    return json_response(describe_api())


@cache
def describe_api() -> dict[str, Any]:
    """Return the OpenAPI 3.1 document of all routes that have an operation."""
    described = [(route, route.operation) for route in routes.ROUTES if route.operation is not None]
    documents = [ErrorDocument, *dict.fromkeys(operation.document for _, operation in described)]
    of_kinds = {
        name: type_ for tables in TABLES.values() for name, type_ in tables.description.json_types.items()
    }
    types = [*documents, *of_kinds.values()]
    schemas, components = msgspec.json.schema_components(types, ref_template=_REF)
    components[TargetDocument.__name__]["properties"] |= dict(
        zip(of_kinds, schemas[len(documents) :], strict=True)
    )
    by_document = dict(zip(documents, schemas, strict=False))
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "waexporter",
            "summary": "The state of WhatsApp Business clients, and who was paged about it.",
            "version": __version__,
        },
        "paths": {
            route.path: _describe_path(route, operation, by_document[operation.document])
            for route, operation in described
        },
        "components": {
            "schemas": components,
            "securitySchemes": {
                "user": {"type": "http", "scheme": "basic"},
                "token": {"type": "http", "scheme": "bearer"},
            },
        },
    }


def _describe_path(route: Route, operation: Operation, document: dict[str, Any]) -> dict[str, Any]:
    method = "post" if "POST" in route.methods else "get"
    described: dict[str, Any] = {
        "operationId": route.handler.__name__,
        "summary": _MARKDOWN_LINK.sub(r"\1", route.summary).replace("`", ""),
        "security": list(_SECURITY),
        "parameters": [
            *map(_describe_path_parameter, _PARAMETER.findall(route.path)),
            *map(_describe_query_parameter, operation.parameters),
        ],
        "responses": {
            "200": {"description": "OK", "content": {JSON: {"schema": document}}},
            **{
                str(status): _describe_error(_ERRORS[status])
                for status in sorted({*operation.errors, *_COMMON_ERRORS})
            },
        },
    }
    if operation.body:
        described["requestBody"] = {"required": True, "content": {JSON: {"schema": operation.body}}}
    return {method: described}


def _describe_path_parameter(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": dict(_PATH_PARAMETERS[name])}


def _describe_query_parameter(parameter: QueryParameter) -> dict[str, Any]:
    return {
        "name": parameter.name,
        "in": "query",
        "description": parameter.summary,
        "schema": dict(parameter.schema),
    }


def _describe_error(words: str) -> dict[str, Any]:
    document = {"$ref": _REF.format(name=ErrorDocument.__name__)}
    content = {JSON: {"schema": document}, TEXT.partition(";")[0]: {"schema": {"type": "string"}}}
    return {"description": words, "content": content}
