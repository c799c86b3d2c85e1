"""The shipped rules: loadable everywhere, tested, explained, and about metrics that exist."""

from __future__ import annotations

import json
import re
import shlex
from typing import TYPE_CHECKING

import pytest

from tests.alerts.rules import (
    ALERTS,
    METRIC,
    ROOT,
    RULE_FILES,
    RUNBOOKS,
    TEST_FILES,
    Rule,
    alert_names,
    alerts,
    cases,
    cases_of,
    evaluation_interval,
    groups,
    mentions,
    recorded_names,
    recordings,
    seconds,
)
from tests.markdown import METRICS, SPAN, blocks, headings, rows
from tests.places import hold
from waexporter.cli import build_parser
from waexporter.commands.rules_render import DASHBOARD_BASE, RUNBOOK_BASE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.real.fixtures import RunTool

pytestmark = pytest.mark.timeout(300)  # seconds; promtool needs twenty for the longest on an idle machine
DASHBOARDS = ROOT / "grafana" / "dashboards"
RULES = [pytest.param(rule, id=f"{rule.name}-{number}") for number, rule in enumerate(alerts())]


def documented_metrics() -> set[str]:
    """Give every name the page may have, which docs/metrics.md lists and its own tests hold to the code."""
    spans = {span for row in rows(METRICS.read_text()) for cell in row[:2] for span in SPAN.findall(cell)}
    names = {span for span in spans if METRIC.fullmatch(span)}
    return names | {f"{name}{end}" for name in names for end in ("_count", "_sum", "_bucket")}


# --- the files ---------------------------------------------------------------------------------


def test_every_prometheus_loads_the_rules_without_a_finding(promtool: RunTool, suite: str) -> None:
    finding = promtool(suite, "check", "rules", "--lint=all", "--lint-fatal", *RULE_FILES)

    assert finding.status == 0, finding.output


@pytest.mark.parametrize("file", TEST_FILES, ids=lambda file: file.stem)
def test_every_prometheus_passes_the_tests_of_the_rules(promtool: RunTool, suite: str, file: Path) -> None:
    finding = promtool(suite, "test", "rules", file)

    assert finding.status == 0, finding.output


@pytest.mark.parametrize("file", TEST_FILES, ids=lambda file: file.stem)
def test_the_tests_evaluate_every_group_in_its_order(file: Path) -> None:
    text = file.read_text()

    listed = re.findall(r"^  - (waexporter-\S+)$", text.split("evaluation_interval")[0], re.MULTILINE)

    assert listed == list(groups())


def test_every_metric_in_the_rules_is_documented() -> None:
    used = {name for rule in (*recordings(), *alerts()) for name in METRIC.findall(rule.expr)}
    recorded = {name for rule in recordings() for name in METRIC.findall(rule.name)}

    assert used - recorded - documented_metrics() == set()


def users(name: str) -> Iterator[str]:
    """Yield the expressions that may use a recorded series; that it uses itself is no use."""
    yield from (rule.expr for rule in (*recordings(), *alerts()) if rule.name != name)


def test_every_recording_rule_is_used_and_tested() -> None:
    boards = [file.read_text() for file in DASHBOARDS.glob("*.json")]
    tested = [test["expr"] for _, case in cases() for test in case.get("promql_expr_test", ())]

    unused = [
        name for name in recorded_names() if not any(mentions(text, name) for text in (*boards, *users(name)))
    ]
    untested = [name for name in recorded_names() if not any(mentions(expr, name) for expr in tested)]

    assert unused == []
    assert untested == []


# --- conventions -------------------------------------------------------------------------------


@pytest.mark.parametrize("rule", RULES)
def test_an_alert_keeps_the_conventions(rule: Rule) -> None:
    known = {"summary", "description", "runbook_url", "dashboard_url"}
    assert set(rule.annotations) == known, f"{rule.name} has to have the annotations {sorted(known)}"
    summary, description = rule.annotations["summary"], rule.annotations["description"]
    conventions = {
        "begin its name with WhatsApp or WaExporter": re.fullmatch(
            r"(WhatsApp|WaExporter)[A-Z][A-Za-z]+|Watchdog", rule.name
        ),
        "give it the label severity: critical, warning or info": rule.labels.get("severity")
        in {"critical", "warning", "info"},
        "the label affects_channel can only be whatsapp": rule.labels.get("affects_channel", "whatsapp")
        == "whatsapp",
        "let its summary be one sentence": re.fullmatch(r"[A-Z].+\.", summary),
        "leave labels to the description: a summary has no {{": "{{" not in summary,
        "name in its description what it is about: {{ $labels.target }}": "{{" in description,
        "fold its description (>-), so that it is one line": "\n" not in description,
    }
    broken = [words for words, is_kept in conventions.items() if not is_kept]

    assert not broken, f"{rule.name} in alerts/alerts.yml: {'; '.join(broken)}"


