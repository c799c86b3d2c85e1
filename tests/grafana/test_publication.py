"""What is committed is what the source gives, and what Grafana takes."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from grafana_foundation_sdk.models.dashboard import VariableType
from jsonschema import Draft7Validator

from grafana.pictures.__main__ import LARGEST
from grafana.source.publication import publish
from tests.grafana.boards import BOARDS, FOLDER, ROOT, Board
from tests.markdown import DOCUMENTS
from waexporter.commands.dashboards_write import render

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

PROVISIONING = ROOT / "grafana" / "provisioning"
PICTURES = ROOT / "docs" / "images"
# What the data source Prometheus keeps in an annotation, and its query. Grafana itself leaves both open; the
# published schema knows the annotations of Grafana's own store only.
FORMATS = ("titleFormat", "textFormat", "tagKeys")
QUERY = {
    "type": "object",
    "properties": {"expr": {"type": "string"}, "refId": {"type": "string"}},
    "required": ["expr", "refId"],
    "additionalProperties": False,
}


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    folder = os.environ.get("WAEXPORTER_SCHEMAS")
    file = Path(folder or "", "grafana", "dashboard.schema.json")
    if not folder or not file.is_file():
        pytest.skip("Grafana's dashboard schema is missing: name its folder in WAEXPORTER_SCHEMAS")
    found: dict[str, Any] = json.loads(file.read_text())
    return found


@pytest.fixture(scope="module")
def validator(schema: dict[str, Any]) -> Draft7Validator:
    types = schema["definitions"]
    annotation = types["AnnotationQuery"]
    formats = {name: {"type": "string"} for name in FORMATS}
    opened = annotation | {"properties": annotation["properties"] | formats}
    return Draft7Validator(
        schema | {"definitions": types | {"AnnotationQuery": opened, "AnnotationTarget": QUERY}}
    )


def test_the_committed_dashboards_are_what_the_source_gives() -> None:
    committed = {file.name: file.read_text() for file in FOLDER.glob("*.json")}
    published = publish()

    differing = [name for name in {*committed, *published} if committed.get(name) != published.get(name)]

    assert not differing, f"run `make dashboards`: {', '.join(sorted(differing))} in {FOLDER} would differ"


def test_the_schema_is_newer_than_the_types_that_the_dashboards_are_written_with(
    schema: dict[str, Any],
) -> None:
    # Those are of Grafana 11.6, whose types the dashboards fit by that; variables that switch came with 12.3.
    known = set(schema["definitions"]["VariableType"]["enum"])

    assert known - {each.value for each in VariableType} == {"switch"}


@pytest.mark.parametrize(
    "options", [{}, {"datasource": "Prometheus", "runbook_base": "https://wiki.example"}]
)
@pytest.mark.parametrize("name", BOARDS)
def test_a_dashboard_fits_the_schema(
    validator: Draft7Validator, name: str, options: Mapping[str, str]
) -> None:
    board = json.loads(render(**options)[f"{name}.json"])

    wrong = [f"{error.json_path}: {error.message}" for error in validator.iter_errors(board)]

    assert wrong == []


BAD: Mapping[str, Callable[[Board], object]] = {
    "a panel without a type": lambda board: board["panels"].append({"title": "no type"}),
    "a colour that is none": lambda board: board["panels"][0].update(
        fieldConfig={"defaults": {"color": "red"}}
    ),
    "a query beside its place": lambda board: board["annotations"]["list"][0].update(expr="ALERTS"),
    "an annotation without a query": lambda board: board["annotations"]["list"][0]["target"].clear(),
    "a variable of an unknown type": lambda board: board["templating"]["list"][0].update(type="source"),
}


@pytest.mark.parametrize("what", BAD)
def test_the_schema_notices_what_is_wrong(validator: Draft7Validator, what: str) -> None:
    board = json.loads(json.dumps(BOARDS["client"]))

    BAD[what](board)

    assert not validator.is_valid(board)


@pytest.mark.parametrize("name", BOARDS)
def test_who_imports_a_dashboard_by_hand_is_asked_nothing_and_replaces_no_other(name: str) -> None:
    board = BOARDS[name]

    # Grafana asks for inputs; an id is that of another Grafana, and would be some other dashboard here.
    assert board.get("id") is None
    assert {key for key in board if key.startswith("__")} == set()
    assert "${DS_" not in json.dumps(board)
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,40}", board["uid"])


def test_uids_are_unique_and_for_ever() -> None:
    uids = {name: board["uid"] for name, board in BOARDS.items()}

    assert uids == {name: f"waexporter-{name}" for name in ("client", "exporter", "fleet", "oncall", "pager")}


def test_the_documents_show_pictures_that_are_there_and_not_large() -> None:
    shown = {
        (document.parent / name).resolve()
        for document in DOCUMENTS
        for name in re.findall(r"!\[[^\]]*\]\(([^)]+\.png)\)", document.read_text())
    }

    assert shown == set(PICTURES.rglob("*.png"))
    assert {picture.name for picture in shown if picture.stat().st_size > LARGEST} == set()


# What Grafana's documentation lists of each.
PROVIDER_KEYS = {
    *(
        "name",
        "orgId",
        "folder",
        "folderUid",
        "type",
        "disableDeletion",
        "updateIntervalSeconds",
        "allowUiUpdates",
    ),
    "options",
}
SOURCE_KEYS = {
    *("name", "type", "access", "orgId", "uid", "url", "user", "database", "basicAuth", "basicAuthUser"),
    *("withCredentials", "isDefault", "jsonData", "secureJsonData", "version", "editable"),
}


def test_grafana_finds_the_dashboards_where_they_are_provisioned() -> None:
    document = yaml.safe_load((PROVISIONING / "dashboards" / "waexporter.yml").read_text())
    guide = (ROOT / "docs" / "dashboards.md").read_text()

    (provider,) = document.pop("providers")

    assert document == {"apiVersion": 1}
    assert set(provider) <= PROVIDER_KEYS
    assert provider["type"] == "file"
    assert set(provider["options"]) == {"path"}
    assert Path(provider["options"]["path"]).is_absolute()
    assert f" {provider['options']['path']}" in guide


def test_the_example_of_a_data_source_takes_long_queries_and_knows_the_interval() -> None:
    document = yaml.safe_load((PROVISIONING / "datasources" / "prometheus.yml").read_text())

    (source,) = document.pop("datasources")

    assert document == {"apiVersion": 1}
    assert set(source) <= SOURCE_KEYS
    assert (source["type"], source["access"]) == ("prometheus", "proxy")
    assert source["jsonData"] == {"httpMethod": "POST", "timeInterval": "15s"}
