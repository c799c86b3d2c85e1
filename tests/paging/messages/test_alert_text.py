"""The text of one alert: its annotations, its links and its times."""

from __future__ import annotations

import re

import pytest

from tests.paging.shapes import (
    HOUR,
    MINUTE,
    NOW,
    down,
    fired,
    foreign,
    over,
    page,
    reminded,
    resolved,
)
from waexporter.commands.rules_render import DASHBOARD_BASE, RUNBOOK_BASE
from waexporter.model import PagerSettings
from waexporter.paging.messages.compose import compose
from waexporter.paging.messages.text import utf16_length
from waexporter.paging.model import Alert, Item, ItemKind, Page


@pytest.mark.parametrize(
    ("annotations", "lines"),
    [
        ({"message": "The disk is full."}, ["ALERT: A", "The disk is full."]),
        ({"message": "The disk is full.", "description": " "}, ["ALERT: A", "The disk is full."]),
        ({"message": "Old words.", "description": "New words."}, ["ALERT: A", "New words."]),
        ({"summary": "Full.", "message": "The disk is full."}, ["ALERT: Full.", "A", "The disk is full."]),
    ],
)
def test_a_summary_is_found_in_every_well_known_annotation(
    annotations: dict[str, str], lines: list[str]
) -> None:
    text = compose([page(*fired(foreign({"alertname": "A"}, annotations)))], NOW)

    assert text.split("\n")[2:-1] == lines


@pytest.mark.parametrize(
    ("annotations", "lines"),
    [
        ({"runbook": "https://a.example/r"}, ["Runbook: https://a.example/r"]),
        (
            {"runbook": "https://a.example/r", "runbook_url": "https://a.example/u"},
            ["Runbook: https://a.example/u"],
        ),
        (
            {"runbook": "https://a.example/r", "runbook_url": f"{RUNBOOK_BASE}/A.md"},
            ["Runbook: https://a.example/r"],
        ),
        ({"runbook_url": f"{RUNBOOK_BASE}/A.md", "dashboard_url": f"{DASHBOARD_BASE}/d/a"}, []),
        ({"dashboard": "https://a.example/d"}, ["Dashboard: https://a.example/d"]),
        (
            {"dashboardURL": "https://a.example/d", "panelURL": "https://a.example/d?viewPanel=1"},
            ["Dashboard: https://a.example/d?viewPanel=1"],
        ),
        (
            {"silenceURL": "https://a.example/s", "runbook": "https://a.example/r"},
            ["Runbook: https://a.example/r", "Silence: https://a.example/s"],
        ),
        ({"silenceURL": "http://localhost:3000/alerting/silence/new", "panelURL": "no link"}, []),
        (
            {"dashboard_url": "https://a.example/d/a", "runbook_url": "https://a.example/d/a"},
            [
                "Runbook: https://a.example/d/a",
                "Dashboard: https://a.example/d/a?from=1773453360000&to=now",
            ],
        ),
    ],
)
def test_links_are_found_in_every_well_known_annotation(
    annotations: dict[str, str], lines: list[str]
) -> None:
    text = compose([page(*fired(foreign({"alertname": "A"}, annotations)))], NOW)

    assert text.split("\n")[4:] == lines


def test_a_resolved_alert_has_no_link_to_silence_it() -> None:
    annotations = {"silenceURL": "https://a.example/s", "runbook": "https://a.example/r"}
    ended = foreign({"alertname": "A"}, annotations, ends_at=NOW - 60)

    text = compose([page(*resolved(ended))], NOW)

    assert text.split("\n")[4:] == ["Runbook: https://a.example/r"]


@pytest.mark.parametrize(
    ("kind", "until"),
    [(ItemKind.RESOLVED, "1773455400000"), (ItemKind.FIRED, "now"), (ItemKind.REMINDED, "now")],
)
def test_a_dashboard_is_shown_until_the_alert_ended(kind: ItemKind, until: str) -> None:
    (ended,) = down(1, age=HOUR, ends_at=NOW - MINUTE)

    text = compose([page(Item(ended, kind))], NOW)

    assert text.endswith(f"?var-target=shop-0&from=1773450060000&to={until}")


@pytest.mark.parametrize("limit", [*range(150, 1000, 7), 4096])
def test_times_in_dashboard_links_take_only_the_room_that_alerts_leave(limit: int) -> None:
    timed, plain = (
        compose([page(*fired(*(_linked(f"A{place}", path) for place in range(9))))], NOW, limit)
        for path in ("d", "x")  # below /x/ is no dashboard
    )

    times = re.findall(r"/d/a(.*)", timed)
    room = (limit - utf16_length(plain)) // len("?from=1773453360000&to=now")
    assert re.sub(r"\?from=.*", "", timed) == plain.replace("/x/", "/d/")
    assert [bool(each) for each in times] == [place < room for place in range(len(times))]


def _linked(name: str, path: str) -> Alert:
    link = f"https://a.example/{path}/a"
    return foreign({"alertname": name}, {"description": "word " * 9, "dashboard_url": link})


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (page(*fired(*down(1)), ago=300), "Delayed 5 min, received 03:26 CET"),
        (page(*fired(*down(1))), "Since 03:26 CET (5 min)"),
        (page(*resolved(over(down(1, age=HOUR)[0], 60))), "Fired 02:31, cleared 03:30 CET (59 min)"),
        (page(*reminded(*down(1, age=3 * HOUR))), "still firing since 00:31 CET (3 h)"),
        (page(*reminded(*down(1, age=4 * HOUR))), "still firing since 2026-03-13 23:31 CET (4 h)"),
    ],
)
def test_times_are_in_the_configured_zone_and_name_it(given: Page, words: str) -> None:
    assert words in compose([given], NOW, settings=PagerSettings(timezone="Europe/Berlin"))


def test_the_times_of_an_undelivered_alert_name_the_zone() -> None:
    (one,) = down(1, age=HOUR)

    text = compose(
        [page(*fired(one)), page(*resolved(over(one, 60)))],
        NOW,
        settings=PagerSettings(timezone="America/Sao_Paulo"),
    )

    assert "fired 22:31, cleared 23:30, could not be delivered until 23:31 UTC-03" in text


@pytest.mark.parametrize(
    ("ago", "line"), [(120.0, ""), (121.0, "Delayed 2 min, received 02:28 UTC"), (-HOUR, ""), (NOW, "")]
)
def test_a_page_says_that_it_is_late(ago: float, line: str) -> None:
    text = compose([page(*fired(*down(1)), ago=ago)], NOW)

    assert text.split("\n")[1] == line
