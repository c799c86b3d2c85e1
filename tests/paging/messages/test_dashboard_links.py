"""A link to a dashboard shows the time of its alert; any other link is unchanged."""

from __future__ import annotations

import math
from urllib.parse import parse_qs, urlsplit

import pytest

from waexporter.paging.messages.dashboard_links import link_at_alert
from waexporter.paging.messages.text import LONGEST_LINK, safe_link

BEGIN = 1_773_455_160.0  # 2026-03-14 02:26 UTC
FROM = "from=1773453360000"  # 01:56
BOARD = "https://grafana.example/d/waexporter-client"
LONG = f"{BOARD}?var-target=" + "a" * (LONGEST_LINK - len(f"{BOARD}?var-target="))


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (BOARD, f"{BOARD}?{FROM}&to=now"),
        (f"{BOARD}?viewPanel=8", f"{BOARD}?viewPanel=8&{FROM}&to=now"),
        (f"{BOARD}/whatsapp-client?orgId=1", f"{BOARD}/whatsapp-client?orgId=1&{FROM}&to=now"),
        (f"{BOARD}/#top", f"{BOARD}/?{FROM}&to=now#top"),
        ("http://a.example:3000/x/y/d/a_B-9", f"http://a.example:3000/x/y/d/a_B-9?{FROM}&to=now"),
        ("http://[2001:db8::1]/d/a", f"http://[2001:db8::1]/d/a?{FROM}&to=now"),
        (
            f"{BOARD}?var-target=Llamadas+%26+m%C3%A1s%2B&var-from=a",
            f"{BOARD}?var-target=Llamadas+%26+m%C3%A1s%2B&var-from=a&{FROM}&to=now",
        ),
    ],
)
def test_a_dashboard_is_shown_from_half_an_hour_before_the_alert(given: str, expected: str) -> None:
    assert link_at_alert(given, BEGIN, None) == expected


@pytest.mark.parametrize(
    "url",
    [
        f"{BOARD}?from=now-6h&to=now",
        f"{BOARD}?viewPanel=8&from=1773453360000",
        f"{BOARD}?to=&viewPanel=8",
        f"{BOARD}?fr%6Fm=now-1h",
        f"{BOARD}?time=1773453360000&time.window=3600000",
    ],
)
def test_a_link_with_a_time_of_its_own_keeps_it(url: str) -> None:
    assert link_at_alert(url, BEGIN, None) == url


@pytest.mark.parametrize(
    "url",
    [
        "https://grafana.example/",
        "https://grafana.example/d",
        "https://grafana.example/d/",
        "https://grafana.example/d/a/b/c",
        "https://grafana.example/d/a.b",
        "https://grafana.example/explore?left=/d/a",
        "https://grafana.example/#/d/a",
        "https://grafana.example/d-solo/a",
        "https://grafana.example/dashboards/f/a",
        "https://grafana.example/goto/a?orgId=1",
        "https://d.example/wiki/WhatsAppDown",
    ],
)
def test_a_link_to_anything_but_a_grafana_dashboard_is_unchanged(url: str) -> None:
    assert link_at_alert(url, BEGIN, None) == url


@pytest.mark.parametrize(
    ("starts_at", "ends_at", "times"),
    [
        (BEGIN, BEGIN + 600.5, [FROM, "to=1773455760500"]),
        (BEGIN, BEGIN, [FROM, "to=now"]),  # clocks differ
        (BEGIN, BEGIN - 60, [FROM, "to=now"]),
        (BEGIN, 0.0, [FROM, "to=now"]),
        (BEGIN, -62_135_596_800.0, [FROM, "to=now"]),
        (BEGIN, math.nan, [FROM, "to=now"]),
        (BEGIN, math.inf, [FROM, "to=now"]),
        (BEGIN, 1e300, [FROM, "to=now"]),
        (0.0, None, []),
        (1.0, None, []),
        (-62_135_596_800.0, None, []),
        (math.nan, BEGIN, []),
        (math.inf, None, []),
        (1e300, None, []),
    ],
)
def test_an_invalid_time_is_left_out_of_the_link(
    starts_at: float, ends_at: float | None, times: list[str]
) -> None:
    assert urlsplit(link_at_alert(BOARD, starts_at, ends_at)).query == "&".join(times)


def test_a_link_that_would_become_too_long_is_unchanged() -> None:
    times = len(f"&{FROM}&to=now")

    shown = [link_at_alert(url, BEGIN, None) for url in (LONG, LONG[: 1 - times], LONG[:-times])]

    assert shown[:2] == [LONG, LONG[: 1 - times]]
    assert parse_qs(urlsplit(shown[2]).query)["to"] == ["now"]
    assert [safe_link(each) for each in shown] == shown
