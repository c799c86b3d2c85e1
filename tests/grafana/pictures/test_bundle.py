from __future__ import annotations

import json
import re
import shutil
from typing import TYPE_CHECKING

import pytest

from grafana.pictures import bundle

if TYPE_CHECKING:
    from pathlib import Path

PACKAGE = json.loads((bundle.SOURCE / "package.json").read_text())


def test_every_package_is_pinned_to_one_version() -> None:
    versions = PACKAGE["dependencies"]

    loose = {
        name: version for name, version in versions.items() if not re.fullmatch(r"\d+\.\d+\.\d+", version)
    }

    assert loose == {}


def test_no_script_of_a_package_is_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in bundle.PROGRAMS:
        (tmp_path / name).write_text('#!/bin/sh\nmkdir node_modules; echo "$@" > node_modules/asked\n')
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")

    bundle.install(tmp_path / "cache")

    asked = bundle.modules(tmp_path / "cache") / "asked"
    assert "--ignore-scripts" in asked.read_text().split()


def test_no_address_of_a_registry_is_kept() -> None:
    files = {path.name for path in bundle.SOURCE.rglob("*")}

    assert files.isdisjoint({"package-lock.json", "yarn.lock", ".npmrc"})


def test_other_packages_are_wanted_when_a_version_changes(tmp_path: Path) -> None:
    shutil.copy(bundle.SOURCE / "package.json", tmp_path)

    same = bundle.modules(source=tmp_path)
    (tmp_path / "package.json").write_text(json.dumps(PACKAGE | {"version": "2.0.0"}))
    other = bundle.modules(source=tmp_path)

    assert bundle.modules() == same != other


def test_programs_that_are_not_there_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    missing = bundle.missing()

    assert missing == ("node", "npm")
    with pytest.raises(bundle.UnavailableError, match="no node and no npm"):
        bundle.install()


def test_packages_that_are_not_there_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in bundle.PROGRAMS:
        (tmp_path / name).touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))

    missing = bundle.missing(tmp_path)

    assert missing == ("Grafana's packages",)


def test_an_installation_that_fails_leaves_nothing_and_says_why(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in bundle.PROGRAMS:
        (tmp_path / name).write_text("#!/bin/sh\necho no such version >&2\nexit 1\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")

    with pytest.raises(bundle.UnavailableError, match="npm install: no such version"):
        bundle.install(tmp_path / "cache")

    assert list((tmp_path / "cache").iterdir()) == []
