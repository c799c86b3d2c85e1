"""Texts and links from outside, and times, as a phone shows them."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from waexporter.commands.rules_render import DASHBOARD_BASE, RUNBOOK_BASE
from waexporter.paging.messages.text import (
    format_duration,
    format_time,
    format_times,
    paragraph,
    safe_link,
    single_line,
    truncate,
    utf16_length,
)

_NOW = 1_773_455_460.0  # 2026-03-14 02:31 UTC


# --- texts -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "unseen",
    [
        "\x00", "\x1b", "\x7f", "\x9b",  # controls
        "\u202e", "\u2066", "\u200f", "\u061c",  # these turn the direction of what follows
        "\u200b", "\u200d", "\u2060", "\ufeff", "\u00ad",  # without width
        "\u034f", "\u115f", "\u3164", "\uffa0", "\u2800", "\ufe0f", "\U000e0041", "\U000e0100",  # drawn so
        "\ud800", "\ue000",  # no characters at all
        "\u200c", "\ufe0e", "\U000e007f",  # these join, present and tag what is not here
    ],
)  # fmt: skip
def test_invisible_characters_are_left_out(unseen: str) -> None:
    assert single_line(f"{unseen}a{unseen}b{unseen} {unseen}", 100) == "ab"


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
    assert single_line(raw, 100) == shown


@pytest.mark.parametrize(
    "raw",
    [
        "می\u200cروم",  # Persian: letters that do not join within a word
        "ہے\u200dں",
        "क\u094d\u200dष क\u094d\u200cष",  # a half letter, and a vowel killer that is shown
        "അവന\u0d4d\u200d",  # Malayalam, at the end of a word
        "ශ\u0dca\u200dරී",
        "👨\u200d👩\u200d👧\u200d👦 🏳\ufe0f\u200d🌈 👩🏽\u200d⚕\ufe0f",
        "❤\ufe0f ⚠\ufe0f ☎\ufe0e ©\ufe0f",
        "1\ufe0f\u20e3",
    ],
)
def test_joiners_and_variation_selectors_with_an_effect_are_kept(raw: str) -> None:
    assert single_line(raw, 100) == raw


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("pay\u200dpal pay\u200cpal", "paypal paypal"),
        ("می\u200c\u200cروم", "می\u200cروم"),
        ("می\u200b\u200cروم", "می\u200cروم"),
        ("\u200cمی\u200c می", "می می"),
        ("می\u200cpay", "میpay"),
        ("👨\u200c👩 👨\u200d 👨\u200da", "👨👩 👨 👨a"),
        ("🔥\ufe0f\ufe0f 1\ufe0f", "🔥\ufe0f 1"),
        ("🏴\U000e0067\U000e007f", "🏴"),
        ("م\u202eی", "می"),
    ],
)
def test_joiners_without_an_effect_are_left_out(raw: str, shown: str) -> None:
    assert single_line(raw, 100) == shown


def test_a_text_that_is_cut_does_not_end_with_a_joiner() -> None:
    assert truncate("👨\u200d👩\u200d👧", 5) == "👨…"


def test_a_paragraph_keeps_its_first_line_breaks() -> None:
    raw = "one\n\n- two\nthree\nfour\nfive\nsix\n> seven"

    assert paragraph(raw, 100) == "one\n- two\nthree\nfour\nfive\nsix > seven"


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
def test_a_text_is_cut_between_words_if_possible_and_never_within_a_character(
    text: str, room: int, shown: str
) -> None:
    assert truncate(text, room) == shown
    assert utf16_length(shown) <= room


def test_an_endless_text_ends_with_an_ellipsis() -> None:
    assert single_line("a" * 8_000_000, 10) == "aaaaaaaaa…"
    assert single_line("\u200b" * 8_000_000, 10) == "…"


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
    assert safe_link(f" {url}\n") == url


def test_a_link_has_ascii_characters_only() -> None:
    assert safe_link("https://wiki.example/Störung`") == "https://wiki.example/St%C3%B6rung%60"


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
def test_an_invalid_link_is_left_out(raw: str) -> None:
    assert safe_link(raw) is None


@pytest.mark.parametrize(
    "raw",
    [
        f"{RUNBOOK_BASE}/WhatsAppDown.md",
        f"{DASHBOARD_BASE}/d/waexporter-client",
        "https://WAEXPORTER.example./x",
        "https://docs.waexporter.example/x",
        "http://grafana.localhost/d/x",
        "http://127.0.0.1:3000/d/x",
        "http://127.8.8.8/",
        "http://[::1]:3000/d/x",
        "http://0.0.0.0:3000/",
        "http://[::1/",
    ],
)
def test_a_link_that_a_phone_can_not_open_is_left_out(raw: str) -> None:
    assert safe_link(raw) is None


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
def test_a_time_has_its_date_unless_it_is_today(seconds: float | None, shown: str | None) -> None:
    assert format_time(seconds, datetime.fromtimestamp(_NOW, UTC)) == shown


@pytest.mark.parametrize(
    ("zone", "moments", "shown"),
    [
        ("UTC", (_NOW - 60, _NOW), ["02:30", "02:31 UTC"]),
        ("Europe/Berlin", (_NOW - 60, _NOW), ["03:30", "03:31 CET"]),
        ("America/Sao_Paulo", (_NOW - 3600, _NOW), ["22:31", "23:31 UTC-03"]),
        ("Asia/Kolkata", (_NOW,), ["08:01 IST"]),
        ("Asia/Kolkata", (_NOW - 10 * 3600,), ["2026-03-13 22:01 IST"]),
        (
            "America/New_York",
            (_NOW - 7 * 86_400, _NOW),
            ["2026-03-06 21:31 EST", "22:31 EDT"],
        ),  # the clock went forward
        ("Europe/Berlin", (_NOW, None), ["03:31 CET", None]),
        ("Europe/Berlin", (None, _NOW, math.nan), [None, "03:31 CET", None]),
        ("Pacific/Kiritimati", (253_402_300_799.0,), [None]),
        ("UTC", (), []),
    ],
)
def test_the_zone_is_named_once_if_times_share_it(
    zone: str, moments: tuple[float | None, ...], shown: list[str | None]
) -> None:
    now = datetime.fromtimestamp(_NOW, ZoneInfo(zone))

    assert format_times(now, *moments) == shown


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
def test_a_duration_is_rounded_to_minutes(seconds: float, shown: str) -> None:
    assert format_duration(seconds) == shown
