"""Which labels the series have that a query gives."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from promql_parser import (
    AggModifierType,
    AggregateExpr,
    BinaryExpr,
    Call,
    LabelModifierType,
    MatchOp,
    ParenExpr,
    StringLiteral,
    SubqueryExpr,
    UnaryExpr,
    ValueType,
    VectorMatchCardinality,
)

from tests.grafana.promql import matchers, parse, selectors

if TYPE_CHECKING:
    from promql_parser import Expr

Labels = frozenset[str] | None  # None: any, as those of a metric itself

_KEEPS_ALL = {"topk", "bottomk", "limitk", "limit_ratio"}
_REPLACES = {"label_replace", "label_join"}  # these give a label to what they are given


def kept(query: str) -> Labels:
    """Return the labels that every series of the result may have."""
    return _kept(parse(query))


def certain(query: str) -> frozenset[str]:
    """Return those labels of the result that a matcher of every selector wants not to be empty."""
    sure = [
        {label for label, (how, value) in matchers(selector).items() if not _takes_none(how, value)}
        for selector in selectors(query)
    ]
    found = frozenset(set.intersection(*sure))
    labels = kept(query)
    return found if labels is None else found & labels


def _takes_none(how: MatchOp, value: str) -> bool:
    if how in (MatchOp.Equal, MatchOp.NotEqual):
        return (not value) is (how == MatchOp.Equal)
    return (re.fullmatch(value, "") is not None) is (how == MatchOp.Re)


def _kept(node: Expr) -> Labels:
    if isinstance(node, ParenExpr | UnaryExpr | SubqueryExpr):
        return _kept(node.expr)
    if isinstance(node, AggregateExpr):
        return _of_aggregation(node)
    if isinstance(node, BinaryExpr):
        return _of_operation(node)
    return _of_call(node) if isinstance(node, Call) else None


def _of_aggregation(node: AggregateExpr) -> Labels:
    inside = _kept(node.expr)
    if str(node.op) in _KEEPS_ALL:
        return inside
    named = frozenset(node.modifier.labels if node.modifier else ())
    if node.modifier is not None and node.modifier.type == AggModifierType.Without:
        return None if inside is None else inside - named
    return _common(inside, named)


def _of_operation(node: BinaryExpr) -> Labels:
    left, right, how = _kept(node.lhs), _kept(node.rhs), node.modifier
    if str(node.op) in {"and", "unless"}:
        return left
    if how is None or how.matching is None or str(node.op) == "or":
        return _common(left, right)
    if how.card == VectorMatchCardinality.OneToOne:
        named = frozenset(how.matching.labels)
        if how.matching.type == LabelModifierType.Include:
            return _common(left, named)
        return None if left is None else left - named
    many = left if how.card == VectorMatchCardinality.ManyToOne else right
    return None if many is None else many | set(how.group_labels or ())


def _of_call(node: Call) -> Labels:
    if node.func.name == "vector":
        return frozenset()
    vectors = [
        each
        for each, kind in zip(node.args, node.func.arg_types, strict=False)
        if kind in (ValueType.Vector, ValueType.Matrix)
    ]
    inside = _kept(vectors[0]) if vectors else None
    if inside is None:
        return None
    if node.func.name in _REPLACES:
        given = node.args[1]
        return inside | {given.val} if isinstance(given, StringLiteral) else None
    return inside - {"le"} if node.func.name == "histogram_quantile" else inside


def _common(one: Labels, two: Labels) -> Labels:
    if one is None or two is None:
        return two if one is None else one
    return one & two
