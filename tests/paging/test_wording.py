"""Foreign texts, links and times in words that a phone shows as they are meant."""

from __future__ import annotations

import math

import pytest

from waexporter.paging.wording import age, clip, clock, line, link, paragraph, width

_NOW = 1_773_455_460.0  # 2026-03-14 02:31 UTC


# --- texts -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("wa_core *1* ~2~ `3`", "wa\u02cdcore \uff0a1\uff0a \uff5e2\uff5e \u02cb3\u02cb"),
        ("> quoted > not", "\uff1e quoted > not"),
        (">>quoted", "\uff1e\uff1equoted"),
        ("- item - not", "\uff0d item - not"),
        ("-5 degrees", "-5 degrees"),
        ("1. first 2. not", "1\uff0e first 2. not"),
        ("12.", "12\uff0e"),
        ("1.5 s", "1.5 s"),
        ("ask @everyone or me@team.example", "ask \uff20everyone or me@team.example"),
        ("_@everyone", "\u02cd\uff20everyone"),
        ("\u200b> \u2060quoted", "\uff1e quoted"),
    ],
)
def test_what_whatsapp_would_format_is_shown_and_does_not_format(raw: str, shown: str) -> None:
    assert line(raw, 100) == shown


@pytest.mark.parametrize(
    "unseen",
    [
        "\x00", "\x1b", "\x7f", "\x9b",  # controls
        "\u202e", "\u2066", "\u200f", "\u061c",  # these turn the direction of what follows
        "\u200b", "\u200d", "\u2060", "\ufeff", "\u00ad",  # without width
        "\u034f", "\u115f", "\u3164", "\uffa0", "\u2800", "\ufe0f", "\U000e0041", "\U000e0100",  # drawn so
        "\ud800", "\ue000",  # no characters at all
    ],
)  # fmt: skip
def test_what_cannot_be_seen_is_left_out(unseen: str) -> None:
    assert line(f"{unseen}a{unseen}b{unseen} {unseen}", 100) == "ab"


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("a\tb\u00a0 c\u3000d", "a b c d"),
        ("a\r\nb\u2028c\x0bd", "a b c d"),
        (" \n ", ""),
        ("", ""),
    ],
)
def test_a_line_has_single_blanks_only(raw: str, shown: str) -> None:
    assert line(raw, 100) == shown


def test_a_paragraph_keeps_its_first_line_breaks() -> None:
    raw = "one\n\n- two\nthree\nfour\nfive\nsix\n> seven"

    assert paragraph(raw, 100) == "one\n\uff0d two\nthree\nfour\nfive\nsix > seven"


@pytest.mark.parametrize(
    ("text", "room", "shown"),
    [
        ("as it is", 8, "as it is"),
        ("one two three", 12, "one two…"),
        ("one two three", 8, "one two…"),
        ("one two three", 7, "one…"),
        ("a " + "b" * 60, 40, "a " + "b" * 37 + "…"),
        ("🔥🔥🔥", 6, "🔥🔥🔥"),
        ("🔥🔥🔥", 5, "🔥🔥…"),
        ("🔥🔥🔥", 4, "🔥…"),
        ("abc", 1, "…"),
        ("abc", 0, ""),
    ],
)
def test_a_text_is_cut_between_words_where_it_can_and_never_within_a_character(
    text: str, room: int, shown: str
) -> None:
    assert clip(text, room) == shown
    assert width(shown) <= room


def test_an_endless_text_is_cut_and_says_so() -> None:
    assert line("a" * 8_000_000, 10) == "aaaaaaaaa…"
    assert line("\u200b" * 8_000_000, 10) == "…"


# --- links -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "https://wiki.example/run_books/_Down_.md?q=a_b&c=*#~top",
        "http://10.0.0.1:3000/d/x",
        "HTTPS://wiki.example",
        "https://[2001:db8::1]:3000/?a@b",
        "https://wiki.example/a%20b",
    ],
)
def test_a_link_stays_as_it_is(url: str) -> None:
    assert link(f" {url}\n") == url


def test_a_link_has_ascii_characters_only() -> None:
    assert link("https://wiki.example/Störung`") == "https://wiki.example/St%C3%B6rung%60"


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "javascript:alert(1)",
        "ftp://wiki.example/",
        "wiki.example/down",
        "https://",
        "https:///down",
        "https://wiki.example/a b",
        "https://wiki.example/a\nb",
        "https://wiki.example/\u202ea",
        "https://wiki.example/\x00",
        "https://wiki.example/\ud800",
        "https://admin:secret@grafana.example/",
        "https://grafana.example\\@evil.example/",
        "https://wiki.example/" + "a" * 500,
        "https://wiki.example/" + "ö" * 200,
        " " * 1001 + "https://wiki.example/",
    ],
)
def test_what_is_no_link_or_no_good_one_is_left_out(raw: str) -> None:
    assert link(raw) is None


# --- times -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (_NOW, "02:31"),
        (_NOW - 2 * 3600, "00:31"),
        (_NOW - 3 * 3600, "2026-03-13 23:31"),
        (_NOW + 22 * 3600, "2026-03-15 00:31"),
        (1.0, "1970-01-01 00:00"),
        (None, None),
        (0.0, None),
        (-62_135_596_800.0, None),
        (math.nan, None),
        (math.inf, None),
        (-math.inf, None),
        (1e300, None),
    ],
)
def test_a_moment_has_its_date_unless_it_is_today(seconds: float | None, shown: str | None) -> None:
    assert clock(seconds, _NOW) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0.0, "0 s"),
        (59.9, "59 s"),
        (60.0, "1 min"),
        (359.0, "5 min"),
        (14_700.0, "4 h 5 min"),
        (1e6, "11 d 13 h"),
    ],
)
def test_an_age_is_no_more_exact_than_anybody_reads(seconds: float, shown: str) -> None:
    assert age(seconds) == shown
