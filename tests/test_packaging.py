from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from fnmatch import fnmatch
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hatchling import build
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from waexporter import __version__
from waexporter.model import WebSettings

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
RUNTIME = [Requirement(line) for line in PROJECT["dependencies"]]
TEST = [Requirement(line) for line in PROJECT["optional-dependencies"]["test"]]
FALLBACK = [Requirement(line) for line in PROJECT["optional-dependencies"]["fallback"]]


def pins() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    found = [line.split("==") for line in lines if line and not line.startswith("#")]
    return {canonicalize_name(name): version for name, version in found}


def imported_packages() -> set[str]:
    names: set[str] = set()
    for file in (ROOT / "waexporter").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                names.update(alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                names.add(node.module or "")
    # _typeshed is known to type checkers only, and imported for them alone.
    ours = {*sys.stdlib_module_names, "waexporter", "_typeshed"}
    return {name.partition(".")[0] for name in names} - ours


def put_into_the_wheel() -> set[str]:
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    return {
        file.relative_to(ROOT).as_posix()
        for place in wheel["force-include"]
        for file in ((ROOT / place).iterdir() if (ROOT / place).is_dir() else [ROOT / place])
    }


def for_grafana() -> list[Path]:
    grafana = ROOT / "grafana"
    return [*grafana.glob("dashboards/*.json"), *grafana.glob("provisioning/dashboards/*.yml")]


@pytest.fixture
def wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[zipfile.ZipFile]:
    monkeypatch.chdir(ROOT)
    with zipfile.ZipFile(tmp_path / build.build_wheel(str(tmp_path))) as file:
        yield file


@pytest.mark.parametrize("requirement", [*RUNTIME, *FALLBACK, *TEST], ids=str)
def test_every_requirement_is_pinned_to_a_version_it_allows(requirement: Requirement) -> None:
    version = pins().get(canonicalize_name(requirement.name))

    assert version is not None
    assert requirement.specifier.contains(version)


def test_the_pins_are_names_and_versions_only() -> None:
    lines = (ROOT / "constraints.txt").read_text().splitlines()

    strange = [line for line in lines if not re.fullmatch(r"#.*|[A-Za-z0-9._-]+==[a-z0-9.+!]+", line)]

    assert strange == []


def test_every_library_the_code_imports_is_required() -> None:
    required = {canonicalize_name(requirement.name) for requirement in (*RUNTIME, *FALLBACK)}
    distributions = packages_distributions()

    imported = {canonicalize_name(distributions[name][0]) for name in imported_packages()}

    assert imported - required == set()


def test_the_wheel_holds_the_package_with_its_data_and_nothing_else(wheel: zipfile.ZipFile) -> None:
    information = f"waexporter-{__version__}.dist-info/"
    data = {
        file.relative_to(ROOT).as_posix()
        for file in (ROOT / "waexporter").rglob("*")
        if file.is_file() and file.suffix != ".pyc"
    }
    # The demonstration runs the shipped rules, wherever the package is installed.
    data |= {f"waexporter/alerts/{file.name}" for file in (ROOT / "alerts").glob("*.yml")}
    # The daemon serves the runbooks.
    data |= {
        f"waexporter/alerts/runbooks/{file.name}" for file in (ROOT / "alerts" / "runbooks").glob("*.md")
    }
    # Who has no checkout gets the dashboards from the command.
    data |= {f"waexporter/{file.relative_to(ROOT).as_posix()}" for file in for_grafana()}

    names = set(wheel.namelist())

    assert {name for name in names if not name.startswith(information)} == data
    assert {"waexporter/py.typed", f"{information}licenses/LICENSE"} <= names


def test_who_has_the_wheel_alone_has_every_dashboard(wheel: zipfile.ZipFile, tmp_path: Path) -> None:
    assert wheel.filename is not None
    shutil.unpack_archive(wheel.filename, tmp_path / "site", "zip")
    alone = {**os.environ, "PYTHONPATH": str(tmp_path / "site"), "PYTHONSAFEPATH": "1"}

    command = [sys.executable, "-m", "waexporter", "dashboards", "write", "written"]
    done = subprocess.run(command, cwd=tmp_path, env=alone, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    written = {file.name: file.read_bytes() for file in (tmp_path / "written").glob("*.json")}
    assert written == {file.name: file.read_bytes() for file in for_grafana() if file.suffix == ".json"}


def test_everything_that_is_put_into_the_wheel_is_in_the_source_distribution(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)

    with tarfile.open(tmp_path / build.build_sdist(str(tmp_path))) as file:
        names = {name.partition("/")[2] for name in file.getnames()}

    assert put_into_the_wheel() - names == set()
    assert {name for name in names if "source/" in name or name.startswith("tests/")} == set()


def test_the_wheel_installs_the_command(wheel: zipfile.ZipFile) -> None:
    points = wheel.read(f"waexporter-{__version__}.dist-info/entry_points.txt").decode()

    assert "waexporter = waexporter.__main__:main" in points


def test_the_image_listens_where_the_program_does_by_default() -> None:
    port = WebSettings().port

    text = (ROOT / "Dockerfile").read_text()

    assert re.findall(r"^EXPOSE (.*)$", text, re.MULTILINE) == [str(port)]
    assert f"WAEXPORTER_LISTEN=0.0.0.0:{port}" in text


def test_everything_the_image_copies_is_sent_to_its_build() -> None:
    copies = re.findall(r"^COPY (?!--from)(.*) \S+$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    sent = {line[1:].partition("/")[0] for line in lines if line.startswith("!")}

    copied = {name for line in copies for name in line.split()}

    assert copied == sent
    assert all((ROOT / name).exists() for name in copied)


def test_everything_that_is_put_into_the_wheel_is_sent_to_the_build_of_the_image() -> None:
    files = put_into_the_wheel()

    sent = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]

    assert {file for file in files if not any(fnmatch(file, pattern) for pattern in sent)} == set()


@pytest.mark.skipif(shutil.which("make") is None, reason="make is missing")
def test_make_alone_lists_every_target() -> None:
    text = (ROOT / "Makefile").read_text()
    phony = re.search(r"^\.PHONY: (.*)$", text, re.MULTILINE)

    command = ["make", "--no-print-directory"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)

    assert phony is not None
    assert re.findall(r"^  make (\S+) +\S", done.stdout, re.MULTILINE) == phony[1].split()


@pytest.mark.skipif(shutil.which("make") is None, reason="make is missing")
@pytest.mark.parametrize(
    ("arguments", "gets_them"),
    [("", True), ("-k health", True), ("-m real", True), ("-m 'not real'", False)],
)
def test_make_test_gets_the_real_parts_where_a_test_may_need_them(arguments: str, gets_them: bool) -> None:  # noqa: FBT001 - a row of the table
    command = ["make", "--no-print-directory", "--dry-run", "test", f"ARGS={arguments}"]
    alone = {name: text for name, text in os.environ.items() if name not in {"MAKEFLAGS", "PARALLEL"}}

    done = subprocess.run(command, cwd=ROOT, env=alone, capture_output=True, text=True, check=True)

    assert ("tests.real.fetch" in done.stdout) == gets_them
    assert done.stdout.rstrip().endswith(
        f"pytest --numprocesses 4 --dist loadfile --no-loadscope-reorder {arguments}".rstrip()
    )
