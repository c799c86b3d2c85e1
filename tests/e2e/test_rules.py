"""The shipped rules in real Prometheus servers, on the page of a real exporter whose clients are well."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.alerts.rules import NEVER_WHEN_WELL, RULE_FILES, recordings
from tests.e2e.exporters import EVERY_SECOND, Exporter, write_config
from tests.real.network import ask

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.conftest import Simulate
    from tests.real.fixtures import StartPrometheus

SHARDS = 4


def test_on_well_clients_every_rule_has_something_to_say_and_no_alert_is_even_pending(
    simulate: Simulate, prometheus: StartPrometheus, suite: str, tmp_path: Path
) -> None:
    clients = {
        "single": simulate(),
        "ha": simulate("--topology=ha"),
        "multiconnect": simulate("--topology=multiconnect", f"--shards={SHARDS}"),
    }
    targets = [client.target(name) for name, client in clients.items()]
    targets[2]["shards"] = SHARDS
    with Exporter.run(write_config(tmp_path, {"targets": targets, "poll": EVERY_SECOND})) as exporter:
        exporter.wait_until_ok(*clients)
        job = {
            "job_name": "waexporter",
            "static_configs": [{"targets": [exporter.url.removeprefix("http://")]}],
        }
        server = prometheus(
            suite,
            {
                "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
                "rule_files": [str(file) for file in RULE_FILES],
                "scrape_configs": [job],
            },
        )

        for rule in recordings():
            if rule.name not in NEVER_WHEN_WELL:
                server.query(rule.name, until=lambda vector: len(vector) == len(clients), deadline=60)
        raised = server.query("ALERTS")

        answer = ask(f"{server.url}/api/v1/rules", patience=10)
        assert answer is not None
        found = [each for group in json.loads(answer.body)["data"]["groups"] for each in group["rules"]]
        assert [(each["name"], each.get("lastError")) for each in found if each["health"] != "ok"] == []
        assert {labels["alertname"] for labels, _ in raised} == {"Watchdog"}
