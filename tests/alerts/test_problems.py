"""The recording rules of problems and of messages say what the table of problems says."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from tests.alerts.rules import RULE_FILES, Document, alert_names, groups, recordings
from tests.places import hold
from tests.real import parts
from waexporter.health import PROBLEMS
from waexporter.model import State

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.real.fixtures import Finding, RunTool
    from waexporter.health.problem_kind import ProblemKind

SEVERITY = "target:whatsapp_problem:severity"
MESSAGES = "target:whatsapp_messages:state"
RULES = "alerts/recording-rules.yml"
TABLE = "waexporter/health/on_premises"
JUDGED_PROBLEMS = [kind for kind in PROBLEMS.values() if kind.state is not None]
OBSERVED_PROBLEMS = [kind for kind in PROBLEMS.values() if kind.state is None]
# Of each problem that is observed, the rule that does it.
OBSERVERS = {
    rule.labels["problem"]: rule
    for rule in recordings()
    if rule.name == SEVERITY and rule.labels.get("problem", "none") != "none"
}
# Alerts about clients that no problem has as its runbook, and why.
UNNAMED = {"WhatsAppTargetMissing": "its problem leads to WaExporterDown, the likelier reason"}


def of_the_client(metric: str, **labels: str) -> str:
    said = {"job": "waexporter", "target": "orders"} | labels
    return f"{metric}{{{','.join(f'{name}={json.dumps(value)}' for name, value in said.items())}}}"


def case(kind: ProblemKind, verdict: State, series: str, expr: str, value: int) -> Document:
    """Give the promtool test of a client that has one problem and this verdict."""
    verdicts = {of_the_client("whatsapp_verdict", verdict=each.value): int(each is verdict) for each in State}
    said = {series: 1} | verdicts
    return {
        "name": kind.slug,
        "interval": "30s",
        "input_series": [{"series": name, "values": f"{number}x4"} for name, number in said.items()],
        "promql_expr_test": [
            {"expr": f"sum({expr})", "eval_time": "1m", "exp_samples": [{"labels": "{}", "value": value}]}
        ],
    }


def failing(cases: Sequence[Document], promtool: RunTool, folder: Path) -> list[str]:
    """Name the tests that fail, each with what promtool says."""
    file = folder / "cases.yml"

    def run(tests: Sequence[Document]) -> Finding:
        document = {
            "rule_files": [str(rules) for rules in RULE_FILES],
            "group_eval_order": list(groups()),
            "evaluation_interval": "30s",
            "tests": tests,
        }
        file.write_text(json.dumps(document))
        return promtool(parts.SUITES[-1], "test", "rules", file)

    if not run(cases).status:
        return []
    return [f"{each['name']}: {finding.output}" for each in cases if (finding := run([each])).status]


def test_every_problem_of_a_verdict_is_recorded_with_its_grade(promtool: RunTool, tmp_path: Path) -> None:
    cases = [
        case(kind, kind.state, of_the_client("whatsapp_problem", problem=kind.slug), SEVERITY, kind.grade)
        for kind in JUDGED_PROBLEMS
        if kind.state is not None
    ]

    found = failing(cases, promtool, tmp_path)

    assert not found, (
        f"let the first rule of {SEVERITY} in {RULES} list each in the part of its grade in {TABLE}, and "
        f"those of no part be of grade 3: {found}"
    )


def test_every_other_problem_has_a_rule_and_there_is_no_other() -> None:
    hold(
        {kind.slug for kind in OBSERVED_PROBLEMS},
        OBSERVERS,
        add=f"Add a rule {SEVERITY} to {RULES} with the label `problem`, whose value is the grade, and "
        "cases to alerts/tests/problems-statistics.yml in which it is so and is not.",
        remove=f"{RULES} has a rule for it, but {TABLE} has no such problem: remove the rule.",
    )


@pytest.mark.parametrize("kind", OBSERVED_PROBLEMS, ids=lambda kind: kind.slug)
def test_what_a_rule_observes_has_the_grade_of_the_table(kind: ProblemKind) -> None:
    wanted = f"{kind.grade:d} * "

    assert OBSERVERS[kind.slug].expr.startswith(wanted), (
        f"begin the rule of {kind.slug} in {RULES} with `{wanted}`: {TABLE} has this grade"
    )


def test_what_is_recorded_of_messages_follows_from_the_problem(promtool: RunTool, tmp_path: Path) -> None:
    cases = [
        case(kind, verdict, of_the_client(SEVERITY, problem=kind.slug), MESSAGES, kind.messages)
        for kind in PROBLEMS.values()
        # By itself: with a coreapp that serves beside it, which makes of what is down a warning.
        for verdict in [State.UNKNOWN if kind.state is State.UNKNOWN else State.DEGRADED]
    ]

    found = failing(cases, promtool, tmp_path)

    assert not found, (
        f"let {MESSAGES} in {RULES} list each problem in the part of its `messages` in {TABLE}: {found}"
    )


def test_the_rules_name_no_problem_that_the_table_has_not() -> None:
    listed = {
        slug
        for rule in recordings()
        for slugs in re.findall(r'\bproblem=~?"([^"]*)"', rule.expr)
        for slug in slugs.split("|")
    }

    assert listed <= PROBLEMS.keys(), f"{RULES} has problems that {TABLE} has not: {listed - PROBLEMS.keys()}"


# --- runbooks ----------------------------------------------------------------------------------


def test_every_runbook_of_a_problem_is_that_of_an_alert() -> None:
    wanted = {kind.runbook: kind.slug for kind in PROBLEMS.values()}

    missing = [f"{name} (of {wanted[name]})" for name in wanted if name not in alert_names()]

    assert not missing, (
        f"{TABLE} names runbooks of alerts that are not there: {', '.join(missing)}. Write the alert in "
        "alerts/alerts.yml, or name the runbook of another alert"
    )


def test_every_alert_about_a_client_is_the_runbook_of_a_problem() -> None:
    about_clients = {name for name in alert_names() if name.startswith("WhatsApp")}

    unnamed = about_clients - {kind.runbook for kind in PROBLEMS.values()}

    assert unnamed == UNNAMED.keys(), f"no problem in {TABLE} leads to the runbooks of these: {unnamed}"
