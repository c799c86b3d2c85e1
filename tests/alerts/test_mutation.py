"""The tests of the rules notice small changes of the rules; what they miss is known, with a reason."""

from __future__ import annotations

import pytest

from alerts.source import document
from alerts.source.mutation import Score, digest, measure, mutants, read_record, sum_up
from alerts.source.survivors import SURVIVORS, reason
from tests.alerts.rules import Rule, alerts, recordings
from tests.real import parts
from tests.real.fixtures import require

pytestmark = pytest.mark.timeout(900)  # seconds, were all to be tried

RULES = (*recordings(), *alerts())


@pytest.fixture(scope="module")
def score() -> Score:
    missing = "promtool" in parts.missing_programs(parts.SUITES[-1])
    require(["promtool"] if missing else [], where=parts.SUITES[-1])
    return sum_up(RULES, measure(RULES, read_record()))


@pytest.mark.real
def test_at_least_95_of_100_mutants_are_killed(score: Score) -> None:
    assert score.ratio >= 0.95, score.survivors


@pytest.mark.real
def test_every_survivor_has_a_reason_and_every_reason_a_survivor(score: Score) -> None:
    bare = [survivor for survivor in score.survivors if reason(survivor) is None]
    assert not bare, (
        f"no test notices these changes of rules: {bare}. Add a test to alerts/tests that does; if none can, "
        "give the reason in SURVIVORS of alerts/source/survivors.py"
    )
    assert {reason(survivor) for survivor in score.survivors} == set(SURVIVORS.values())


def test_the_record_is_of_the_rules_as_they_are() -> None:
    recorded = read_record()

    now = {digest(rule): rule.name for rule in RULES}

    changed = sorted({name for key, name in now.items() if key not in recorded})
    assert not changed, f"run `make alerts`, which measures what has changed: {', '.join(changed)}"
    assert recorded.keys() == now.keys(), (
        "run `make alerts`: its record has rules that are not there any more"
    )


@pytest.mark.real
def test_measured_again_the_smallest_rule_with_survivors_has_the_same_ones() -> None:
    recorded = read_record()
    rule = min(
        (rule for rule in RULES if recorded.get(digest(rule))), key=lambda rule: len(list(mutants(rule)))
    )

    known = measure([rule], {})

    assert known == {digest(rule): recorded[digest(rule)]}


@pytest.mark.real
def test_the_document_is_current(score: Score) -> None:
    assert document.DOCUMENT.read_text() == document.text(score), (
        "docs/alerts.md is not up to date: run `make alerts`"
    )


def test_a_rule_is_changed_in_each_of_its_parts() -> None:
    rule = Rule("A", 'max by (a2) (m_5{x="1"}[5m]) > 0.5 and b == 0', is_alert=True, waits="5m")

    changes = [(mutant.rule.expr, mutant.rule.waits) for mutant in mutants(rule)]

    assert changes == [
        ('max by (a2) (m_5{x="1"}[5m]) > 0.45 and b == 0', "5m"),
        ('max by (a2) (m_5{x="1"}[5m]) > 0.55 and b == 0', "5m"),
        ('max by (a2) (m_5{x="1"}[5m]) > 0.5 and b == -1', "5m"),
        ('max by (a2) (m_5{x="1"}[5m]) > 0.5 and b == 1', "5m"),
        ('max by (a2) (m_5{x="1"}[5m]) >= 0.5 and b == 0', "5m"),
        ('max by (a2) (m_5{x="1"}[5m]) < 0.5 and b == 0', "5m"),
        ('max by (a2) (m_5{x="1"}[5m]) > 0.5 and b != 0', "5m"),
        ('max by (a2) (m_5{x!="1"}[5m]) > 0.5 and b == 0', "5m"),
        ('max by (a2) (m_5{x="mutated"}[5m]) > 0.5 and b == 0', "5m"),
        ('max by (a2) (m_5{mutated=""}[5m]) > 0.5 and b == 0', "5m"),
        ('max by (a2) (m_5{x="1"}[5m]) > 0.5 unless b == 0', "5m"),
        ('min by (a2) (m_5{x="1"}[5m]) > 0.5 and b == 0', "5m"),
        (rule.expr, ""),
        (rule.expr, "240s"),
        (rule.expr, "360s"),
    ]
