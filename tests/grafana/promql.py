"""What a query is made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import promql_parser
from promql_parser import Call, MatchOp, MatrixSelector, VectorSelector

if TYPE_CHECKING:
    from collections.abc import Iterator


class Range(NamedTuple):
    """A range of samples and the function it is given to."""

    function: str
    metric: str
    seconds: float


def parse(query: str) -> promql_parser.Expr:
    """Parse a query without Grafana's variables; ValueError for what is no PromQL."""
    return promql_parser.parse(query)


def selectors(query: str) -> list[VectorSelector]:
    """Give every selector of a query."""
    return [node for node in _nodes(query) if isinstance(node, VectorSelector)]


def metrics(query: str) -> set[str]:
    """Name every metric of a query; those of a selector without a name by its alternatives."""
    found: set[str] = set()
    for selector in selectors(query):
        if selector.name:
            found.add(selector.name)
        else:
            named = [each for each in selector.matchers.matchers if each.name == "__name__"]
            found.update(part for each in named for part in each.value.split("|"))
    return found


def matchers(selector: VectorSelector) -> dict[str, tuple[MatchOp, str]]:
    """Give operator and value of each matcher by its label."""
    return {each.name: (each.op, each.value) for each in selector.matchers.matchers}


def ranges(query: str) -> list[Range]:
    """Give every range of samples; a parser can't tell one without a function, which is an error anyway."""
    return [
        Range(node.func.name, argument.vector_selector.name or "", argument.range.total_seconds())
        for node in _nodes(query)
        if isinstance(node, Call)
        for argument in node.args
        if isinstance(argument, MatrixSelector)
    ]


def bare(query: str) -> set[str]:
    """Name every metric that is used by its value of a moment, not over a range."""
    names = [selector.name or "" for selector in selectors(query)]
    for each in ranges(query):
        names.remove(each.metric)
    return set(names)


def _nodes(query: str) -> Iterator[promql_parser.Expr]:
    found: list[promql_parser.Expr] = []
    promql_parser.walk(parse(query), found.append)
    return iter(found)
