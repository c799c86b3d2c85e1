"""The lists, the manifest and the numbers of docs/scaling.md are those of the program."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
import yaml

from tests.markdown import SCALING, blocks
from waexporter.config import load

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("number", "found"),
    [
        (0, {"support-line": {}, "orders": {"region": "eu"}}),
        (
            1,
            {
                "wa-1.example:9090": {"region": "eu"},
                "wa-2.example:9090": {"region": "eu"},
                "orders": {"region": "us"},
            },
        ),
    ],
)
def test_each_list_of_the_document_is_read(
    tmp_path: Path, number: int, found: dict[str, dict[str, str]]
) -> None:
    text = blocks(SCALING, "json")[number]
    (tmp_path / "list.json").write_text(text)
    (tmp_path / "waexporter.yml").write_text("targets_files: [list.json]")

    from_file = load(str(tmp_path / "waexporter.yml"), {}).config
    (tmp_path / "waexporter.yml").write_text("http_sd_url: https://inventory.example")
    from_server = load(str(tmp_path / "waexporter.yml"), {}, discovered=text).config

    assert {target.name: dict(target.labels) for target in from_file.targets} == found
    assert from_server.targets == from_file.targets


def test_the_list_from_a_server_and_from_files_are_the_only_lists() -> None:
    assert [isinstance(json.loads(text), list) for text in blocks(SCALING, "json")] == [True, True]


def test_the_pods_of_the_manifest_are_the_shards_that_prometheus_scrapes() -> None:
    manifest = next(text for text in blocks(SCALING, "yaml") if "StatefulSet" in text)
    service, pods = yaml.safe_load_all(manifest)
    [container] = pods["spec"]["template"]["spec"]["containers"]
    count = pods["spec"]["replicas"]
    name = pods["metadata"]["name"]
    addresses = [f"{name}-{index}.{service['metadata']['name']}:9847" for index in range(count)]

    scraped = [
        sorted(set(re.findall(rf"{name}-\d+\.\w+:\d+", text)))
        for text in blocks(SCALING, "yaml")
        if "scrape_configs" in text
    ]

    assert container["env"] == [{"name": "WAEXPORTER_SHARD", "value": f"auto/{count}"}]
    assert pods["spec"]["serviceName"] == service["metadata"]["name"]
    assert service["spec"]["clusterIP"] == "None"
    assert service["spec"]["selector"] == pods["spec"]["template"]["metadata"]["labels"]
    assert scraped == [addresses] * 2
