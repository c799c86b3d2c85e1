"""Find the route of a path: `{name}` in a route's path stands for one segment, whatever it holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from waexporter.web.routes import Route

    Segments = tuple[str, ...]
    Match = tuple[Route, tuple[tuple[str, str], ...]]


class RouteTable:
    """All routes by the segments of their paths; a path without a parameter goes before one with."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._exact: dict[Segments, Route] = {}
        self._patterns: list[tuple[Segments, Route]] = []
        for route in routes:
            segments = tuple(route.path.split("/")[1:])
            if any(map(parameter_name, segments)):
                self._patterns.append((segments, route))
            else:
                self._exact[segments] = route

    def find(self, segments: Segments) -> Match | None:
        """Return the route of a path's decoded segments, and its parameters with their names.

        A route that reads a body also matches a path with extra slashes: a client that delivers something may
        take a redirect or a 404 for success.
        """
        if route := self._exact.get(segments):
            return route, ()
        for pattern, route in self._patterns:
            if (parameters := _match(pattern, segments)) is not None:
                return route, parameters
        route = self._exact.get(tuple(filter(None, segments)))
        return (route, ()) if route and route.max_body else None

    def is_list(self, segments: Segments) -> bool:
        """Return whether a path lacks only the slash at its end, which relative links need."""
        return (*segments, "") in self._exact


def parameter_name(segment: str) -> str:
    """Return the name of the parameter that stands in a segment of a route's path, else ''."""
    return segment[1:-1] if segment.startswith("{") and segment.endswith("}") else ""


def _match(pattern: Segments, segments: Segments) -> tuple[tuple[str, str], ...] | None:
    if len(pattern) != len(segments):
        return None
    parameters = []
    for expected, found in zip(pattern, segments, strict=True):
        name = parameter_name(expected)
        if not name and expected != found:
            return None
        if name:
            if not found:
                return None
            parameters.append((name, found))
    return tuple(parameters)
