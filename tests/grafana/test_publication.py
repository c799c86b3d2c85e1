"""What is committed is what the source gives, and what Grafana takes."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft7Validator

from grafana.source.publication import publish
from tests.grafana.boards import BOARDS, FOLDER, ROOT, Board
from tests.markdown import DOCUMENTS
from tests.pictures.__main__ import LARGEST

PROVISIONING = ROOT / "grafana" / "provisioning"
PICTURES = ROOT / "docs" / "images"
# The published types know annotations of Grafana's own store only; these are of Prometheus' data source.
BEYOND_THE_SCHEMA = ("expr", "titleFormat", "textFormat", "tagKeys")


@pytest.fixture(scope="module")
def validator() -> Draft7Validator:
    folder = os.environ.get("WAEXPORTER_SCHEMAS")
    file = Path(folder or "", "grafana", "dashboard.schema.json")
    if not folder or not file.is_file():
        pytest.skip("Grafana's dashboard schema is missing: name its folder in WAEXPORTER_SCHEMAS")
    return Draft7Validator(json.loads(file.read_text()))


def test_the_committed_dashboards_are_what_the_source_gives() -> None:
    committed = {file.name: file.read_text() for file in FOLDER.glob("*.json")}

    assert committed == publish(), "run `make dashboards`"


@pytest.mark.parametrize("name", BOARDS)
def test_a_dashboard_fits_the_schema(validator: Draft7Validator, name: str) -> None:
    board = json.loads(json.dumps(BOARDS[name]))
    for annotation in board["annotations"]["list"]:
        for field in BEYOND_THE_SCHEMA:
            del annotation[field]

    wrong = [f"{error.json_path}: {error.message}" for error in validator.iter_errors(board)]

    assert wrong == []


def test_the_schema_notices_what_is_wrong(validator: Draft7Validator) -> None:
    board: Board = BOARDS["client"] | {"panels": [{"title": "no type"}]}

    assert not validator.is_valid(board)


def test_uids_are_unique_and_for_ever() -> None:
    uids = {name: board["uid"] for name, board in BOARDS.items()}

    assert uids == {name: f"waexporter-{name}" for name in ("client", "exporter", "fleet", "pager")}


def test_the_documents_show_pictures_that_are_there_and_not_large() -> None:
    shown = {
        (document.parent / name).resolve()
        for document in DOCUMENTS
        for name in re.findall(r"!\[[^\]]*\]\(([^)]+\.png)\)", document.read_text())
    }

    assert {picture.name for picture in shown} == {picture.name for picture in PICTURES.glob("*.png")}
    assert {picture.name for picture in shown if picture.stat().st_size > LARGEST} == set()


def test_grafana_finds_the_dashboards_and_a_data_source_where_they_are_provisioned() -> None:
    (provider,) = yaml.safe_load((PROVISIONING / "dashboards" / "waexporter.yml").read_text())["providers"]
    (source,) = yaml.safe_load((PROVISIONING / "datasources" / "prometheus.yml").read_text())["datasources"]

    assert provider["type"] == "file"
    assert Path(provider["options"]["path"]).is_absolute()
    assert source["type"] == "prometheus"
    assert source["jsonData"]["timeInterval"].endswith("s")
