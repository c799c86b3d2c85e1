"""Targets from files that patterns find."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.config.texts import load_text
from waexporter.config import load
from waexporter.config.file_stamp import stamp_file
from waexporter.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

    from waexporter.config.file_stamp import Stamp

CONFIG = "targets_files: [targets/*.yml, targets/*.json]\n"


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / "targets" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def problems(folder: Path, text: str = CONFIG) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        load_text(folder, text)
    return caught.value.problems


def test_targets_come_from_the_configuration_and_then_from_files_by_name(tmp_path: Path) -> None:
    write(tmp_path, "us.yml", "[{url: 'https://us.example'}]")
    write(tmp_path, "eu.yml", "- {name: eu-1, url: 'https://a.example'}\n- targets: [b.example]\n")
    write(tmp_path, "cmdb.json", '[{"targets": ["c.example"], "labels": {"region": "eu"}}]')

    config, notes = load_text(tmp_path, f"{CONFIG}targets: [{{url: 'https://own.example', name: own}}]")

    assert [each.name for each in config.targets] == [
        "own",
        "eu-1",
        "b.example:443",
        "us.example:443",
        "c.example:443",
    ]
    assert notes == ()


def test_a_file_that_two_patterns_match_is_read_once(tmp_path: Path) -> None:
    write(tmp_path, "eu.yml", "[{url: 'https://a.example'}]")

    config, _ = load_text(tmp_path, "targets_files: [targets/eu.yml, 'targets/*', '**/eu.yml']")

    assert len(config.targets) == 1


def test_paths_in_a_file_are_relative_to_its_folder(tmp_path: Path) -> None:
    write(tmp_path, "eu.yml", "[{url: 'https://a.example', auth: {api_key_file: eu-key}}]")
    write(tmp_path, "eu-key", "an-api-key-of-24-letters")

    config, _ = load_text(tmp_path, CONFIG)

    assert config.targets[0].auth.api_key is not None
    assert config.targets[0].auth.api_key.file == f"{tmp_path}/targets/eu-key"


def test_a_name_is_unique_over_all_files_and_the_problem_names_both_places(tmp_path: Path) -> None:
    write(tmp_path, "eu.yml", "[{name: a, url: 'https://a.example'}, {targets: [own.example]}]")
    write(tmp_path, "us.yml", "[{targets: [b.example], labels: {target: a}}]")

    found = problems(tmp_path, f"{CONFIG}targets: [{{url: 'https://own.example'}}]")

    assert found == (
        'targets/eu.yml: [1].targets[0]: "own.example:443" is used by targets[0] already',
        'targets/us.yml: [0].labels.target: "a" is used by targets/eu.yml: [0] already',
    )


def test_every_problem_of_every_file_is_reported(tmp_path: Path) -> None:
    write(tmp_path, "a.yml", "[{url: 5}]")
    write(tmp_path, "b.yml", "[{url: 'https://b.example', shards: 3}]")
    write(tmp_path, "c.json", '[{"url"')

    assert problems(tmp_path) == (
        "targets/a.yml: [0].url: must be a text, found a number; put it in quotes",
        "targets/b.yml: [0].shards: must be one of 1, 2, 4, 8, 16 or 32",
        "targets/c.json: line 1, column 8: a bracket is opened and never closed, or a comma is missing",
    )


def test_a_fleet_without_a_target_yet_is_usable_and_noted(tmp_path: Path) -> None:
    write(tmp_path, "eu.yml", "# to be filled\n")

    config, notes = load_text(tmp_path, CONFIG)

    assert config.targets == ()
    assert notes == (
        "targets/eu.yml: has no target",
        "targets_files[1]: no file matches targets/*.json",
    )


def test_a_file_that_is_no_pattern_must_be_there(tmp_path: Path) -> None:
    assert problems(tmp_path, "targets_files: [eu.yml]") == (
        f"can't read {tmp_path}/eu.yml: No such file or directory",
    )


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("[]", "targets_files: must hold at least one entry, such as targets/*.yml"),
        ("a.yml", "targets_files: must be a list of files or patterns, such as targets/*.yml"),
        ("[5]", "targets_files: must be a text, found a number; put it in quotes"),
    ],
)
def test_a_wrong_list_of_patterns_is_a_problem(tmp_path: Path, value: str, problem: str) -> None:
    assert problems(tmp_path, f"targets_files: {value}") == (problem,)


def test_a_file_without_an_end_is_refused(tmp_path: Path) -> None:
    assert problems(tmp_path, "targets_files: [/dev/zero]") == ("/dev/zero is larger than 16MiB",)


def test_aliases_that_repeat_too_much_are_refused(tmp_path: Path) -> None:
    levels = "\n".join(f"- &l{n + 1} [{', '.join([f'*l{n}'] * 10)}]" for n in range(9))
    write(tmp_path, "bomb.yml", f"- &l0 [x]\n{levels}\n")

    assert problems(tmp_path) == (
        "targets/bomb.yml: its aliases repeat more than 50000 values, or repeat themselves",
    )


def test_the_variables_of_one_target_are_ignored_beside_files(tmp_path: Path) -> None:
    write(tmp_path, "eu.yml", "[{url: 'https://a.example'}]")
    path = tmp_path / "waexporter.yml"
    path.write_text("targets_files: [targets/*.yml]")

    config, notes = load(str(path), {"WAEXPORTER_TARGET_URL": "https://other.example"})

    assert [each.name for each in config.targets] == ["a.example:443"]
    assert notes == ("WAEXPORTER_TARGET_URL: ignored, because the file has targets of its own",)


def test_every_file_and_what_each_pattern_matches_is_stamped(tmp_path: Path) -> None:
    first = write(tmp_path, "eu.yml", "[{url: 'https://a.example', auth: {api_key_file: k}}]")
    key = write(tmp_path, "k", "an-api-key-of-24-letters")
    path = tmp_path / "waexporter.yml"
    path.write_text("targets_files: ['targets/*.yml']")
    files: dict[str, Stamp] = {}

    load(str(path), {}, files)

    pattern = f"{tmp_path}/targets/*.yml"
    assert files == {
        str(path): stamp_file(str(path)),
        pattern: (str(first),),
        str(first): stamp_file(str(first)),
        str(key): stamp_file(str(key)),
    }
    assert stamp_file(pattern) == files[pattern]
    write(tmp_path, "us.yml", "")
    assert stamp_file(pattern) != files[pattern]


def test_a_folder_with_the_signs_of_a_pattern_is_no_pattern(tmp_path: Path) -> None:
    folder = tmp_path / "wa[1]"
    write(folder, "eu.yml", "[{url: 'https://a.example'}]")
    files: dict[str, Stamp] = {}
    (folder / "waexporter.yml").write_text("targets_files: ['targets/*.yml']")

    config, _ = load(f"{folder}/waexporter.yml", {}, files)

    assert [each.name for each in config.targets] == ["a.example:443"]
    assert files == {name: stamp_file(name) for name in files}


def test_a_placeholder_in_a_file_is_noted_with_its_place(tmp_path: Path) -> None:
    write(tmp_path, "eu.yml", "[{url: 'https://a.example', labels: {region: '${REGION}'}}]")

    _, notes = load_text(tmp_path, "targets_files: ['targets/*.yml']")

    assert [note.partition(": holds what looks like")[0] for note in notes] == [
        "targets/eu.yml: [0].labels.region"
    ]


def test_pages_may_go_via_a_target_that_a_list_does_not_have_now(tmp_path: Path) -> None:
    write(tmp_path, "eu.yml", "[{url: 'https://a.example', name: a}]")
    pager = "pager: {via: [a, gone], webhook: {insecure: true}}\n"

    config, notes = load_text(tmp_path, f"targets_files: ['targets/*.yml']\n{pager}")

    assert config.pager is not None
    assert config.pager.via == ("a", "gone")
    assert notes == ('pager.via[1]: no target is called "gone"',)
