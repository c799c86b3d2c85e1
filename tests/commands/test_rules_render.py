"""`waexporter rules render`: the shipped rules with the user's selector and addresses."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from jsonschema import Draft7Validator

from tests.alerts.rules import RULE_FILES, groups
from waexporter import cli
from waexporter.commands.matchers import read_matchers
from waexporter.commands.rules_render import render, wrap_prometheus_rule
from waexporter.errors import ConfigError

if TYPE_CHECKING:
    from tests.real.fixtures import RunTool

SELECTOR = (
    "job='x: #1 100%',env=~`prod|\"a{b}}\"`"  # of everything that could mean something to a file of rules
)
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
def test_a_selector_is_added_to_every_metric_and_to_nothing_else(expr: str, tmp_path: Path) -> None:
    rule = f"      - alert: up\n        expr: >-\n          {expr}\n        for: 1m\n"
    text = f"groups:\n  - name: a\n    rules:\n{rule}"
    (tmp_path / "alerts.yml").write_text(text)
    (tmp_path / "recording-rules.yml").write_text("groups:\n")

    document = yaml.safe_load(render(tmp_path, selector='job="x"'))

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
        assert alert["annotations"]["runbook_url"] == f"https://wiki.example/wa/{alert['alert']}"
        assert alert["annotations"]["dashboard_url"].startswith("https://grafana.example/x/d/waexporter-")


@pytest.mark.parametrize(
    ("base", "runbook"),
    [
        ("https://wiki.example/{name}.html", "https://wiki.example/WhatsAppDown.html"),
        ("https://wiki.example/?page={name}#top", "https://wiki.example/?page=WhatsAppDown#top"),
        ("http://wiki", "http://wiki/WhatsAppDown"),
    ],
)
def test_the_name_of_an_alert_replaces_its_placeholder_in_the_url(base: str, runbook: str) -> None:
    document = rendered(runbook_base=base)

    rules = [rule for group in document["groups"] for rule in group["rules"]]
    assert {rule["annotations"]["runbook_url"] for rule in rules if rule.get("alert") == "WhatsAppDown"} == {
        runbook
    }


@pytest.mark.parametrize("option", ["runbook_base", "dashboard_base"])
@pytest.mark.parametrize(
    "base",
    [
        "wiki.example/wa",
        "//wiki.example/wa",
        "ftp://wiki.example",
        "https://",
        "https:///wa",
        "https://wiki.example/a b",
        "https://wiki.example/{{ $labels.job }}",
        "https://[::1/wa",
        "",
    ],
)
def test_an_invalid_address_is_rejected(option: str, base: str) -> None:
    with pytest.raises(ConfigError, match=rf"--{option.replace('_', '-')}: must be an address"):
        rendered(**{option: base})


def test_every_problem_is_reported_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    code = cli.main(["rules", "render", "--selector", "job", "--runbook-base", "a", "--dashboard-base", "b"])

    assert code == 2
    assert re.findall(r"^.*?(--[a-z-]+): ", capsys.readouterr().err, re.MULTILINE) == [
        "--selector",
        "--runbook-base",
        "--dashboard-base",
    ]


@pytest.mark.parametrize(
    "selector",
    [
        "job",
        'job="a',
        "job=a",
        '{job="a"',
        'job="a"}',
        'job="a"} or up{',
        ',job="a"',
        'job="a" env="b"',
        'job="a",,',
        'up{job="a"}',
        'job=~"a\\d"',
    ],
)
def test_an_invalid_selector_is_rejected(selector: str) -> None:
    with pytest.raises(ConfigError) as caught:
        render(selector=selector)

    assert caught.value.problems[0].startswith(f"--selector: {selector!r} is not a list of label matchers")


def test_a_backslash_that_promql_does_not_know_is_explained() -> None:
    with pytest.raises(ConfigError, match="a backslash is written twice"):
        render(selector=r'job=~"wa\d"')


@pytest.mark.parametrize("label", ["__name__", "instance", "pod", "target", "node", "collector"])
def test_a_label_that_some_metrics_lack_is_rejected(label: str) -> None:
    with pytest.raises(ConfigError, match=f"--selector: '{label}' can't be asked for: "):
        render(selector=f'job="x",{label}="a"')


PASTED = {
    '{job="x"}': 'job="x"',
    ' { job = "x" , env =~ "a|b", } ': 'job="x",env=~"a|b"',
    "{job='x'}": 'job="x"',
    r"""job='a\'b"c'""": r'''job="a'b\"c"''',
    "job=`a.+`": 'job="a.+"',
    r"job=~`wa\d`": r'job=~"wa\\d"',
    r'job=~"wa\\d"': r'job=~"wa\\d"',
    'job!="x",env!~"y"': 'job!="x",env!~"y"',
    'job="x: y #1 50%"': r'job="x:\x20y \x231 50\x25"',
    "{}": "",
    " ": "",
}


@pytest.mark.parametrize("pasted", PASTED)
def test_a_selector_is_accepted_in_every_form_of_promql(pasted: str) -> None:
    assert read_matchers(pasted) == (PASTED[pasted], "")


def test_the_prometheusrule_contains_the_rendered_rules(capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--selector", SELECTOR, "--runbook-base", "https://wiki.example"]
    kubernetes = [
        "--kubernetes",
        "wa.rules",
        "--namespace",
        "mon",
        "--label",
        "release=stack",
        "--label",
        "a.b/c=1",
    ]

    code = cli.main(["rules", "render", *options, *kubernetes])

    document = yaml.safe_load(capsys.readouterr().out)
    assert code == 0
    assert (document["apiVersion"], document["kind"]) == ("monitoring.coreos.com/v1", "PrometheusRule")
    assert document["metadata"] == {
        "name": "wa.rules",
        "namespace": "mon",
        "labels": {"release": "stack", "a.b/c": "1"},
    }
    assert document["spec"] == rendered(selector=SELECTOR, runbook_base="https://wiki.example")


def test_the_prometheusrule_is_valid_for_the_operator() -> None:
    folder = os.environ.get("WAEXPORTER_SCHEMAS")
    file = Path(folder or "", "kubernetes", "crds", "prometheusrule.yaml")
    if not folder or not file.is_file():
        pytest.skip("the Operator's schemas are missing: name their folder in WAEXPORTER_SCHEMAS")
    versions = yaml.safe_load(file.read_text())["spec"]["versions"]
    schema = next(each["schema"]["openAPIV3Schema"] for each in versions if each["name"] == "v1")
    document = yaml.safe_load(
        wrap_prometheus_rule(render(selector=SELECTOR), "waexporter", "", {"release": "x"})
    )
    unknown = document | {"spec": {"groups": [{"name": "a", "rules": [{"expr": "1", "fro": "1m"}]}]}}

    validator = Draft7Validator(closed(schema))

    assert [f"{error.json_path}: {error.message}" for error in validator.iter_errors(document)] == []
    assert not validator.is_valid(unknown)


def closed(schema: Any) -> Any:  # noqa: ANN401 - a schema is JSON
    """Refuse what a schema does not name, as the API server would drop it."""
    if isinstance(schema, list):
        return [closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {key: closed(value) for key, value in schema.items()}
    if isinstance(schema.get("properties"), dict) and schema.get("type") == "object":
        inner.setdefault("additionalProperties", False)
    return inner


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--kubernetes", "Wa"], "--kubernetes: 'Wa' is no name"),
        (["--kubernetes", ""], "--kubernetes: '' is no name"),
        (["--kubernetes", "a" * 254], "--kubernetes: 'a"),
        (["--kubernetes", "a", "--namespace", "a.b"], "--namespace: 'a.b' is no name"),
        (["--kubernetes", "a", "--label", "release"], "--label: 'release' is not KEY=VALUE"),
        (["--kubernetes", "a", "--label", "a=b c"], "--label: 'a=b c' is not KEY=VALUE"),
        (["--kubernetes", "a", "--label", "=b"], "--label: '=b' is not KEY=VALUE"),
        (["--kubernetes", "a", "--label", f"a={'b' * 64}"], "--label: 'a=b"),
        (["--namespace", "a"], "--namespace and --label go with --kubernetes"),
        (["--label", "a=b"], "--namespace and --label go with --kubernetes"),
    ],
)
def test_names_that_kubernetes_would_reject_are_rejected(
    arguments: list[str], problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code = cli.main(["rules", "render", *arguments])

    out, err = capsys.readouterr()
    assert (code, out) == (2, "")
    assert problem in err


def test_the_command_prints_the_rules(capsys: pytest.CaptureFixture[str]) -> None:
    code = cli.main(["rules", "render", "--selector", 'job="x"'])

    assert code == 0
    assert yaml.safe_load(capsys.readouterr().out) == rendered(selector='job="x"')


def test_the_groups_of_both_files_can_be_loaded_together() -> None:
    assert [group["name"] for group in rendered()["groups"]] == list(groups())
