"""GET /api/v1/targets/{name}/why: why the verdict on a target is as it is, as JSON and in words."""

from __future__ import annotations

from difflib import SequenceMatcher, get_close_matches
from heapq import nlargest
from typing import TYPE_CHECKING, Final

from waexporter.timefmt import first_names
from waexporter.web.explanations.explanation_document import explanation_document
from waexporter.web.responses import IncomingRequest, Response, error_response, json_response
from waexporter.web.unknown_target import describe_other_shard, quote_name

if TYPE_CHECKING:
    from collections.abc import Collection

    from waexporter.web.backend import Backend

_SIMILAR: Final = 3  # names that are shown instead of an unknown one
_COMPARED: Final = 50  # names that are compared in full, which takes a millisecond each if they are long
_LISTED: Final = 10  # names that are shown if none is similar


def explain_target(request: IncomingRequest, backend: Backend) -> Response:
    """Return the chain from the answers of a target to its verdict."""
    name = request.parameter("name")
    explanation = backend.explain(name)
    if explanation is None:
        words = describe_other_shard(backend, name) or describe_unknown_target(name, backend.target_names())
        return error_response(request, 404, words)
    return json_response(explanation_document(explanation))


def describe_unknown_target(name: str, names: Collection[str]) -> str:
    """Return the sentence about a target that there is not, with names that it may have been meant for."""
    unknown = f"No target is called {quote_name(name)}"
    lower = {each.lower(): each for each in sorted(names, reverse=True)}
    similar = [lower[each] for each in _find_similar(name.lower(), lower)]
    if similar:
        return f"{unknown}; there is {', '.join(quote_name(each) for each in similar)}."
    listed = first_names([quote_name(each) for each in sorted(names)], _LISTED)
    return f"{unknown}; there are: {listed}." if names else f"{unknown}, since no target is configured here."


def _find_similar(name: str, names: Collection[str]) -> list[str]:
    """Return the most similar names; of thousands, only those that may be are compared in full."""
    matcher = SequenceMatcher(b=name)

    def bound_similarity(other: str) -> float:
        matcher.set_seq1(other)
        return matcher.quick_ratio()

    return get_close_matches(name, nlargest(_COMPARED, names, key=bound_similarity), n=_SIMILAR)
