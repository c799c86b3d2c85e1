"""A path has all of its places, and a forgotten one is named."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from tests.markdown import ROOT
from tests.places import hold
from waexporter.web.routes import ROUTES

if TYPE_CHECKING:
    from pathlib import Path

PACKAGE = ROOT / "waexporter" / "web"
TESTS = ROOT / "tests" / "web"

# The modules that are not called by the last part of their path.
OTHERS = {
    "/": "status_page",
    "/config": "config_page",
    "/targets/{name}": "target_page",  # `targets` answers /api/v1/targets
    "/assets/site.css": "assets",
    "/assets/site.js": "assets",
    "/api/v1/openapi.json": "openapi",
    "/api/v1/targets/{name}/why": "target_reasons",  # `why` is the module of the command
    "/api/v1/pages/{number}": "page_reasons",
    "/pages": "pager_pages",
    "/pages/{number}": "pager_pages",
    "/api/v1/pages/{number}/why": "page_reasons",
    "/api/v1/pages": "page_list",  # `pages` is the module of the command
    "/-/healthy": "lifecycle",
    "/-/ready": "lifecycle",
    "/-/reload": "lifecycle",  # `reload` is the module of the command
}


def module_of(path: str) -> str:
    """Return the module that answers a path."""
    fixed = [part for part in path.split("/") if part and not part.startswith("{")]
    return OTHERS.get(path) or fixed[-1]


def names_in(folder: Path, pattern: str) -> set[str]:
    return {path.stem for path in folder.rglob(pattern)}


def modules_in(package: Path) -> list[str]:
    files = (path.relative_to(ROOT).with_suffix("") for path in package.rglob("[!_]*.py"))
    return [".".join(file.parts) for file in files]


def test_every_path_has_a_module_named_by_its_last_part() -> None:
    wanted = {module_of(route.path) for route in ROUTES}

    hold(
        wanted,
        wanted & names_in(PACKAGE, "*.py"),
        add="Write it in waexporter/web: a function (IncomingRequest, Backend) -> Response, which the row in "
        "waexporter/web/routes.py names; if another name is better, say so in OTHERS of this file.",
        remove="",
    )


def test_every_path_has_its_tests() -> None:
    wanted = {f"test_{module_of(route.path)}" for route in ROUTES}

    hold(wanted, wanted & names_in(TESTS, "test_*.py"), add="Write it in tests/web.", remove="")


def test_every_handler_has_its_path() -> None:
    handlers = {route.handler.__name__ for route in ROUTES}
    modules = (importlib.import_module(name) for name in modules_in(PACKAGE))
    found = {name for module in modules for name, value in vars(module).items() if is_handler(value)}

    hold(
        found,
        handlers & found,
        add="Add a row to ROUTES in waexporter/web/routes.py: the path, the handler, and what docs/http.md "
        "says of it.",
        remove="",
    )


def is_handler(value: object) -> bool:
    """Return whether a function takes a request and the backend, and returns a response."""
    types = getattr(value, "__annotations__", {})
    return (
        types.get("request") == "IncomingRequest"
        and types.get("backend") == "Backend"
        and types.get("return") in {"Response", "Response | DeferredResponse"}
        and len(types) == 3
    )


def test_every_path_is_unique_and_has_a_summary() -> None:
    paths = [route.path for route in ROUTES]

    assert len(set(paths)) == len(paths)
    assert [route.path for route in ROUTES if not route.summary] == []


def test_every_path_with_post_authenticates() -> None:
    unguarded = [route.path for route in ROUTES if "POST" in route.methods and route.authenticate is None]

    assert unguarded == [], "add a function to waexporter/web/security/access.py, and name it in the row"
