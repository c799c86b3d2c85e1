"""Durations, sizes and listen addresses."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waexporter.config import parse_duration, parse_listen
from waexporter.config.values.quantities import format_bytes, format_duration, format_listen, parse_bytes


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("500ms", 0.5),
        ("30s", 30),
        ("5m", 300),
        ("1h30m", 5400),
        ("1d", 86_400),
        ("1w", 604_800),
        ("1y", 31_536_000),
        ("1m0s5ms", 60.005),
        ("0s", 0),
    ],
)
def test_a_duration_is_read_as_prometheus_does(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["30", "0", "007"])
def test_a_number_without_a_unit_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"^write a unit, such as 30s$"):
        parse_duration(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "s",
        "30 s",
        "1.5m",
        "-5s",
        "30S",
        "30m1h",
        "5m5m",
        "30sec",
        "1e3s",
        "٣s",
        "1s\n",
        "1" * 10 + "s",
    ],
)
def test_a_text_that_is_no_duration_is_refused_with_examples(text: str) -> None:
    with pytest.raises(ValueError, match=r"^must be a duration such as 500ms, 30s, 5m or 1h30m$"):
        parse_duration(text)


@pytest.mark.parametrize("text", ["2y", "366d", "999999999y"])
def test_no_duration_is_longer_than_a_year(text: str) -> None:
    with pytest.raises(ValueError, match=r"^must be at most 365d$"):
        parse_duration(text)


@given(st.integers(0, 31_536_000_000))
def test_a_duration_is_written_as_it_is_read(milliseconds: int) -> None:
    assert round(parse_duration(format_duration(milliseconds / 1000)) * 1000) == milliseconds


@pytest.mark.parametrize(
    ("text", "count"),
    [("16MiB", 16 * 1024**2), ("1KiB", 1024), ("2GiB", 2 * 1024**3), ("65537", 65_537)],
)
def test_a_size_is_read_and_written(text: str, count: int) -> None:
    assert parse_bytes(text) == count
    assert format_bytes(count) == text


@pytest.mark.parametrize("text", ["", "16MB", "16mib", "1.5MiB", "-1", "16 MiB", "MiB", "1TiB"])
def test_a_size_in_another_unit_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"^must be a size such as 16MiB; the units are KiB, MiB and GiB$"):
        parse_bytes(text)


@given(st.integers(1, 10**14))
def test_a_formatted_size_is_exact(count: int) -> None:
    assert parse_bytes(format_bytes(count)) == count


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("127.0.0.1:9847", "127.0.0.1", 9847),
        ("[::1]:9847", "::1", 9847),
        ("[::]:0", "::", 0),
        (":9847", "0.0.0.0", 9847),
        ("localhost:65535", "localhost", 65_535),
    ],
)
def test_a_listen_address_is_read_and_understood_again(text: str, host: str, port: int) -> None:
    assert parse_listen(text) == (host, port)
    assert parse_listen(format_listen(host, port)) == (host, port)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "must be host:port"),
        ("9847", "must be host:port"),
        ("localhost", "must be host:port"),
        ("localhost:http", "must be host:port"),
        ("http://localhost:80", "put an IPv6 address in brackets"),
        ("local host:1", "must be host:port"),
        ("[::1]", "must be host:port"),
        ("::1:9847", "put an IPv6 address in brackets"),
        (":65536", "its port must be a number from 0 to 65535"),
    ],
)
def test_an_impossible_listen_address_is_refused(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=re.escape(words)):
        parse_listen(text)
