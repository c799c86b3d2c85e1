"""The filter of the status page."""

from __future__ import annotations

import re
from dataclasses import replace
from urllib.parse import urlencode

import pytest

from tests.web.fakes import FakeBackend, a_target, an_application, ask
from tests.web.site.test_status_page import HOSTILE, Elements
from waexporter.model import Problem, State

FLEET = (
    replace(a_target("orders-eu", State.DOWN), labels=(("region", "eu"), ("team", "orders"))),
    replace(a_target("support-eu"), labels=(("region", "eu"), ("team", "support"))),
    replace(
        a_target("support-us", State.DEGRADED, Problem("disk_low", "A disk is nearly full.")),
        labels=(("region", "us"), ("note", "a:b")),
    ),
    a_target("Plain"),
)


def html(**query: str | list[str]) -> str:
    return ask(an_application(FakeBackend(FLEET)), f"/?{urlencode(query, doseq=True)}").text


def names(text: str) -> list[str]:
    return re.findall(r"<bdi>(.*?)</bdi>", text)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, ["orders-eu", "support-us", "Plain", "support-eu"]),
        ({"q": "SUPPORT"}, ["support-us", "support-eu"]),
        ({"q": " eu  support "}, ["support-eu"]),
        ({"q": "orders-eu.example:9090"}, ["orders-eu"]),
        ({"q": "team=orders"}, ["orders-eu"]),
        ({"q": "disk_low"}, ["support-us"]),
        ({"q": "nearly full"}, ["support-us"]),
        ({"q": "nothing like this"}, []),
        ({"verdict": "down"}, ["orders-eu"]),
        ({"verdict": "worse"}, []),
        ({"label": "region:eu"}, ["orders-eu", "support-eu"]),
        ({"label": ["region:eu", "team:support"]}, ["support-eu"]),
        ({"label": "region"}, ["orders-eu", "support-us", "support-eu"]),
        ({"label": "region:"}, []),
        ({"label": "note:a:b"}, ["support-us"]),
        ({"label": "region:eu", "verdict": "ok", "q": "support"}, ["support-eu"]),
        ({"q": "", "label": "", "verdict": ""}, ["orders-eu", "support-us", "Plain", "support-eu"]),
    ],
)
def test_words_labels_and_a_verdict_narrow_the_fleet(query: dict[str, str], found: list[str]) -> None:
    text = html(**query)

    assert names(text) == found
    is_active = any(query.values())
    assert (f"{len(found)} of 4 targets match" in text) is is_active


def test_the_counts_are_those_of_the_other_filters_and_link_to_one_verdict() -> None:
    text = html(label="region:eu", verdict="down")

    counts = re.findall(
        r'<a class="badge \w+" href="([^"#]*)"( aria-current="true")?>(?:<b.*?</b>)?(.*?)</a>', text
    )

    assert counts == [
        ("./?label=region%3Aeu", "", "2 targets"),
        ("./?label=region%3Aeu&amp;verdict=down", ' aria-current="true"', "1 down"),
        ("./?label=region%3Aeu&amp;verdict=ok", "", "1 ok"),
    ]


def test_a_chosen_verdict_that_nobody_has_any_more_is_still_a_count() -> None:
    assert "0 unknown</a>" in html(verdict="unknown")


def test_the_form_keeps_what_it_has_no_field_for() -> None:
    shown = Elements(html(q="e", label=["region:eu", "team:support"], verdict="ok")).found

    fields = [(found["name"], found["value"]) for tag, found in shown if tag == "input"]
    chosen = [found["value"] for tag, found in shown if tag == "option" and "selected" in found]
    assert fields == [("q", "e"), ("label", "team:support"), ("verdict", "ok")]
    assert chosen == ["region:eu"]


def test_a_label_of_a_row_is_a_link_to_all_targets_with_it() -> None:
    assert '<a class="label" href="./?label=region%3Aeu&amp;label=team%3Asupport">' in html(label="region:eu")


def test_each_label_of_the_filter_can_be_taken_away() -> None:
    text = html(label=["region:eu", "team:support"])

    assert '<a class="label" href="./?label=team%3Asupport"><span class="unseen">without' in text


def test_a_label_with_very_many_values_is_not_offered_as_a_choice() -> None:
    fleet = tuple(
        replace(a_target(f"t{number}"), labels=(("host", f"h{number}"), ("half", str(number % 2))))
        for number in range(41)
    )

    text = ask(an_application(FakeBackend(fleet)), "/?label=host:h7").text

    assert re.findall(r'<optgroup label="(.*?)">', text) == ["half"]
    assert '<input type="hidden" name="label" value="host:h7">' in text


def test_a_label_that_all_have_alike_is_no_choice() -> None:
    fleet = tuple(replace(a_target(name), labels=(("env", "prod"),)) for name in "ab")

    assert "<select" not in ask(an_application(FakeBackend(fleet)), "/").text


@pytest.mark.parametrize("field", ["q", "label", "verdict", "all", "other"])
def test_hostile_fields_are_text(field: str) -> None:
    shown = Elements(html(**{field: HOSTILE}))

    assert not {tag for tag, _ in shown.found} & {"img", "iframe", "object"}
    assert [tag for tag, _ in shown.found].count("script") == 1


def test_thousands_of_conditions_are_cut() -> None:
    many = [f"region{number}" for number in range(3000)]

    text = html(q=" ".join(["e", "e", *many]), label=many)

    assert text.count("without the label") == 20
    assert re.findall(r'name="q" value="(.*?)"', text) == [f"e {' '.join(many[:19])}"]
    assert len(text) < 40_000


@pytest.mark.parametrize("query", ["q=%FF%00%ED%A0%80", "label=%C3", "verdict[]=down", "q=a&q=b", "&&==%"])
def test_odd_queries_are_answered(query: str) -> None:
    assert ask(an_application(FakeBackend(FLEET)), f"/?{query}").status == 200


def test_one_target_needs_no_filter() -> None:
    assert "<form" not in ask(an_application(FakeBackend((a_target(),))), "/").text
