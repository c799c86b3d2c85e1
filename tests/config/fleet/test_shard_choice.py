"""The shard of the fleet that a daemon polls."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waexporter.config import choose_shard, compare, describe_shard
from waexporter.config.fleet.shard_choice import read_shard
from waexporter.errors import ConfigError
from waexporter.model import Config, PagerSettings, Shard, Target

FLEET = Config(tuple(Target(f"line-{number}", f"https://{number}.example") for number in range(40)))


def test_without_a_shard_everything_is_polled_here() -> None:
    assert choose_shard(FLEET, None, {"WAEXPORTER_SHARD": ""}) == FLEET


@given(st.sets(st.text(min_size=1, max_size=9), max_size=30), st.integers(1, 8))
def test_each_target_is_polled_by_one_shard_and_known_to_all(names: set[str], count: int) -> None:
    fleet = Config(tuple(Target(name, "https://wa.example") for name in names))

    shards = [choose_shard(fleet, f"{index}/{count}", {}) for index in range(count)]

    polled = [target.name for shard in shards for target in shard.targets]
    assert sorted(polled) == sorted(names)
    owners = {target.name: index for index, shard in enumerate(shards) for target in shard.targets}
    for index, shard in enumerate(shards):
        assert shard.elsewhere == {name: owner for name, owner in owners.items() if owner != index}


def test_the_command_line_has_priority_over_the_variable() -> None:
    assert choose_shard(FLEET, "1/2", {"WAEXPORTER_SHARD": "nonsense"}).shard == Shard(1, 2)
    assert choose_shard(FLEET, None, {"WAEXPORTER_SHARD": "0/3"}).shard == Shard(0, 3)


@pytest.mark.parametrize(
    ("host", "index"),
    [("waexporter-3", 3), ("waexporter-0", 0), ("wa-exporter-07", 7), ("wa-2.svc.cluster.local", 2)],
)
def test_auto_is_the_ordinal_at_the_end_of_the_host_s_name(host: str, index: int) -> None:
    assert read_shard("auto/8", host) == Shard(index, 8)


@pytest.mark.parametrize("host", ["waexporter", "waexporter3", "wa-7d9f8c6b5-x2k4", "wa-3-b", "-", ""])
def test_auto_needs_a_number_behind_the_last_dash(host: str) -> None:
    with pytest.raises(ValueError, match="does not end with a number as in waexporter-3"):
        read_shard("auto/8", host)


def test_an_ordinal_without_a_shard_is_explained() -> None:
    with pytest.raises(ConfigError) as caught:
        choose_shard(FLEET, None, {"WAEXPORTER_SHARD": "auto/3"}, "waexporter-3")

    host = 'is auto/3, but the name of this host is "waexporter-3"'
    why = "shards are 0 to 2, so are there more replicas than shards?"
    assert caught.value.problems == (f"WAEXPORTER_SHARD: {host}: {why}",)


@pytest.mark.parametrize(
    "text", ["4/4", "1", "1/0", "a/b", "-1/4", "1/4/2", "auto", "auto/0", "auto/257", "1/257"]
)
def test_a_wrong_shard_is_refused_with_its_option(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        choose_shard(FLEET, text, {}, "wa-0")

    words = "must be I/N with 0 <= I < N <= 256, such as 0/4, or auto/N"
    assert caught.value.problems == (f"--shard: {words}",)


def test_another_number_of_shards_needs_a_restart() -> None:
    old, new = (choose_shard(FLEET, text, {}) for text in ("0/2", "0/3"))

    assert compare(old, new).problems == ("--shard: needs a restart",)


def test_a_shard_without_a_way_for_pages_or_without_targets_is_noted() -> None:
    via = ("line-0", "line-1")
    fleet = replace(FLEET, pager=PagerSettings(via=via))
    shards = [choose_shard(fleet, f"{index}/8", {}) for index in range(8)]

    noted = {index for index, shard in enumerate(shards) if describe_shard(shard)}

    without_a_way = {index for index, shard in enumerate(shards) if set(via) <= shard.elsewhere.keys()}
    assert noted == without_a_way != set()
    assert describe_shard(FLEET) == describe_shard(choose_shard(FLEET, "0/8", {})) == ()
    empty = choose_shard(Config(()), "1/2", {})
    assert describe_shard(empty) == ("shard 1/2: none of the 0 targets belongs to it",)
