from __future__ import annotations

from dataclasses import replace

import pytest

from grafana.pictures.checks import faults, faults_together, says_that_all_is_well
from grafana.pictures.report import Axis, Cut, Mark, Panel, Query, Report, Value

GREEN, RED, PURPLE = "semi-dark-green", "dark-red", "purple"
LINK = "/d/client?var-target="


def test_a_dashboard_on_which_all_is_right_has_no_fault() -> None:
    found = faults(SOUND, BOARD)

    assert found == []


def test_a_dashboard_that_says_that_it_knows_nothing_has_no_fault_while_nothing_is_known() -> None:
    found = faults(UNKNOWN, BOARD, dead=True)

    assert found == []


@pytest.mark.parametrize(
    ("planted", "sentence"),
    [
        ({"has_data": False, "empty": None}, "is empty and does not say what that means"),
        ({"has_data": False, "empty": "No data"}, "is empty and does not say what that means"),
        ({"values": (Value(text="-", colour=GREEN, missing=True),)}, "'-' is semi-dark-green, though it is"),
        ({"values": (Value(text="-", colour=RED, missing=True),)}, "'-' is dark-red, though it is"),
        ({"values": (Value(text="-", colour="blue", missing=True),)}, "'-' is blue, though it is"),
        (
            {"values": (Value(text="Nothing is wrong", column="Since", missing=True),)},
            "an empty cell of 'Since' says 'Nothing is wrong'",
        ),
        ({"type": "state-timeline", "values": (Value(text="-∞+"),)}, "'-∞+', the range of a threshold"),
        ({"type": "state-timeline", "values": (Value(text="-∞ - 2"),)}, "'-∞ - 2', the range of a threshold"),
        ({"type": "state-timeline", "values": (Value(text="2+"),)}, "'2+', the range of a threshold"),
        ({"unmapped": ("7",)}, "'7' has no word, though others have"),
        ({"values": (Value(text="orders", link="/d/x?var-target=${target}"),)}, "is not complete"),
        (
            {"values": (Value(text="más & más", column="Client", link=f"{LINK}m%C3%A1s%20&%20m%C3%A1s"),)},
            "the link of 'más & más' leads to 'más '",
        ),
        ({"values": (Value(text="a+b", column="Client", link=f"{LINK}a+b"),)}, "leads to 'a b'"),
        ({"values": (Value(text="50%25", column="Client", link=f"{LINK}50%25"),)}, "leads to '50%'"),
        (
            {"axes": (Axis(low=0, high=100, most=0, thresholds=(1,)),)},
            "its axis goes to 100, its threshold is 1",
        ),
        ({"axes": (Axis(low=0, high=100, unit="percentunit", most=0),)}, "its axis goes to 10000% of all"),
        ({"cut": (Cut(text="Llamadas", where="Client", kind="cell"),)}, "'Llamadas' is cut (cell 'Client'"),
        (
            {"cut": (Cut(text="What to do", where="What to do", kind="aside"),)},
            "'What to do' is cut (aside 'What to do'",
        ),
        ({"cut": (Cut(text="Callbacks at once", where="Callbacks at once", kind="heading"),)}, "is cut"),
        ({"cut": (Cut(text="orders", where="name", kind="row"),)}, "'orders' is cut (row"),
        ({"cut": (Cut(text="n" * 40, where="Client", kind="cell"),)}, "is cut (cell 'Client', 1600"),
        ({"type": "table", "rows": 4, "values": (Value(text="orders"),)}, "only 1 of 4 rows are in sight"),
        ({"errors": ("parse error",)}, "parse error"),
    ],
)
def test_a_mistake_in_a_panel_is_found(planted: dict[str, object], sentence: str) -> None:
    panel = Panel(**{"id": 7, "title": "Clients", "type": "stat"} | planted)  # type: ignore[arg-type]

    found = faults(replace(SOUND, panels=(panel,)), BOARD)

    assert len(found) == 1
    assert found[0].startswith("7 'Clients': ")
    assert sentence in found[0]


@pytest.mark.parametrize(
    "panel",
    [
        {"values": (Value(text="none", colour=GREEN),)},
        {"values": (Value(text="a & b", column="Client", link=f"{LINK}a%20%26%20b"),)},
        {"values": (Value(text="50%", column="Client", link=f"{LINK}50%25"),)},
        {"axes": (Axis(low=0, high=10, most=0, thresholds=(1,)),)},
        {"axes": (Axis(low=0, high=400, most=380, thresholds=(1,)),)},
        {"axes": (Axis(low=0, high=1, unit="percentunit", most=0.98),)},
        {"cut": (Cut(text="a long remark", where="Remark", kind="cell"),)},
        {"cut": (Cut(text="n" * 41, where="Client", kind="cell"),)},
        {"cut": (Cut(text="Sound sends", where="Sound sends", kind="aside"),)},
        {"cut": (Cut(text="orders", where="legend", kind="legend"),)},
        {"type": "table", "rows": 100, "values": tuple(Value(text="x", row=row) for row in range(4))},
        {"type": "table", "rows": 1, "values": (Value(text="orders"),)},
    ],
)
def test_what_is_right_is_no_fault(panel: dict[str, object]) -> None:
    right = Panel(**{"id": 7, "title": "Clients", "type": "stat"} | panel)  # type: ignore[arg-type]

    found = faults(replace(SOUND, panels=(right,)), BOARD)

    assert found == []


