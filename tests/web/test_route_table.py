"""The path of a request finds its route, and the names in it arrive as they are."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.running.examples import examples
from tests.web.fakes import Diary, FakeBackend, an_application, ask
from waexporter.web.formatting import link_to
from waexporter.web.responses import Response, json_response, split_path
from waexporter.web.route_table import RouteTable
from waexporter.web.routes import Route

if TYPE_CHECKING:
    from waexporter.web.backend import Backend
    from waexporter.web.responses import IncomingRequest

NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)


def tell(request: IncomingRequest, _backend: Backend) -> Response:
    return json_response([dict(request.parameters), request.root])


ROUTES = (
    Route("/", tell, ""),
    Route("/a/{name}", tell, ""),
    Route("/a/fixed", tell, ""),
    Route("/a/{name}/why", tell, ""),
    Route("/list/", tell, ""),
    Route("/deliver", tell, "", ("POST",), max_body=9),
)
TABLE = RouteTable(ROUTES)


@given(NAMES)
@settings(max_examples=examples(300), deadline=None)
def test_any_name_arrives_as_it_is(name: str) -> None:
    found = TABLE.find(split_path(f"/{link_to('a', name)}/why"))

    assert found == (ROUTES[3], (("name", name),))


@pytest.mark.parametrize("name", ["a/b", "100%", "%2F", "a?b", "a#b", "a b", "ü€", "..", "<b>", '"'])
def test_the_name_of_a_request_is_decoded_once(name: str) -> None:
    diary = Diary()

    got = ask(an_application(FakeBackend(), diary, routes=ROUTES), f"/a/{quote(name, safe='')}/why")

    assert json.loads(got.body) == [{"name": name}, "../../"]
    assert diary.requests == [("/a/{name}/why", 200)]


@pytest.mark.parametrize(
    ("path", "route"),
    [
        ("/", "/"),
        ("/a/fixed", "/a/fixed"),
        ("/a/other", "/a/{name}"),
        ("/a/why", "/a/{name}"),
        ("/a/why/why", "/a/{name}/why"),
        ("/list/", "/list/"),
        ("/deliver", "/deliver"),
        ("//deliver/", "/deliver"),
    ],
)
def test_a_path_has_one_route(path: str, route: str) -> None:
    found = TABLE.find(split_path(path))

    assert found is not None
    assert found[0].path == route


@pytest.mark.parametrize("path", ["", "//", "/a", "/a/", "/a//why", "/a/b/", "/a/b/c", "/a/b/why/", "/list"])
def test_another_path_has_none(path: str) -> None:
    assert TABLE.find(split_path(path)) is None


def test_a_list_without_its_slash_is_redirected_to_it() -> None:
    got = ask(an_application(FakeBackend(), routes=ROUTES), "/list")

    assert (got.status, got.headers["location"]) == (308, "list/")


def test_the_root_of_a_page_is_a_relative_link() -> None:
    roots = [
        json.loads(ask(an_application(FakeBackend(), routes=ROUTES), path).body)[1]
        for path in ("/", "/list/", "/a/b")
    ]

    assert roots == ["./", "../", "../"]
