"""The shipped Alertmanager configuration: valid everywhere, and every alert goes where it should."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.alerts.rules import ALERTS, Rule, alert_names, alerts, seconds

if TYPE_CHECKING:
    from tests.real.fixtures import RunTool

FILE = ALERTS / "alertmanager.yml"
ROUTES = {
    "alertname=Watchdog severity=info": "on-call-watchdog",
    "alertname=Watchdog severity=info prometheus=eu": "on-call-watchdog",
    "alertname=WhatsAppDown severity=critical target=a affects_channel=whatsapp": "on-call",
    "alertname=WhatsAppDegraded severity=warning target=a": "work-queue",
    "alertname=WhatsAppSettingsChanged severity=info target=a": "work-queue",
    "alertname=WaExporterDown severity=critical affects_channel=whatsapp": "backup,on-call",
    "alertname=WaExporterPagesFailing severity=critical affects_channel=whatsapp": "backup,on-call",
    "alertname=WaExporterPollFailing severity=warning target=a": "work-queue",
}


def configuration() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(FILE.read_text())
    return document


def test_every_alertmanager_accepts_the_configuration(amtool: RunTool, suite: str) -> None:
    finding = amtool(suite, "check-config", FILE)

    assert finding.status == 0, finding.output


@pytest.mark.parametrize("labels", ROUTES)
def test_an_alert_goes_to_its_receiver(labels: str, amtool: RunTool, suite: str) -> None:
    receivers = ROUTES[labels]

    command = ("config", "routes", "test", f"--config.file={FILE}", f"--verify.receivers={receivers}")
    finding = amtool(suite, *command, *labels.split())

    assert finding.status == 0, finding.output


@pytest.mark.parametrize("rule", [rule for rule in alerts() if rule.labels["severity"] == "critical"])
def test_every_critical_alert_is_paged(rule: Rule, amtool: RunTool) -> None:
    labels = [f"alertname={rule.name}", *(f"{key}={value}" for key, value in rule.labels.items()), "target=a"]

    finding = amtool("sid", "config", "routes", "test", f"--config.file={FILE}", *labels)

    assert "on-call" in finding.output.splitlines()[-1].split(",")


def test_the_pager_is_told_everything() -> None:
    hooks = [hook for each in configuration()["receivers"] for hook in each.get("webhook_configs", ())]

    assert [(hook["url"], hook["max_alerts"], hook["send_resolved"]) for hook in hooks] == [
        ("http://127.0.0.1:9847/api/v1/alerts", 0, True)
    ] * 2


def test_the_watchdog_is_repeated_in_every_interval_of_its_group() -> None:
    route = configuration()["route"]["routes"][0]

    assert route["receiver"] == "on-call-watchdog"
    assert seconds(route["repeat_interval"]) < seconds(route["group_interval"]) <= 60


def test_inhibition_is_between_alerts_that_exist_and_of_one_target() -> None:
    rules = configuration()["inhibit_rules"]
    known = "|".join(alert_names())

    named = [
        name
        for rule in rules
        for matcher in (*rule["source_matchers"], *rule["target_matchers"])
        if matcher.startswith("alertname")
        for name in _names(matcher)
    ]

    assert [name for name in named if name not in known] == []
    assert all("target" in rule["equal"] for rule in rules)


def _names(matcher: str) -> list[str]:
    """Give the names a matcher is about: `WhatsApp(Down|Degraded)` are two."""
    value = matcher.split('"')[1].replace(".+", "")
    prefix, _, rest = value.partition("(")
    return [prefix + name for name in rest.rstrip(")").split("|")]
