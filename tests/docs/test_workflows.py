"""What GitHub and pre-commit run is what `make` offers."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def commands(workflow: Path) -> list[str]:
    """Return every command of a workflow."""
    document = yaml.safe_load(workflow.read_text())
    return [step["run"] for job in document["jobs"].values() for step in job["steps"] if "run" in step]


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_names_targets_that_there_are(workflow: Path) -> None:
    named = {name for text in commands(workflow) for name in re.findall(r"^make (\S+)", text, re.MULTILINE)}

    assert named
    assert named - TARGETS == set()


def test_every_supported_python_is_tested() -> None:
    document = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text())
    classifiers = (ROOT / "pyproject.toml").read_text()
    run = re.search(r"for minor in ([\d ]+);", (ROOT / ".ci" / "run").read_text())

    supported = re.findall(r"Python :: (3\.\d+)", classifiers)

    assert document["jobs"]["unit"]["strategy"]["matrix"]["python"] == supported
    assert run is not None
    assert [f"3.{minor}" for minor in run[1].split()] == supported


def test_pre_commit_runs_the_checks_of_make() -> None:
    document: dict[str, Any] = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())

    hooks = [hook["entry"] for repository in document["repos"] for hook in repository["hooks"]]

    assert hooks == ["make --no-print-directory check"]
