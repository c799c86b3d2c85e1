"""The lists, the manifest and the numbers of docs/scaling.md are those of the program."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
import yaml

from tests.markdown import DOCS, SCALING, blocks
from waexporter.config import DEFAULT_PLANS, load

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


def test_the_costs_are_those_that_were_measured() -> None:
    measured = next(text for text in blocks(DOCS / "benchmarks.md", "text") if text.startswith("Shards"))
    ranges = [
        f"{min(values)} to {max(values)} {unit}"
        for unit in ("MiB", "% of one core", "polls a second")
        if (values := [int(value) for value in re.findall(rf"(\d+) {unit}", measured)])
    ]
    took = re.search(r"one shard after the other: ([\d., ]+) s", measured)
    moved = re.search(r"from 4 shards to 5: (\d+)", measured)
    assert took is not None
    assert moved is not None
    seconds = sorted(map(float, took[1].split(", ")))

    costs = SCALING.read_text().partition("## What it costs")[2]

    assert len(ranges) == 3
    assert [each for each in ranges if each not in costs] == []
    assert f"{seconds[0]} to {seconds[-1]} s per shard" in costs
    assert f"{moved[1]} of 5000" in costs


def test_a_client_is_polled_as_often_as_the_document_says() -> None:
    a_second = sum(1 / plan.interval for plan in DEFAULT_PLANS.values())

    costs = " ".join(SCALING.read_text().split())

    assert f"every {1 / a_second:.1f} seconds on average" in costs
    assert f"are {1000 * a_second:.0f} polls a second" in costs
