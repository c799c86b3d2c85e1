"""`waexporter rules render`: the shipped rules with the selector and the addresses of their user."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.alerts.rules import RULE_FILES, groups
from waexporter import cli
from waexporter.errors import ConfigError
from waexporter.rules import render

if TYPE_CHECKING:
    from pathlib import Path

    from tests.real.fixtures import RunTool

SELECTOR = 'job="x",env=~"prod|\\"a{b}\\""'
EXPRESSIONS = {
    "whatsapp_up": 'whatsapp_up{job="x"}',
    "whatsapp_up{}": 'whatsapp_up{job="x",}',
    'whatsapp_up{ target="whatsapp_up" }': 'whatsapp_up{job="x",target="whatsapp_up" }',
    "sum by (target) (rate(whatsapp_a_total[5m]))": 'sum by (target) (rate(whatsapp_a_total{job="x"}[5m]))',
    "target:whatsapp_a:rate5m > 0": 'target:whatsapp_a:rate5m{job="x"} > 0',
    "up == 0 and on (job) waexporter_build_info": (
        'up{job="x"} == 0 and on (job) waexporter_build_info{job="x"}'
    ),
    "group(upper) # whatsapp_up": "group(upper) # whatsapp_up",
    "absent(ALERTS{a='up'})": "absent(ALERTS{job=\"x\",a='up'})",
}


def rendered(**options: str) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(render(**options))
    return document


def test_without_options_the_rules_are_the_shipped_ones() -> None:
    shipped = [group for file in RULE_FILES for group in yaml.safe_load(file.read_text())["groups"]]

    document = rendered()

    assert document == {"groups": shipped}


@pytest.mark.parametrize("expr", EXPRESSIONS)
def test_a_selector_is_added_to_every_metric_and_to_nothing_else(
    expr: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    rule = f"      - alert: up\n        expr: >-\n          {expr}\n        for: 1m\n"
    text = f"groups:\n  - name: a\n    rules:\n{rule}"
    (tmp_path / "alerts.yml").write_text(text)
    (tmp_path / "recording-rules.yml").write_text("groups:\n")
    monkeypatch.setattr("waexporter.rules.find_shipped", lambda: tmp_path)

    document = rendered(selector='job="x"')

    assert document["groups"][0]["rules"] == [{"alert": "up", "expr": EXPRESSIONS[expr], "for": "1m"}]


def test_every_prometheus_accepts_what_was_rendered(promtool: RunTool, suite: str, tmp_path: Path) -> None:
    file = tmp_path / "rules.yml"
    file.write_text(render(selector=SELECTOR))

    finding = promtool(suite, "check", "rules", "--lint=all", "--lint-fatal", file)

    assert finding.status == 0, finding.output


def test_every_selector_of_every_rule_has_the_matchers() -> None:
    metric = re.compile(r"\b(?:whatsapp_|waexporter_|up\b|target:)[\w:]*")

    rules = [rule for group in rendered(selector='job="x"')["groups"] for rule in group["rules"]]

    places = [(rule, found) for rule in rules for found in metric.finditer(rule["expr"])]
    assert len(places) > 100
    assert [
        found[0] for rule, found in places if not rule["expr"][found.end() :].startswith('{job="x"')
    ] == []


def test_the_rules_with_a_selector_see_the_chosen_series_only(promtool: RunTool, tmp_path: Path) -> None:
    (tmp_path / "rules.yml").write_text(render(selector='job="chosen"'))
    series = [
        {"series": f'whatsapp_verdict{{job="{job}",target="a",verdict="down"}}', "values": "1x20"}
        for job in ("chosen", "other")
    ]
    expected = [
        {"labels": 'ALERTS{alertname="WhatsAppDown",alertstate="firing",job="chosen",target="a"}', "value": 1}
    ]
    query = 'sum by (__name__, alertname, alertstate, job, target) (ALERTS{alertname="WhatsAppDown"})'
    test = {
        "interval": "30s",
        "input_series": series,
        "promql_expr_test": [{"eval_time": "5m", "expr": query, "exp_samples": expected}],
    }
    document = {"rule_files": ["rules.yml"], "evaluation_interval": "30s", "tests": [test]}
    (tmp_path / "test.yml").write_text(json.dumps(document))

    finding = promtool("sid", "test", "rules", tmp_path / "test.yml")

    assert finding.status == 0, finding.output


def test_links_lead_to_other_addresses() -> None:
    document = rendered(runbook_base="https://wiki.example/wa/", dashboard_base="https://grafana.example/x")

    alerts = [rule for group in document["groups"] for rule in group["rules"] if "alert" in rule]
    for alert in alerts:
        assert alert["annotations"]["runbook_url"] == f"https://wiki.example/wa/{alert['alert']}.md"
        assert alert["annotations"]["dashboard_url"].startswith("https://grafana.example/x/d/waexporter-")


@pytest.mark.parametrize("selector", ["job", 'job="a', "job=a", '{job="a"}', 'job="a"} or up{', 'a="b",'])
def test_what_is_no_selector_is_refused(selector: str) -> None:
    with pytest.raises(ConfigError) as caught:
        render(selector=selector)

    assert caught.value.problems[0].startswith(f"--selector: {selector!r} is not a list of label matchers")


def test_the_command_prints_the_rules(capsys: pytest.CaptureFixture[str]) -> None:
    code = cli.main(["rules", "render", "--selector", 'job="x"'])

    assert code == 0
    assert yaml.safe_load(capsys.readouterr().out) == rendered(selector='job="x"')


def test_the_groups_of_both_files_can_be_loaded_together() -> None:
    assert [group["name"] for group in rendered()["groups"]] == list(groups())