@pytest.mark.parametrize(
    ("planted", "sentence"),
    [
        ({"links": ("/d/x?var-target=${target}",)}, "the dashboard's links: the link"),
        ({"queries": (Query(panel=7, expr="up", seconds=1.5, size=2),)}, "panel 7: 1.5 s for up"),
        ({"queries": (Query(panel=0, expr="up", seconds=0, size=9000),)}, "an annotation: 9000 bytes: up"),
        ({"queries": (Query(panel=7, expr="}", seconds=0, size=1, error="parse error"),)}, "7: parse error"),
        (
            {"marks": (Mark(name="Alerts", text="Down", begin=1, end=9),)},
            "annotation 'Alerts': it covers graphs in full height",
        ),
        (
            {"marks": (Mark(name="Alerts", text="WaExporterDown: target", begin=1),)},
            "annotation 'Alerts': it says 'target', since there is no such label",
        ),
        ({"console": ("TypeError: x is not a function",)}, "the browser says TypeError"),
    ],
)
def test_a_mistake_in_a_dashboard_is_found(planted: dict[str, object], sentence: str) -> None:
    report = replace(SOUND, **planted)  # type: ignore[arg-type]

    found = faults(report, BOARD)

    assert len(found) == 1
    assert sentence in found[0]


@pytest.mark.parametrize(
    ("planted", "sentence"),
    [
        ({"values": (Value(text="3", colour=GREEN),)}, "'3' is green, though nothing is known"),
        (
            {"type": "state-timeline", "values": (Value(text="up", colour="green", begin=50, end=100),)},
            "'up' is green, though nothing is known",
        ),
        ({"values": (Value(text="flowing", colour=PURPLE),)}, "it says 'flowing'"),
        ({"has_data": False, "empty": "Nothing is wrong"}, "it says 'Nothing is wrong'"),
    ],
)
def test_good_news_are_a_fault_only_while_nothing_is_known(planted: dict[str, object], sentence: str) -> None:
    panel = Panel(**{"id": 7, "title": "Clients", "type": "stat"} | planted)  # type: ignore[arg-type]
    report = replace(SOUND, panels=(panel,))

    usually, dead = faults(report, BOARD), faults(report, BOARD, dead=True)

    assert usually == []
    assert len(dead) == 1
    assert sentence in dead[0]


def test_what_a_timeline_says_of_the_past_may_be_good() -> None:
    past = Value(text="ok", colour="green", begin=10, end=90)
    panel = Panel(id=9, title="Verdicts", type="state-timeline", values=(past,))

    found = faults(replace(SOUND, panels=(panel,)), BOARD, dead=True)

    assert found == []


def test_mappings_and_overrides_have_to_have_an_effect_in_one_of_several_drawings() -> None:
    calm = Panel(
        id=7,
        title="Clients",
        type="table",
        overrides={"Verdict": True, "Since": False, "Owner": False},
        mappings={
            "Verdict: 0": True,
            "Verdict: 1": False,
            "Since: null": False,
            'Free: special "null+nan"': False,
            "Sends: -1": False,
            'Sends: special "null+nan"': True,
            "all: 3": False,
        },
    )
    troubled = replace(calm, overrides={"Since": True}, mappings={"Since: null": True})
    reports = [replace(SOUND, panels=(panel,)) for panel in (calm, troubled)]

    found = faults_together(reports, BOARD)

    assert found == [
        "7 'Clients': the override of Owner finds no field",
        "7 'Clients': the mappings of all map no value",
    ]


@pytest.mark.parametrize("text", ["Nothing is wrong", "ok", "Ok", "flowing", "none configured", "None fails"])
def test_words_that_say_that_all_is_well_are_known(text: str) -> None:
    says = says_that_all_is_well(text)

    assert says


@pytest.mark.parametrize("text", ["not known", "-", "down", "Nobody polls it", "no spare coreapp", ""])
def test_other_words_do_not_say_that_all_is_well(text: str) -> None:
    says = says_that_all_is_well(text)

    assert not says


BOARD = {
    "title": "Fleet",
    "panels": [{"id": 1}, {"id": 1001, "panels": [{"id": 7}]}],
    "annotations": {"list": [{"name": "Alerts", "titleFormat": "{{alertname}}", "textFormat": "{{target}}"}]},
}
SOUND = Report(
    title="Fleet",
    begin=0,
    end=100,
    width=1600,
    panels=(
        Panel(id=1, title="Down", type="stat", values=(Value(text="0", colour=GREEN, number=0),)),
        Panel(id=2, title="Problems", type="table", has_data=False, empty="Nothing is wrong"),
    ),
    marks=(Mark(name="Alerts", text="WhatsAppDown: orders", begin=5),),
    queries=(Query(panel=1, expr="up", seconds=0.001, size=2),),
)
UNKNOWN = replace(
    SOUND,
    panels=(
        Panel(
            id=1,
            title="Down",
            type="stat",
            has_data=False,
            empty="not known",
            values=(Value(text="not known", colour=PURPLE, missing=True),),
        ),
    ),
)
