"""The mixin for users of jsonnet gives what is shipped, and its rules keep every rule of mixtool.

`mixtool lint` also runs Grafana's dashboard-linter: tests/grafana/test_rules_of_the_linter.py has its rules.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
import yaml
from _gojsonnet import evaluate_snippet

from tests.alerts.rules import ALERTS, Rule, alerts
from tests.grafana.boards import BOARDS, ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from tests.real.fixtures import RunTool

TEMPLATE = re.compile(r"\{\{.+\}\}")

# By mixtool's names; each has its reason in the guidelines for mixins.
LINT: Mapping[str, Callable[[Rule], object]] = {
    # One word to search for, in all places.
    "alert-name-camelcase": lambda rule: re.fullmatch(r"([A-Z]+[a-z0-9]+)+", rule.name),
    # Routes of others know these three.
    "alert-severity-rule": lambda rule: rule.labels.get("severity") in {"warning", "critical", "info"},
    "alert-description-missing-rule": lambda rule: rule.annotations.get("description"),
    # It is about this alert, so it names what is wrong here.
    "alert-description-templating": lambda rule: TEMPLATE.search(rule.annotations["description"]),
    "alert-summary-missing-rule": lambda rule: rule.annotations.get("summary"),
    # It is about all alerts of the name, which are grouped under it.
    "alert-summary-templating": lambda rule: not TEMPLATE.search(rule.annotations["summary"]),
    # A sentence, since people read it.
    "alert-summary-style": lambda rule: re.fullmatch(r"[A-Z].+\.", rule.annotations["summary"]),
}
# What is left out: the name of mixtool's rule and of the alert, and why.
LEFT_OUT: Mapping[tuple[str, str], str] = {}


def read(name: str) -> object:
    return yaml.safe_load((ALERTS / name).read_text())


def evaluated(expression: str) -> object:
    code = f"local mixin = import 'mixin.libsonnet'; {expression}"
    found: object = json.loads(evaluate_snippet("test.jsonnet", code, import_callback=imported))
    return found


def imported(_folder: str, name: str) -> tuple[str, bytes]:
    return name, (ALERTS / name).read_bytes()


def test_the_mixin_gives_the_shipped_rules() -> None:
    assert evaluated("mixin.prometheusAlerts") == read("alerts.yml")
    assert evaluated("mixin.prometheusRules") == read("recording-rules.yml")


def test_the_mixin_gives_every_shipped_dashboard() -> None:
    assert evaluated("mixin.grafanaDashboards") == {
        f"{board['uid']}.json": board for board in BOARDS.values()
    }


def test_the_mixin_names_the_folder_that_dashboards_are_provisioned_in() -> None:
    provisioning = ROOT / "grafana" / "provisioning" / "dashboards" / "waexporter.yml"
    (provider,) = yaml.safe_load(provisioning.read_text())["providers"]

    assert evaluated("mixin.grafanaDashboardFolder") == provider["folder"]


def test_the_dashboards_of_the_mixin_lead_to_other_runbooks() -> None:
    config = "{ runbookBase: 'https://wiki.example' }"

    boards = evaluated(f"(mixin {{ _config+:: {config} }}).grafanaDashboards")

    assert isinstance(boards, dict)
    assert set(boards) == {f"{board['uid']}.json" for board in BOARDS.values()}
    for board in boards.values():
        (variable,) = [each for each in board["templating"]["list"] if each["name"] == "runbooks"]
        assert variable["query"] == variable["current"]["value"] == "https://wiki.example"
        assert "localhost" not in json.dumps(board)


def test_the_mixin_puts_in_other_addresses() -> None:
    bases = "{ runbookBase: 'https://wiki.example', dashboardBase: 'https://grafana.example' }"

    text = json.dumps(evaluated(f"(mixin {{ _config+:: {bases} }}).prometheusAlerts"))

    assert text.count("https://wiki.example/WhatsAppDown.md") == 1
    assert "https://grafana.example/d/waexporter-client?" in text
    assert "waexporter.example" not in text
    assert "localhost" not in text


@pytest.mark.parametrize("name", LINT)
def test_every_alert_keeps_the_rules_of_mixtool(name: str) -> None:
    broken = {(name, rule.name) for rule in alerts() if not LINT[name](rule)}

    assert broken == {each for each in LEFT_OUT if each[0] == name}


BAD: Mapping[str, Rule] = {
    "alert-name-camelcase": Rule("whatsApp_down", "", is_alert=True),
    "alert-severity-rule": Rule("A", "", is_alert=True, labels={"severity": "page"}),
    "alert-description-missing-rule": Rule("A", "", is_alert=True),
    "alert-description-templating": Rule("A", "", is_alert=True, annotations={"description": "It is down."}),
    "alert-summary-missing-rule": Rule("A", "", is_alert=True),
    "alert-summary-templating": Rule("A", "", is_alert=True, annotations={"summary": "{{ $labels.a }} is."}),
    "alert-summary-style": Rule("A", "", is_alert=True, annotations={"summary": "waexporter is down."}),
}


@pytest.mark.parametrize("name", LINT)
def test_a_rule_of_mixtool_notices_what_breaks_it(name: str) -> None:
    assert not LINT[name](BAD[name])


@pytest.mark.parametrize("part", ["prometheusAlerts", "prometheusRules"])
def test_every_prometheus_loads_what_the_mixin_gives(
    promtool: RunTool, suite: str, part: str, tmp_path: Path
) -> None:
    (tmp_path / "rules.yml").write_text(json.dumps(evaluated(f"mixin.{part}")))

    finding = promtool(suite, "check", "rules", "--lint=all", "--lint-fatal", tmp_path / "rules.yml")

    assert finding.status == 0, finding.output


@pytest.mark.parametrize("name", BOARDS)
def test_a_dashboard_has_a_title_and_a_uid_for_links(name: str) -> None:
    assert BOARDS[name]["title"]
    assert BOARDS[name]["uid"]
