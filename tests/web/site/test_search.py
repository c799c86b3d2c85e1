"""The words that somebody searches for."""

from __future__ import annotations

from waexporter.web.responses import IncomingRequest
from waexporter.web.site.search import has_words, read_words


def test_only_the_first_words_of_very_many_count_and_each_once() -> None:
    many = " ".join(str(number) for number in range(5000))

    words = read_words(IncomingRequest("/pages", query=(("q", "0 0"), ("q", many))))

    assert words.split() == [str(number) for number in range(20)]


def test_every_word_is_in_some_part_in_capital_or_small_letters() -> None:
    parts = ("Disk low", "STRASSE")

    assert has_words(parts, "straße DISK")
    assert has_words((), "")
    assert not has_words(parts, "disk full")
    assert not has_words(parts, "lowstrasse")
