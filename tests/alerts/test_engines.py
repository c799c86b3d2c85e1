"""VictoriaMetrics loads the shipped rules, and fires them when Prometheus does."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.alerts.engines import VICTORIA
from tests.alerts.rules import (
    RULE_FILES,
    TEST_FILES,
    alerts,
    evaluation_interval,
    groups,
    recordings,
    seconds,
)
from tests.commands.test_rules_render import SELECTOR
from tests.grafana.promql import ranges
from tests.real import parts
from waexporter.commands.rules_render import render

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.real.fixtures import RealParts, RunTool

pytestmark = pytest.mark.timeout(600)  # seconds; the longest needs forty on an idle machine

# Prometheus extends the rate of a window that is not yet full to the window's ends, VictoriaMetrics does not:
# where a rule asks for more than a number, one of them may see it some evaluations before the other.
TOLERANCE = 2  # evaluations
# What is so near a boundary that this decides for longer.
ON_THE_EDGE = {
    "WhatsAppApiErrorBudgetBurn: 1h and 5m, with just enough traffic and failures": (
        "there are just enough failures by a mean of rates, the first five of windows that are not yet full"
    )
}
# Tests of what is recorded in whole numbers: of shares, VictoriaMetrics keeps fewer digits.
WHOLE = [file for file in TEST_FILES if file.stem.startswith(("problems-", "messages-state"))]
Moment = tuple[str, str, float]  # the name of a test, an alert, seconds


@pytest.mark.parametrize("victoria", parts.VICTORIA_SUITES)
def test_vmalert_loads_the_shipped_rules_and_the_rendered_ones(
    vmalert: RunTool, victoria: str, tmp_path: Path
) -> None:
    rendered = tmp_path / "rules.yml"
    rendered.write_text(render(selector=SELECTOR))

    findings = [vmalert(victoria, "-dryRun", f"-rule={file}") for file in (*RULE_FILES, rendered)]

    assert [finding.output for finding in findings if finding.status] == []


@pytest.mark.parametrize("victoria", parts.VICTORIA_SUITES)
def test_vmalert_tells_a_rule_that_it_can_t_load(vmalert: RunTool, victoria: str, tmp_path: Path) -> None:
    bad = tmp_path / "rules.yml"
    bad.write_text("groups: [{name: a, rules: [{alert: B, expr: 'sum by ('}]}]")

    finding = vmalert(victoria, "-dryRun", f"-rule={bad}")

    assert finding.status != 0


def test_increase_is_asked_only_of_our_own_counters_which_begin_at_0() -> None:
    """Those of clients are new with any value: MetricsQL counts that from zero, and PromQL does not."""
    wrong = [
        f"{rule.name}: {each.function}({each.metric}): take x - min_over_time(x), the same everywhere"
        for rule in (*recordings(), *alerts())
        for each in ranges(rule.expr)
        if each.function in {"increase", "delta", "changes"} and not each.metric.startswith("waexporter_")
    ]

    assert wrong == []


@pytest.mark.parametrize("file", TEST_FILES, ids=lambda file: file.stem)
def test_an_alert_fires_in_victoriametrics_when_it_does_in_prometheus(
    real_parts: RealParts, file: Path, tmp_path: Path
) -> None:
    """What promtool is told to expect is what Prometheus does; `make test` holds it to that."""
    document = yaml.safe_load(file.read_text())
    document["rule_files"] = [str(rules) for rules in RULE_FILES]
    step = seconds(evaluation_interval(file))
    asked: dict[Moment, list[Moment]] = {}
    for test in document["tests"]:
        test.pop("promql_expr_test", None)
        test["alert_rule_test"] = list(spread(test, step, asked))
    document["tests"] = [test for test in document["tests"] if test["alert_rule_test"]]
    if not document["tests"]:
        pytest.skip("these tests are about recording rules alone")

    finding = VICTORIA[-1].test_rules(real_parts, tmp_path, document)

    failed = set(failures(finding.output))
    never = [moment for moment, near in asked.items() if failed.issuperset(near)]
    assert "Unit Testing" in finding.output
    assert (finding.status == 0) == (not failed), finding.output
    assert [moment for moment in never if moment[0] not in ON_THE_EDGE] == []


@pytest.mark.parametrize("file", WHOLE, ids=lambda file: file.stem)
def test_victoriametrics_records_what_prometheus_does(
    real_parts: RealParts, file: Path, tmp_path: Path
) -> None:
    """A rule that rests on another sees there what that one recorded at the evaluation before."""
    document = yaml.safe_load(file.read_text())
    document["rule_files"] = [str(RULE_FILES[0])]
    document["group_eval_order"] = [name for name, rules in groups().items() if not rules[0].is_alert]
    step = seconds(evaluation_interval(file))
    asked: list[str] = []
    for test in document["tests"]:
        claims = [row for row in test.pop("promql_expr_test", ()) if is_the_same(row["expr"])]
        test["promql_expr_test"] = [
            row | {"expr": f"{row['expr']} # {len(asked) + number}", "eval_time": f"{at:.0f}s"}
            for number, row in enumerate(claims)
            for at in (seconds(row["eval_time"]), seconds(row["eval_time"]) + step)
        ]
        asked += [f"{test['name']}, at {row['eval_time']}: {row['expr']}" for row in claims]

    finding = VICTORIA[-1].test_rules(real_parts, tmp_path, document)

    failed = Counter(int(number) for number in re.findall(r'expr: ".* # (\d+)", time', finding.output))
    assert "Unit Testing" in finding.output
    assert (finding.status == 0) == (not failed), finding.output
    assert [asked[number] for number, times in failed.items() if times > 1] == [], finding.output


def is_the_same(expr: str) -> bool:
    """Return whether a claim is about recorded series, whose values are the same an evaluation later."""
    return "target:" in expr and "began_timestamp" not in expr


def spread(test: dict[str, Any], step: float, asked: dict[Moment, list[Moment]]) -> Iterator[dict[str, Any]]:
    """Ask also before and after each moment, and note what was asked for its sake."""
    for row in test.get("alert_rule_test", ()):
        name, alert, at = test["name"], row["alertname"], float(seconds(row["eval_time"]))
        around = [at + step * number for number in range(-TOLERANCE, TOLERANCE + 1)]
        moments = [(name, alert, moment) for moment in around if moment >= 0]
        asked.setdefault((name, alert, at), []).extend(moments)
        for *_, moment in moments:
            yield row | {"eval_time": f"{moment:.0f}s"}


def failures(output: str) -> Iterator[Moment]:
    """Read what vmalert-tool says of what it found otherwise."""
    name = ""
    for line in output.splitlines():
        if found := re.search(r"testGroupName: (.*),$", line):
            name = found[1]
        if found := re.search(r"alertname: (\w+), time: (\S+),", line):
            yield name, found[1], float(seconds(found[2]))
