"""The OpenAPI document describes what the API answers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

from tests.markdown import ROOT
from tests.web.fakes import FakeBackend, a_target, an_application, an_example, ask
from waexporter.model import Problem, State
from waexporter.web.openapi import describe_api
from waexporter.web.routes import ROUTES

if TYPE_CHECKING:
    from waexporter.web.routes import Route

API = [route for route in ROUTES if route.path.startswith("/api/v1/") and route.operation is not None]


def validator(schema: dict[str, Any]) -> Draft202012Validator:
    """Return a validator of a schema that may refer to the components of the document."""
    return Draft202012Validator({**schema, "components": describe_api()["components"]})


def test_every_path_of_the_api_is_described() -> None:
    paths = {route.path for route in ROUTES if route.path.startswith("/api/")}

    assert set(describe_api()["paths"]) == paths - {"/api/v1/openapi.json"}


def test_the_document_is_served() -> None:
    got = ask(an_application(FakeBackend()), "/api/v1/openapi.json")

    assert got.headers["content-type"] == "application/json"
    assert json.loads(got.body) == json.loads(json.dumps(describe_api()))


def test_the_document_in_the_documentation_is_the_same() -> None:
    written = (ROOT / "docs" / "openapi.json").read_text(encoding="utf-8")

    assert json.loads(written) == json.loads(json.dumps(describe_api())), "write it by `make docs`"


def test_every_schema_is_valid() -> None:
    for schema in describe_api()["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize("route", [each for each in API if "GET" in each.methods], ids=lambda each: each.path)
def test_an_answer_is_as_described(route: Route) -> None:
    troubled = a_target("b", State.DOWN, Problem("node_down", "A node is down.", "n1", 1.0))
    backend = FakeBackend((a_target(), troubled))

    got = ask(an_application(backend), an_example(route.path))

    answers = describe_api()["paths"][route.path]["get"]["responses"]
    schema = answers[str(got.status)]["content"]["application/json"]["schema"]
    if got.headers["content-type"] == "application/json":
        validator(schema).validate(json.loads(got.body))
    else:
        assert got.headers["content-type"].partition(";")[0] in answers[str(got.status)]["content"]


def test_an_answer_that_lacks_a_field_is_not_as_described() -> None:
    schema = {"$ref": "#/components/schemas/TargetListDocument"}

    assert not validator(schema).is_valid({"targets": []})