@pytest.mark.parametrize("rule", RULES)
def test_an_alert_that_waits_is_not_ended_by_one_odd_answer(rule: Rule) -> None:
    by_nothing_but_their_windows = {
        "WhatsAppApiErrorBudgetBurn",
        "WhatsAppTargetMissing",
        "WaExporterLoginFailing",
    }

    has_to_be = bool(rule.waits) and rule.name not in by_nothing_but_their_windows
    do = (
        f"{rule.name} waits by `for`: give it a keep_firing_for in alerts/alerts.yml, or name it here in "
        "by_nothing_but_their_windows"
        if has_to_be
        else f"{rule.name} has a keep_firing_for in alerts/alerts.yml: remove it, or give it a `for` (and "
        "remove the name here from by_nothing_but_their_windows)"
    )
    assert bool(rule.keeps) == has_to_be, do


@pytest.mark.parametrize("rule", RULES)
def test_what_counts_steps_of_the_past_looks_at_the_present_too_and_waits_a_minute(rule: Rule) -> None:
    if "sum_over_time((" in rule.expr:
        assert re.search(r"\band\s+sum_over_time\(\(", rule.expr), (
            f"{rule.name} counts steps of the past: before `sum_over_time` write what is so now, and `and`"
        )
        assert seconds(rule.waits) >= 60, f"{rule.name} counts steps of the past: give it `for: 1m` or more"


@pytest.mark.parametrize("rule", [*recordings(), *alerts()], ids=lambda rule: rule.name)
def test_no_rule_rests_on_increase_which_engines_count_differently(rule: Rule) -> None:
    assert "increase(" not in rule.expr


@pytest.mark.parametrize("rule", RULES)
def test_problems_are_said_in_words(rule: Rule) -> None:
    for labels in re.findall(r"\.Labels\.problem[^}]*", rule.annotations["description"]):
        assert 'reReplaceAll "_" " "' in labels


@pytest.mark.parametrize("rule", recordings(), ids=lambda rule: rule.name)
def test_a_recording_rule_is_named_level_metric_operations(rule: Rule) -> None:
    assert re.fullmatch(r"target:whatsapp_[a-z_]+:[a-z0-9_]+", rule.name)


@pytest.mark.parametrize("name", alert_names())
def test_an_alert_has_a_reason_beside_its_numbers(name: str) -> None:
    parts = (ALERTS / "alerts.yml").read_text().split("- alert: ")

    texts = [text for text in parts if text.startswith(f"{name}\n")]

    is_explained = all("# " in text for text in texts) or name == "Watchdog"
    assert is_explained, (
        f"{name} has no reason beside its numbers: write a comment into its rule in alerts/alerts.yml that "
        "says why its threshold and its `for` are what they are"
    )


@pytest.mark.parametrize("rule", RULES)
def test_a_failover_does_not_fire_an_alert_on_health(rule: Rule) -> None:
    twice_the_unhealthy_interval = 60

    if "whatsapp_verdict" in rule.expr or "whatsapp_problem" in rule.expr:
        assert seconds(rule.waits) >= twice_the_unhealthy_interval, (
            f"{rule.name} is about health: give it `for: 1m` or more, so that a failover does not fire it"
        )
        assert "_over_time(" in rule.expr, (
            f"{rule.name} is about health: let it count steps of the past too (the arithmetic is at the top "
            "of alerts/alerts.yml)"
        )


# --- runbooks and dashboards -------------------------------------------------------------------


def test_every_alert_has_a_runbook_and_there_is_no_other() -> None:
    hold(
        alert_names(),
        {file.stem for file in RUNBOOKS.glob("*")},
        add="Write its runbook alerts/runbooks/NAME.md, with Meaning, Impact, Diagnosis, Mitigation.",
        remove="alerts/alerts.yml has no such alert any more: remove its runbook.",
    )


@pytest.mark.parametrize("name", alert_names())
def test_a_runbook_has_the_four_sections_and_commands(name: str) -> None:
    file = RUNBOOKS / f"{name}.md"
    assert file.exists(), f"write {file.relative_to(ROOT)}"

    assert headings(file) == [name, "Meaning", "Impact", "Diagnosis", "Mitigation"], (
        f"{file.relative_to(ROOT)}: these have to be its headings, in this order"
    )
    assert blocks(file, "promql") + blocks(file, "console"), (
        f"{file.relative_to(ROOT)}: show a query (a block `promql`) or a command (a block `console`)"
    )


