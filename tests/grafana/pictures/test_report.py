from __future__ import annotations

import pytest

from grafana.pictures.report import Axis, Cut, Panel, Report, Value, read

DOCUMENT = {
    "title": "Fleet",
    "width": 1600,
    "panels": [
        {
            "id": 7,
            "title": "Clients",
            "type": "table",
            "values": [
                {"text": "orders", "column": "Client", "link": "/d/client"},
                {"text": "down", "column": "Verdict", "colour": "dark-red", "number": 2},
            ],
            "axes": [{"low": 0, "high": 1, "ticks": ["0", "1"]}],
            "cut": [{"text": "orders", "where": "Client", "kind": "cell"}],
            "overrides": {"Client": True},
            "of a later version": 1,
        }
    ],
}


def test_a_report_is_read_into_frozen_values() -> None:
    report = read(DOCUMENT, ["TypeError"])

    assert report == Report(
        title="Fleet",
        width=1600,
        console=("TypeError",),
        panels=(
            Panel(
                id=7,
                title="Clients",
                type="table",
                values=(
                    Value(text="orders", column="Client", link="/d/client"),
                    Value(text="down", column="Verdict", colour="dark-red", number=2),
                ),
                axes=(Axis(low=0, high=1, ticks=("0", "1")),),
                cut=(Cut(text="orders", where="Client", kind="cell"),),
                overrides={"Client": True},
            ),
        ),
    )


def test_values_are_found_by_panel_and_heading() -> None:
    panel = read(DOCUMENT).panel(7)

    cells = panel.cells("Verdict")

    assert [cell.text for cell in cells] == ["down"]


@pytest.mark.parametrize(
    ("colour", "hue"), [("dark-red", "red"), ("green", "green"), ("#123456", "#123456"), ("", "")]
)
def test_a_hue_is_a_colour_without_its_shade(colour: str, hue: str) -> None:
    value = Value(text="x", colour=colour)

    assert value.hue == hue
