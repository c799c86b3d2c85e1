"""Why a verdict is as it is, as JSON and in words."""

from __future__ import annotations

import json
from difflib import SequenceMatcher

import pytest

from tests.web.fakes import FakeBackend, a_target, an_application, ask
from waexporter.model import Problem, State
from waexporter.web.explanations.target_reasons import describe_unknown_target


def test_the_chain_and_its_text_are_in_one_document() -> None:
    problem = Problem("stale", "no health answer for too long")

    got = ask(
        an_application(FakeBackend((a_target("a/b", State.UNKNOWN, problem),))), "/api/v1/targets/a%2Fb/why"
    )

    document = json.loads(got.body)
    assert got.status == 200
    assert (document["target"], document["state"]) == ("a/b", "unknown")
    assert document["at"] == "2026-01-31T09:30:00.250Z"
    assert [each["slug"] for each in document["problems"]] == ["not_polled"]
    assert document["problems"][0]["rule"]
    assert document["answers"][0]["request"] == "GET /v1/health"
    assert document["text"][0].startswith("a/b is UNKNOWN")
    assert None not in document["text"]


def test_an_unknown_name_gets_404_with_similar_names() -> None:
    backend = FakeBackend((a_target("support-line"), a_target("sales")))

    got = ask(an_application(backend), "/api/v1/targets/suport-line/why")

    assert (got.status, got.text) == (
        404,
        "No target is called 'suport-line'; there is 'support-line'.\n",
    )


@pytest.mark.parametrize(
    ("name", "names", "words"),
    [
        ("SALES", ["sales", "other"], "No target is called 'SALES'; there is 'sales'."),
        ("zzz", ["b", "a"], "No target is called 'zzz'; there are: 'a', 'b'."),
        ("zzz", [f"wa-{n:02}" for n in range(12)], "'wa-09' and 2 more."),
        ("zzz", [], "No target is called 'zzz', since no target is configured here."),
    ],
)
def test_an_unknown_name_is_answered_with_names_that_there_are(
    name: str, names: list[str], words: str
) -> None:
    sentence = describe_unknown_target(name, names)

    assert sentence.endswith(words)


def test_of_thousands_of_long_names_few_are_compared_in_full(monkeypatch: pytest.MonkeyPatch) -> None:
    compared = []
    compare = SequenceMatcher.ratio

    def count(matcher: SequenceMatcher[str]) -> float:
        compared.append(matcher)
        return float(compare(matcher))

    monkeypatch.setattr(SequenceMatcher, "ratio", count)
    names = [f"eu-west-1.messaging.production.client-{number:05}" for number in range(5000)]

    sentence = describe_unknown_target("eu-west-1.mesaging.production.client-03000", names)

    assert "there is 'eu-west-1.messaging.production.client-03000'," in sentence
    assert len(compared) <= 100  # Python compares each name twice
