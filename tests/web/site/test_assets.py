"""The style sheet and the script of all pages."""

from __future__ import annotations

import pytest

from tests.web.fakes import FakeBackend, Got, an_application, ask
from waexporter.web.site.assets import asset_address

NAMES = ("site.css", "site.js")


def get(address: str) -> Got:
    return ask(an_application(FakeBackend()), address)


@pytest.mark.parametrize("name", NAMES)
def test_by_the_address_that_pages_have_it_is_kept_for_ever(name: str) -> None:
    got = get(f"/{asset_address(name)}")

    assert (got.status, got.headers["cache-control"]) == (200, "max-age=31536000, immutable")
    assert got.headers["content-type"].startswith("text/")
    assert got.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("query", ["", "?v=", "?v=0123456789abcdef"])
def test_by_the_address_of_another_version_it_is_not_kept(query: str) -> None:
    got = get(f"/assets/site.css{query}")

    assert (got.status, got.headers["cache-control"]) == (200, "no-store")


def test_the_style_sheet_is_that_of_the_layout_then_those_of_the_pages() -> None:
    text = get("/assets/site.css").text

    assert text.index("--paper:") < text.index(".target") < text.index(".book")
    assert "url(" not in text
    assert "@import" not in text


@pytest.mark.parametrize(
    "path", ["/assets/", "/assets/layout.html", "/assets/..%2fhtml.py", "/assets/site.css/"]
)
def test_nothing_else_is_served(path: str) -> None:
    assert get(path).status == 404
