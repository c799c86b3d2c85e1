"""Every code block of the documents is tried: a new one that nobody tries fails here, with what to do."""

from __future__ import annotations

import re
from configparser import ConfigParser
from typing import TYPE_CHECKING, NamedTuple

import pytest
import trustme
import yaml

from tests.markdown import CONFIGURATION, DOCUMENTS, FENCE, NETWORK, ROOT, blocks
from waexporter.config import load
from waexporter.config.environment import SETTING_VARIABLES, TARGET_VARIABLES

if TYPE_CHECKING:
    from pathlib import Path

    from _pytest.mark import ParameterSet

    from tests.real.fixtures import RunTool


class Block(NamedTuple):
    """A code block of a document."""

    document: str
    language: str
    text: str

    @property
    def first(self) -> str:
        """Its first line."""
        return self.text.strip().partition("\n")[0]


BLOCKS = [
    Block(document.name, found[2], found[3])
    for document in DOCUMENTS
    for found in FENCE.finditer(document.read_text())
]
# YAML, by a key that only this kind has at its top, and the test that tries all of the kind.
KINDS = {
    "targets_files": "tests/docs/test_documents.py::test_every_configuration_in_the_documents_loads",
    "targets": "tests/docs/test_documents.py::test_every_configuration_in_the_documents_loads",
    "http_sd_url": "tests/docs/test_documents.py::test_every_configuration_in_the_documents_loads",
    "scrape_configs": "tests/docs/test_blocks.py::test_prometheus_takes_every_configuration_of_its_own",
    "route": "tests/docs/test_blocks.py::test_alertmanager_takes_every_configuration_of_its_own",
    "services": "tests/docs/test_documents.py::test_a_sidecar_of_the_documents_starts_from_its_environment",
    "kind": "tests/docs/test_blocks.py::test_every_manifest_names_what_it_is",
    "tls_server_config": "tests/docs/test_blocks.py::test_promtool_takes_every_web_configuration",
    "http_server_config": "tests/docs/test_blocks.py::test_promtool_takes_every_web_configuration",
}
# A list in YAML.
TARGET_LIST = "tests/docs/test_documents.py::test_the_fleet_in_files_of_the_documents_loads"
# Other languages, and the test that tries all of them.
LANGUAGES = {
    "promql": "tests/docs/test_metrics.py::test_prometheus_accepts_every_query",
    "console": "tests/e2e/test_documented_commands.py::test_every_console_block_has_a_scene_or_a_reason",
    "ini": "tests/docs/test_blocks.py::test_the_unit_of_systemd_sets_variables_that_there_are",
}
# Texts, by their document and the beginning of their first line, and the test that tries each.
TEXTS = {
    ("CONTRIBUTING.md", "waexporter/"): "tests/docs/test_blocks.py::test_the_layout_names_what_there_is",
    ("CONTRIBUTING.md", "def test_the_page"): "tests/e2e/test_prometheus.py",
    ("benchmarks.md", "x86_64"): "tests/docs/test_sizes.py",
    ("benchmarks.md", "Webhooks"): "docs/source/bench",
    ("benchmarks.md", "Crowds"): "docs/source/bench",
    ("benchmarks.md", "Shards"): "tests/docs/test_scaling.py::test_the_costs_are_those_that_were_measured",
    ("configuration.md", "poll.health:"): (
        "tests/docs/test_documents.py::test_the_problems_of_the_documents_are_said_in_these_words"
    ),
    ("configuration.md", "targets/eu.yml:"): (
        "tests/docs/test_documents.py::test_the_problems_of_lists_are_said_in_these_words"
    ),
    ("configuration.md", "WAEXPORTER_PASSWORD:"): (
        "tests/docs/test_documents.py::test_the_problems_of_variables_are_said_in_these_words"
    ),
    (
        "configuration.md",
        "note:",
    ): "tests/docs/test_documents.py::test_the_notes_of_the_documents_are_said_in_these_words",
    ("scaling.md", "["): "tests/docs/test_scaling.py::test_each_list_of_the_document_is_read",
    (
        "network.md",
        "table inet",
    ): "tests/docs/test_blocks.py::test_the_firewall_lets_through_the_port_of_ours",
    ("paging-reference.md", "FIRING:"): (
        "tests/docs/test_metrics.py::test_what_make_docs_writes_stands_in_the_documents"
    ),
}


