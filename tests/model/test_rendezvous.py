"""Which part of a fleet a target belongs to."""

from __future__ import annotations

from collections import Counter

import pytest

from waexporter.model.rendezvous import find_shard, is_in_shard
from waexporter.model.shard import Shard

NAMES = [f"client-{number}" for number in range(4000)]


def test_a_target_stays_in_its_shard_from_one_version_to_the_next() -> None:
    assert [find_shard(name, 5) for name in ("a", "support-line", "ü")] == [0, 4, 3]


@pytest.mark.parametrize("count", [1, 2, 4, 7, 16])
def test_shards_have_about_equal_sizes(count: int) -> None:
    sizes = Counter(find_shard(name, count) for name in NAMES)

    assert sorted(sizes) == list(range(count))
    assert all(0.7 < size * count / len(NAMES) < 1.3 for size in sizes.values())


@pytest.mark.parametrize("count", [1, 3, 4, 9])
def test_one_more_shard_takes_only_what_it_gets(count: int) -> None:
    moved = [name for name in NAMES if find_shard(name, count) != find_shard(name, count + 1)]

    assert {find_shard(name, count + 1) for name in moved} == {count}
    assert 0.8 < len(moved) * (count + 1) / len(NAMES) < 1.2


def test_the_only_shard_contains_everything() -> None:
    assert is_in_shard(Shard(), "any name")
