"""Which families lose their names: the odd ones, and never more than have to."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waexporter.metrics.election import describe_families, family_key, find_losers
from waexporter.metrics.exposition import claimed_names_of
from waexporter.model import Head

QUEUE = "whatsapp_callback_queue_size"  # documented to be a gauge

ELECTIONS: dict[str, tuple[dict[tuple[str, str], tuple[int, ...]], set[tuple[str, str]]]] = {
    "nothing": ({}, set()),
    "no clash": ({("a", "gauge"): (1,), ("b", "counter"): (1,)}, set()),
    "fewer say it": ({("a", "counter"): (1,), ("a", "gauge"): (2,)}, {("a", "counter")}),
    "as many say each": ({("a", "gauge"): (2,), ("a", "counter"): (2,)}, {("a", "counter")}),
    "as many, of fewer sources": ({("a", "gauge"): (2, 2), ("a", "counter"): (2, 3)}, {("a", "gauge")}),
    "it is documented": ({(QUEUE, "counter"): (1,), (QUEUE, "gauge"): (1,)}, {(QUEUE, "counter")}),
    "most say another": ({(QUEUE, "counter"): (2,), (QUEUE, "gauge"): (1,)}, {(QUEUE, "gauge")}),
    "three types": (
        {("a", "gauge"): (1,), ("a", "counter"): (3,), ("a", "histogram"): (2,)},
        {("a", "gauge"), ("a", "histogram")},
    ),
    "named as a sample": ({("a", "counter"): (1,), ("a_total", "gauge"): (2,)}, {("a", "counter")}),
    "named as a sample, as often": (
        {("a_total", "gauge"): (1,), ("a", "counter"): (1,)},
        {("a_total", "gauge")},
    ),
    "a loser takes nothing": (
        {("a", "summary"): (3,), ("a_count", "counter"): (2,), ("a_count_total", "gauge"): (1,)},
        {("a_count", "counter")},
    ),
}


@pytest.mark.parametrize(("votes", "losers"), ELECTIONS.values(), ids=ELECTIONS.keys())
def test_the_family_with_fewer_votes_loses(
    votes: dict[tuple[str, str], tuple[int, ...]], losers: set[tuple[str, str]]
) -> None:
    assert find_losers(votes) == losers


_kinds = st.tuples(
    st.sampled_from(["a", "a_total", "a_count", "a_sum", "a_bucket", "b"]),
    st.sampled_from(["gauge", "counter", "summary", "histogram"]),
)


@given(st.dictionaries(_kinds, st.tuples(st.integers(1, 3))))
def test_winners_share_no_name_and_each_loser_shares_one_with_a_winner(
    votes: dict[tuple[str, str], tuple[int]],
) -> None:
    losers = find_losers(votes)

    staying = [kind for kind in votes if kind not in losers]
    names = [name for kind in staying for name in claimed_names_of(*kind)]
    assert len(names) == len(set(names))
    for kind in losers:
        over = [other for other in staying if set(claimed_names_of(*kind)) & set(claimed_names_of(*other))]
        assert any(votes[other] >= votes[kind] for other in over)


def test_a_family_of_an_unknown_type_claims_what_a_gauge_claims() -> None:
    assert family_key(Head("a", "unknown", "w")) == family_key(Head("a", "gauge", "w")) == ("a", "gauge")


def test_families_are_described_by_name_and_type() -> None:
    assert describe_families(frozenset({("b", "gauge"), ("a", "counter")})) == ["a (counter)", "b (gauge)"]
