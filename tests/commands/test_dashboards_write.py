"""`waexporter dashboards write`: the shipped dashboards as files, with the user's addresses."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.grafana.boards import BOARDS, FOLDER, ROOT
from waexporter import cli
from waexporter.commands.dashboards_write import RUNBOOK_BASE, render, write_dashboards
from waexporter.commands.rules_render import render as render_rules
from waexporter.errors import CommandError, ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

SHIPPED = {file.name: file.read_text() for file in FOLDER.glob("*.json")}
NAMES = {f"{name}.json" for name in BOARDS}


def variable(text: str, name: str) -> dict[str, Any]:
    listed: list[dict[str, Any]] = json.loads(text)["templating"]["list"]
    (found,) = [each for each in listed if each["name"] == name]
    return found


def without_variables(text: str) -> dict[str, Any]:
    board: dict[str, Any] = json.loads(text)
    return board | {"templating": None}


def contents(folder: Path) -> Mapping[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


@pytest.fixture
def result() -> list[str]:
    return []


@pytest.fixture
def write(result: list[str]) -> Callable[[str], None]:
    return result.append


def test_without_options_the_dashboards_are_the_shipped_ones() -> None:
    boards = render()

    assert boards == SHIPPED


def test_the_address_of_runbooks_is_by_default_that_of_the_dashboards() -> None:
    chosen = {variable(text, "runbooks")["query"] for text in SHIPPED.values()}

    assert chosen == {RUNBOOK_BASE}


@pytest.mark.parametrize("name", sorted(NAMES))
@pytest.mark.parametrize("datasource", ["P1809F7CD0C75ACF3", 'Prométheus "eu"', "default"])
def test_a_dashboard_opens_on_the_data_source_that_was_named(name: str, datasource: str) -> None:
    text = render(datasource=datasource)[name]

    assert variable(text, "datasource")["current"] == {"text": datasource, "value": datasource}
    assert without_variables(text) == without_variables(SHIPPED[name])


# By the option: what the variable of the dashboards becomes, and what is added to it for a runbook.
BASES = {
    "http://monitor.example:9847/runbooks": ("http://monitor.example:9847/runbooks", "/NAME"),
    "https://wiki.example/wa/": ("https://wiki.example/wa", "/NAME"),
    "https://wiki.example/wa/{name}.html": ("https://wiki.example/wa", "/NAME.html"),
    "https://wiki.example/?page={name}&top={name}": ("https://wiki.example/?page=", "NAME&top=NAME"),
}


@pytest.mark.parametrize("base", BASES)
def test_links_to_runbooks_lead_to_the_address_that_was_named(base: str) -> None:
    head, tail = BASES[base]

    boards = render(runbook_base=base)

    assert {variable(text, "runbooks")["query"] for text in boards.values()} == {head}
    assert {variable(text, "runbooks")["current"]["value"] for text in boards.values()} == {head}
    links = [link for text in boards.values() for link in re.findall(r'"url": "\$\{runbooks\}(.+)"', text)]
    assert links
    assert {re.sub(r"\$\{__[^}]+\}", "NAME", link) for link in links} == {tail}
    assert RUNBOOK_BASE not in "".join(boards.values())


@pytest.mark.parametrize("base", BASES)
def test_links_lead_where_those_of_the_alerts_do(base: str) -> None:
    text = render(runbook_base=base)["fleet.json"]

    (link,) = set(re.findall(r'"url": "(\$\{runbooks\}.+)"', text))
    link = link.replace("${runbooks}", variable(text, "runbooks")["current"]["value"])
    assert re.sub(r"\$\{__[^}]+\}", "WhatsAppDown", link) in render_rules(runbook_base=base)


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (["--datasource", ""], "--datasource: must be the uid or the name of a data source"),
        (["--runbook-base", "wiki.example"], "--runbook-base: must be an address such as https://wiki"),
        (["--runbook-base", "https://w.example/{alert}"], "--runbook-base: must be an address such as"),
    ],
)
def test_invalid_addresses_and_data_sources_are_rejected(
    options: list[str], problem: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = cli.main(["dashboards", "write", str(tmp_path / "d"), *options])

    out, err = capsys.readouterr()
    assert (code, out) == (2, "")
    assert err.startswith(problem)
    assert not (tmp_path / "d").exists()


def test_all_problems_are_reported_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        render(datasource="", runbook_base="")

    assert [problem.partition(":")[0] for problem in caught.value.problems] == [
        "--datasource",
        "--runbook-base",
    ]


def test_the_folder_is_created_and_the_next_steps_are_printed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "a" / "b"

    code = cli.main(["dashboards", "write", str(folder), "--datasource", "x"])

    first, second = capsys.readouterr().out.splitlines()
    assert code == 0
    assert first == f"{len(NAMES)} dashboards are in {folder}: {', '.join(sorted(BOARDS))}"
    assert second.startswith(f"next: copy {folder}/waexporter.yml to /etc/grafana/provisioning/dashboards")
    assert {file.name for file in folder.iterdir()} == {*NAMES, "waexporter.yml"}
    assert (folder / "fleet.json").read_text() == render(datasource="x")["fleet.json"]


def test_everybody_may_read_the_written_files(tmp_path: Path, write: Callable[[str], None]) -> None:
    usual = tmp_path / "usual"
    usual.touch()

    write_dashboards(tmp_path / "d", render(), write)

    assert {file.stat().st_mode for file in (tmp_path / "d").iterdir()} == {usual.stat().st_mode}


@pytest.mark.parametrize("name", ["d", "with space: #1", 'q"uote', "$HOME", "ünï"])
def test_the_provider_leads_grafana_to_the_folder(
    name: str, tmp_path: Path, write: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shipped = yaml.safe_load((ROOT / "grafana/provisioning/dashboards/waexporter.yml").read_text())

    write_dashboards(Path(name), render(), write)

    provider = yaml.safe_load((tmp_path / name / "waexporter.yml").read_text())
    path = provider["providers"][0].pop("options")["path"]
    assert path.replace("$$", "$") == str(tmp_path / name)  # Grafana reads two as one
    assert re.search(r"(?<!\$)\$(?!\$)", path) is None
    shipped["providers"][0].pop("options")
    assert provider == shipped


def test_older_dashboards_are_replaced_and_other_files_stay(
    tmp_path: Path, result: list[str], write: Callable[[str], None]
) -> None:
    (tmp_path / "fleet.json").write_text('{"uid": "waexporter-fleet", "title": "older"}')
    (tmp_path / "mine.json").write_text("{}")
    (tmp_path / "waexporter.yml").write_text("# edited\n")

    write_dashboards(tmp_path, render(), write)

    assert result[1].startswith("1 took the place of older ones; Grafana sees that by itself")
    others = {"mine.json": b"{}", "waexporter.yml": b"# edited\n"}
    assert contents(tmp_path) == {name: text.encode() for name, text in SHIPPED.items()} | others


def test_dashboards_are_replaced_atomically(tmp_path: Path, write: Callable[[str], None]) -> None:
    write_dashboards(tmp_path, render(), write)

    with (tmp_path / "client.json").open() as reader:
        write_dashboards(tmp_path, render(datasource="x"), write)
        read = reader.read()

    assert read == SHIPPED["client.json"]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"uid": "mine"}', "\ufffe\x00"])
def test_a_foreign_file_is_not_replaced(text: str, tmp_path: Path, write: Callable[[str], None]) -> None:
    (tmp_path / "fleet.json").write_text(text)

    with pytest.raises(CommandError, match=r"fleet\.json is not a dashboard of waexporter: move it away"):
        write_dashboards(tmp_path, render(), write)

    assert contents(tmp_path) == {"fleet.json": text.encode()}


def test_a_folder_with_the_name_of_a_dashboard_is_not_replaced(
    tmp_path: Path, write: Callable[[str], None]
) -> None:
    (tmp_path / "fleet.json").mkdir()

    with pytest.raises(CommandError, match=r"fleet\.json is not a dashboard of waexporter: move it away"):
        write_dashboards(tmp_path, render(), write)


@pytest.mark.parametrize(
    ("place", "problem"),
    [
        ("FILE", "FILE is a file: name a folder"),
        ("FILE/d", "FILE/d can't be written: Not a directory"),
        ("/proc/d", "/proc/d can't be written: No such file or directory"),
    ],
)
def test_an_impossible_folder_is_an_error_of_one_sentence(
    place: str, problem: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "file"
    file.touch()

    code = cli.main(["dashboards", "write", place.replace("FILE", str(file))])

    out, err = capsys.readouterr()
    assert (code, out, err) == (2, "", problem.replace("FILE", str(file)) + "\n")


def test_on_a_full_disk_nothing_is_changed(tmp_path: Path, write: Callable[[str], None]) -> None:
    write_dashboards(tmp_path, render(), write)
    before = contents(tmp_path)
    limited = 'ulimit -f 64; exec "$@"'  # blocks of half a kilobyte, of one in some shells

    command = [
        sys.executable,
        "-B",
        "-m",
        "waexporter",
        "dashboards",
        "write",
        str(tmp_path),
        "--datasource",
        "x",
    ]
    done = subprocess.run(
        ["/bin/sh", "-c", limited, "sh", *command], capture_output=True, text=True, timeout=60, check=False
    )

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"{tmp_path} can't be written: File too large\n"
    assert contents(tmp_path) == before