def test_of(block: Block) -> str | None:
    """Return which test tries a block; None where there is none."""
    if block.language == "yaml":
        documents = list(yaml.safe_load_all(block.text))
        if any(isinstance(each, list) for each in documents):
            return TARGET_LIST
        keys = {key for each in documents for key in each}
        return next((test for key, test in KINDS.items() if key in keys), None)
    texts = (test for (name, begin), test in TEXTS.items() if is_text(block, name, begin))
    return LANGUAGES.get(block.language) or next(texts, None)


def is_text(block: Block, name: str, begin: str) -> bool:
    return block.document == name and block.first.startswith(begin)


test_of.__test__ = False  # type: ignore[attr-defined]


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: f"{block.document}: {block.first:.40}")
def test_every_block_is_tried_by_a_test(block: Block) -> None:
    test = test_of(block)

    assert test, (
        f"{block.document}: nobody tries the block that begins with {block.first!r}. Let a test run it or "
        "compare it, and name it in tests/docs/test_blocks.py: in KINDS for YAML of a new kind, in LANGUAGES "
        "for a language, in TEXTS for a single text. Commands are of the language `console`, and have their "
        "row in tests/e2e/scenes.py."
    )
    file, _, name = test.partition("::")
    assert (ROOT / file).exists(), f"tests/docs/test_blocks.py names {file}, which is not there"
    assert not name or f"def {name}(" in (ROOT / file).read_text(), f"{file} has no {name} any more"


def of_kind(key: str) -> list[ParameterSet]:
    return [
        pytest.param(block, id=f"{block.document}-{number}")
        for number, block in enumerate(BLOCKS)
        if block.language == "yaml" and test_of(block) == KINDS[key]
    ]


# --- what other programs read ------------------------------------------------------------------


@pytest.mark.parametrize("block", of_kind("scrape_configs"))
def test_prometheus_takes_every_configuration_of_its_own(
    block: Block, promtool: RunTool, suite: str, tmp_path: Path
) -> None:
    rules = f"{ROOT / 'alerts'}/"
    file = tmp_path / "prometheus.yml"
    text = re.sub(r"(?<![\w/])(?:/etc/prometheus/waexporter/|alerts/)", rules, block.text)
    text = text.replace("/etc/prometheus/", f"{tmp_path}/")
    for secret in ("waexporter-token", "waexporter-password"):
        (tmp_path / secret).write_text("a-secret")
    trustme.CA().cert_pem.write_to_path(str(tmp_path / "waexporter-ca.pem"))
    file.write_text(text)

    finding = promtool(suite, "check", "config", file)

    assert finding.status == 0, finding.output
    assert ("rule_files" in block.text) == ("rule" in finding.output.replace("0 rule files", ""))


@pytest.mark.parametrize("block", of_kind("route"))
def test_alertmanager_takes_every_configuration_of_its_own(
    block: Block, amtool: RunTool, suite: str, tmp_path: Path
) -> None:
    file = tmp_path / "alertmanager.yml"
    file.write_text(block.text)

    finding = amtool(suite, "check-config", file)

    assert finding.status == 0, finding.output


@pytest.mark.parametrize("block", of_kind("route"))
def test_every_pager_in_the_routes_is_told_everything(block: Block) -> None:
    receivers = yaml.safe_load(block.text)["receivers"]

    hooks = [hook for each in receivers for hook in each.get("webhook_configs", ())]

    assert [hook for hook in hooks if hook.get("max_alerts", 0) or not hook.get("send_resolved", True)] == []
    assert all(hook["url"].endswith(":9847/api/v1/alerts") for hook in hooks)


