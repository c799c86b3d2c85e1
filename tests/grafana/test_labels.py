"""What is known of a result's labels."""

from __future__ import annotations

import pytest

from tests.grafana.labels import certain, kept


@pytest.mark.parametrize(
    ("query", "labels"),
    [
        ("a", None),
        ("rate(a[5m])", None),
        ("sum(a)", ""),
        ("sum by (x, y) (a)", "x y"),
        ("max by (x, y) (sum by (x) (a))", "x"),
        ("sum without (y) (sum by (x, y) (a))", "x"),
        ("sum without (y) (a)", None),
        ("topk by (x) (1, sum by (x, y) (a))", "x y"),
        ("60 * sum by (x) (a)", "x"),
        ("time() - sum by (x) (a)", "x"),
        ("sum by (x) (a) > bool 0", "x"),
        ("sum by (x, y) (a) and on (x) b", "x y"),
        ("sum by (x, y) (a) or sum by (x) (b)", "x"),
        ("sum by (x, y) (a) / on (x) b", "x"),
        ("sum by (x, y) (a) / ignoring (y) b", "x"),
        ("sum by (x, y) (a) * on (x) group_left (z) b", "x y z"),
        ("a * on (x) group_right (z) sum by (x, y) (b)", "x y z"),
        ('label_replace(sum by (x) (a), "y", "$1", "x", "(.*)")', "x y"),
        ("histogram_quantile(0.5, sum by (x, le) (a))", "x"),
        ("-(clamp_min(sum by (x) (a), 0))", "x"),
        ("max_over_time(sum by (x) (a)[1h:1m])", "x"),
        ("vector(1)", ""),
    ],
)
def test_labels_are_those_that_every_series_may_have(query: str, labels: str | None) -> None:
    assert kept(query) == (None if labels is None else frozenset(labels.split()))


@pytest.mark.parametrize(
    ("query", "labels"),
    [
        ('a{x="1"}', "x"),
        ('a{x=~".+"}', "x"),
        ('a{x!=""}', "x"),
        ('a{x=~".*", y!="1", z!~"1"}', ""),
        ('a{x=~"1|"}', ""),
        ('a{x=""}', ""),
        ('a{x="1", y="1"} unless a{x="1"} offset 1m', "x"),
        ('max by (y) (a{x="1"})', ""),
    ],
)
def test_a_label_is_certain_where_a_matcher_takes_no_series_without_it(query: str, labels: str) -> None:
    assert certain(query) == frozenset(labels.split())
