"""Times and addresses in words."""

from __future__ import annotations

import math

import pytest

from waexporter.web.formatting import iso, public_url


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (1_769_851_800.25, "2026-01-31T09:30:00.250Z"),
        (0.0, None),
        (None, None),
        (math.nan, None),
        (math.inf, None),
        (1e300, None),
    ],
)
def test_a_time_is_written_in_utc_or_is_none(seconds: float | None, text: str | None) -> None:
    assert iso(seconds) == text


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://wa.example:9090", "https://wa.example:9090"),
        ("https://wa.example:9090/prefix", "https://wa.example:9090/prefix"),
        ("https://me:p%40ss@wa.example/", "https://wa.example/"),
        ("https://a@b@wa.example/?token=x#y", "https://wa.example/"),
        ("https://[2001:db8::1]:9090", "https://[2001:db8::1]:9090"),
        ("https://[broken", ""),
    ],
)
def test_an_address_is_shown_without_its_secret_parts(url: str, shown: str) -> None:
    assert public_url(url) == shown
