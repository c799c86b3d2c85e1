"""The mixin for users of jsonnet gives the shipped rules."""

from __future__ import annotations

import json

import yaml
from _gojsonnet import evaluate_snippet

from tests.alerts.rules import ALERTS


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


def test_the_mixin_puts_in_other_addresses() -> None:
    bases = "{ runbookBase: 'https://wiki.example', dashboardBase: 'https://grafana.example' }"

    text = json.dumps(evaluated(f"(mixin {{ _config+:: {bases} }}).prometheusAlerts"))

    assert text.count("https://wiki.example/WhatsAppDown.md") == 1
    assert "https://grafana.example/d/waexporter-client?" in text
    assert "waexporter.example" not in text
    assert "localhost" not in text