@pytest.mark.parametrize("block", of_kind("tls_server_config"))
def test_promtool_takes_every_web_configuration(block: Block, promtool: RunTool, tmp_path: Path) -> None:
    authority = trustme.CA()
    issued = authority.issue_cert("waexporter.example")
    issued.cert_chain_pems[0].write_to_path(str(tmp_path / "server.pem"))
    issued.private_key_pem.write_to_path(str(tmp_path / "server.key"))
    authority.cert_pem.write_to_path(str(tmp_path / "client-ca.pem"))
    (tmp_path / "token").write_text("a-token-of-enough-letters")
    written = yaml.safe_load(block.text.replace("/run/secrets/waexporter-token", "token"))
    web_config, shared = tmp_path / "web.yml", tmp_path / "shared.yml"
    web_config.write_text(yaml.safe_dump(written))
    ours = {"auth_excluded_paths", "bearer_token_files"}
    shared.write_text(yaml.safe_dump({key: text for key, text in written.items() if key not in ours}))

    loaded = load(
        None, {"WAEXPORTER_TARGET_URL": "https://wa.example", "WAEXPORTER_WEB_CONFIG_FILE": str(web_config)}
    )
    finding = promtool("sid", "check", "web-config", shared)

    assert loaded.notes == ()
    assert finding.status == 0, finding.output


@pytest.mark.parametrize("block", of_kind("kind"))
def test_every_manifest_names_what_it_is(block: Block) -> None:
    parts = list(yaml.safe_load_all(block.text))

    known = {"ConfigMap", "Pod", "NetworkPolicy", "Service", "ServiceMonitor", "StatefulSet"}
    assert {each["kind"] for each in parts} <= known
    assert all(each["apiVersion"] and each["metadata"]["name"] for each in parts)


def test_the_unit_of_systemd_sets_variables_that_there_are() -> None:
    (unit,) = blocks(CONFIGURATION, "ini")
    known = {row.name for row in (*TARGET_VARIABLES, *SETTING_VARIABLES)}

    ConfigParser(strict=False, interpolation=None).read_string(unit)
    named = set(re.findall(r"^Environment=(\w+)=", unit, re.MULTILINE))

    assert named
    assert named <= known


def test_the_firewall_lets_through_the_port_of_ours() -> None:
    (table,) = blocks(NETWORK, "text")

    assert table.count("{") == table.count("}")
    assert re.findall(r"dport (\d+)", table) == ["9847"] * 3


def test_the_layout_names_what_there_is() -> None:
    layout = blocks(ROOT / "CONTRIBUTING.md", "")[0]

    top = re.findall(r"^(\S+)", layout, re.MULTILINE)
    inner = re.findall(r"^  (\S+)", layout, re.MULTILINE)

    assert [name for name in top if not (ROOT / name).exists()] == []
    assert [name for name in inner if not (ROOT / "waexporter" / name).exists()] == []


def test_the_layout_names_everything_in_the_package() -> None:
    layout = blocks(ROOT / "CONTRIBUTING.md", "")[0]
    known = {"__init__.py", "__main__.py", "py.typed"}  # every package has them

    inner = {name.rstrip("/") for name in re.findall(r"^  (\S+)", layout, re.MULTILINE)}
    entries = {path.name for path in (ROOT / "waexporter").iterdir() if any_file(path)}

    assert entries - known - inner == set(), "add them to the layout in CONTRIBUTING.md"


def any_file(path: Path) -> bool:
    """Return whether a path is a file, or a folder with a module in it."""
    return path.is_file() or any(path.rglob("*.py"))


def test_every_path_that_contributing_names_exists() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text()
    folders = "alerts|docs|grafana|tests|waexporter"

    named = set(re.findall(rf"\b(?:{folders})/[\w./-]*\w", text)) - {"tests/PACKAGE/test_MODULE.py"}

    assert {name for name in named if not (ROOT / name).exists()} == set()


def test_every_module_that_contributing_names_exists() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text()
    inner = "|".join(path.name for path in (ROOT / "waexporter").iterdir() if path.is_dir())

    named = set(re.findall(rf"`((?:{inner})/[\w./]*)`", text))

    assert {name for name in named if not (ROOT / "waexporter" / name).exists()} == set()
