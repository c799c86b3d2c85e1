"""The message of pages: one text for every shape of alerts, and as much of it as fits."""

from __future__ import annotations

import pytest

from tests.paging.shapes import (
    GOLDEN,
    NOW,
    alert,
    down,
    fired,
    foreign,
    messages,
    page,
    resolved,
)
from waexporter.paging.messages.compose import compose
from waexporter.paging.messages.text import utf16_length


@pytest.mark.parametrize("name", sorted(messages()))
def test_every_shape_of_alerts_has_its_golden_message(name: str) -> None:
    file = GOLDEN / name
    recorded = file.read_text(encoding="utf-8") if file.exists() else ""

    text = messages()[name]

    assert text == recorded, (
        "if it is meant to be so, run `python -m docs.source.golden` and read what it wrote"
    )


def test_no_golden_message_is_left_over() -> None:
    assert {path.name for path in GOLDEN.iterdir()} == set(messages())


def test_alerts_that_do_not_fit_are_counted_by_kind() -> None:
    alerts = [*down(3), *(alert("WhatsAppNodeUnreachable", node=f"core-{place}") for place in range(2))]
    given = page(*fired(*alerts), *resolved(*down(5)[3:]), truncated=5)

    lasts = [compose([given], NOW, limit).split("\n")[-1] for limit in (500, 930)]

    assert lasts == [
        "+11 more (2 critical, 2 resolved), 5 of them left out by Alertmanager: their state is unknown.",
        "+9 more (2 resolved), 5 of them left out by Alertmanager: their state is unknown.",
    ]


def test_long_descriptions_are_shortened_before_alerts_are_left_out() -> None:
    texts = [foreign({"alertname": f"A{place}"}, {"description": "word " * 500}) for place in range(6)]

    text = compose([page(*fired(*texts))], NOW)

    assert "more" not in text
    assert text.count("word…") == 6
    assert utf16_length(text) <= 4096


def test_a_description_in_a_page_with_room_is_whole() -> None:
    description = " ".join(["word"] * 750)

    text = compose([page(*fired(foreign({"alertname": "A"}, {"description": description})))], NOW)

    assert description in text


@pytest.mark.parametrize("limit", [4096, 1000, 300, 120])
def test_an_alert_longer_than_a_message_is_shortened_and_not_left_out(limit: int) -> None:
    long = foreign({"alertname": "DiskFull"}, {"description": "🔥 " * 5000})

    text = compose([page(*fired(long))], NOW, limit)

    assert text.startswith("FIRING: 1 alert\n\nALERT: DiskFull\n🔥")
    assert "🔥…\nSince 02:26 UTC (5 min)" in text
    assert utf16_length(text) <= limit


def test_ten_thousand_alerts_are_counted() -> None:
    text = compose([page(*fired(*down(10_000)), truncated=2_500)], NOW)

    shown = text.count("Since 02:26")
    assert f"+{12_500 - shown} more ({10_000 - shown} critical), 2500 of them" in text
