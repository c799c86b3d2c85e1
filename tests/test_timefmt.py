"""Times in seconds, durations in words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from waexporter.timefmt import (
    first_names,
    format_day,
    humanize_seconds,
    plural,
    short_duration,
    to_seconds,
)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-5.0, "0 s"),
        (0.4, "0 s"),
        (12.0, "12 s"),
        (59.6, "1 min"),
        (97.0, "1 min 37 s"),
        (3600.0, "1 h"),
        (3605.0, "1 h"),
        (7500.0, "2 h 5 min"),
        (90_000.0, "1 d 1 h"),
        (86_400.0 * 400 + 59, "400 d"),
    ],
)
def test_a_duration_is_written_in_its_two_largest_units(seconds: float, words: str) -> None:
    assert humanize_seconds(seconds) == words


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.0, "0ms"), (0.25, "250ms"), (9.9, "9900ms"), (10.0, "10.0s"), (61.26, "61.3s")]
)
def test_a_short_duration_is_in_milliseconds_below_ten_seconds(seconds: float, words: str) -> None:
    assert short_duration(seconds) == words


@pytest.mark.parametrize(
    ("seconds", "day"), [(1_769_851_800.25, "2026-01-31"), (-1e30, "1970-01-01"), (1e30, "9999-12-31")]
)
def test_a_day_is_the_nearest_one_that_has_a_date(seconds: float, day: str) -> None:
    assert format_day(seconds) == day


@pytest.mark.parametrize(
    ("zone", "seconds"),
    [(None, 1_769_851_800.25), (UTC, 1_769_851_800.25), (timezone(timedelta(hours=2)), 1_769_844_600.25)],
)
def test_a_time_without_a_zone_is_in_utc(zone: timezone | None, seconds: float) -> None:
    assert to_seconds(datetime(2026, 1, 31, 9, 30, 0, 250_000, zone)) == seconds


@pytest.mark.parametrize(("number", "words"), [(0, "0 nodes"), (1, "1 node"), (2, "2 nodes")])
def test_a_count_agrees_with_its_noun(number: int, words: str) -> None:
    assert plural(number, "node") == words


@pytest.mark.parametrize(("names", "words"), [("a", "a"), ("ab", "a, b"), ("abcde", "a, b and 3 more")])
def test_of_many_names_the_first_ones_are_written_and_the_others_counted(names: str, words: str) -> None:
    assert first_names(list(names), 2) == words
