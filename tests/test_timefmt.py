"""Durations in words."""

from __future__ import annotations

import pytest

from waexporter.timefmt import humanize_seconds


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