@pytest.mark.parametrize("rule", RULES)
def test_the_link_of_an_alert_leads_to_its_runbook(rule: Rule) -> None:
    assert rule.annotations["runbook_url"] == f"{RUNBOOK_BASE}/{rule.name}.md", (
        f"{rule.name} in alerts/alerts.yml: let its runbook_url be that of its own runbook"
    )


@pytest.mark.parametrize("rule", RULES)
def test_the_links_to_dashboards_have_one_base(rule: Rule) -> None:
    assert rule.annotations["dashboard_url"].startswith(f"{DASHBOARD_BASE}/d/waexporter-")


def test_every_metric_in_the_runbooks_is_documented_or_recorded() -> None:
    known = documented_metrics() | {name for rule in recordings() for name in METRIC.findall(rule.name)}

    used = {name for file in RUNBOOKS.glob("*.md") for name in METRIC.findall(file.read_text())}

    assert {name for name in used - known if not name.endswith("_")} == set()


def test_prometheus_accepts_every_query_of_the_runbooks(
    promtool: RunTool, suite: str, tmp_path: Path
) -> None:
    queries = [query for file in sorted(RUNBOOKS.glob("*.md")) for query in blocks(file, "promql")]
    own = [{"record": f"runbook:{number}", "expr": query} for number, query in enumerate(queries)]
    (tmp_path / "rules.yml").write_text(json.dumps({"groups": [{"name": "runbooks", "rules": own}]}))

    finding = promtool(suite, "check", "rules", tmp_path / "rules.yml")

    assert len(queries) > len(alert_names())
    assert finding.status == 0, finding.output


def calls() -> list[str]:
    lines = [block for file in RUNBOOKS.glob("*.md") for block in blocks(file, "console")]
    return sorted({line[2:].strip() for line in lines if line.startswith("$ waexporter ")})


@pytest.mark.parametrize("call", calls())
def test_every_call_of_waexporter_in_the_runbooks_is_accepted(call: str) -> None:
    options = build_parser().parse_args(shlex.split(call)[1:])

    assert callable(options.run)


def test_every_link_between_runbooks_leads_somewhere() -> None:
    links = {
        link for file in RUNBOOKS.glob("*.md") for link in re.findall(r"\]\(([^)]+)\)", file.read_text())
    }

    assert [link for link in links if not (RUNBOOKS / link).exists()] == []


# --- tests of the rules ------------------------------------------------------------------------


def fires(rule: Rule, test: dict[str, list[dict[str, dict[str, str]]]]) -> bool:
    return any(rule.labels.items() <= alert["exp_labels"].items() for alert in test["exp_alerts"])


def test_every_test_is_about_an_alert_or_the_recording_rules() -> None:
    names = (*alert_names(), "recording rules")

    assert [case["name"] for _, case in cases() if case["name"].split(":")[0] not in names] == []


@pytest.mark.parametrize("rule", RULES)
def test_an_alert_has_a_test_in_which_it_fires(rule: Rule) -> None:
    tests = [test for _, case in cases_of(rule.name) for test in case.get("alert_rule_test", ())]

    assert any(fires(rule, test) for test in tests), (
        f"{rule.name}: add a test in which it fires to alerts/tests; its name begins with `{rule.name}: `"
    )


@pytest.mark.parametrize("name", [name for name in alert_names() if name != "Watchdog"])
def test_an_alert_has_a_test_in_which_it_never_fires(name: str) -> None:
    tests = [case.get("alert_rule_test") or case["promql_expr_test"] for _, case in cases_of(name)]

    assert any(not any(test.get("exp_alerts") for test in each) for each in tests), (
        f"{name}: add a test in which it never fires to alerts/tests; its name begins with `{name}: `"
    )


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule.values[0].name != "Watchdog"])  # type: ignore[union-attr]
def test_an_alert_has_a_test_on_both_sides_of_its_boundary(rule: Rule) -> None:
    pairs = [
        (before, after, 2 * seconds(evaluation_interval(file)))
        for file, case in cases_of(rule.name)
        for before in case.get("alert_rule_test", ())
        for after in case.get("alert_rule_test", ())
    ]

    assert any(
        not fires(rule, before)
        and fires(rule, after)
        and 0 < seconds(after["eval_time"]) - seconds(before["eval_time"]) <= most
        and seconds(after["eval_time"]) >= seconds(rule.waits)
        for before, after, most in pairs
    ), (
        f"{rule.name}: let a test in alerts/tests look twice, before its `for` is over, when it does not "
        "fire, and after, when it does"
    )
