"""A folder of bad configurations, one mistake each, with the exact messages that they give."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.config.texts import load_text
from waexporter.config import load
from waexporter.errors import ConfigError

FOLDER = Path(__file__).parent / "bad_configs"
HEADER = b"# expect: "


def expected(path: Path) -> list[str]:
    lines = path.read_bytes().splitlines()
    return [line.removeprefix(HEADER).decode() for line in lines if line.startswith(HEADER)]


@pytest.mark.parametrize("name", sorted(path.name for path in FOLDER.glob("*.yml")))
def test_a_bad_configuration_is_refused_with_exactly_its_words(name: str) -> None:
    path = FOLDER / name

    with pytest.raises(ConfigError) as caught:
        load(str(path), {})

    assert [problem.replace(f"{FOLDER}/", "") for problem in caught.value.problems] == expected(path)


def test_the_folder_has_many_files() -> None:
    assert len(list(FOLDER.glob("*.yml"))) >= 100


def test_no_problem_quotes_a_secret_of_the_folder() -> None:
    told = "\n".join(line for path in FOLDER.glob("*.yml") for line in expected(path))

    assert "hunter2" not in told


def test_messages_say_space_and_never_blank() -> None:
    told = "\n".join(line for path in FOLDER.glob("*.yml") for line in expected(path))

    assert re.findall(r".*\b(?:a blank|blanks)\b.*", told) == []


def test_every_problem_of_a_file_is_reported_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    text = """
targets:
  - ulr: https://a.example
    shards: 3
  - url: b.example
    auth: {username: monitor}
log: {level: loud}
"""

    with pytest.raises(ConfigError) as caught:
        load_text(tmp_path, text)

    assert caught.value.problems == (
        "targets[0].url: is required",
        "targets[0].shards: must be one of 1, 2, 4, 8, 16 or 32",
        'targets[0].ulr: unknown key; did you mean "url"?',
        "targets[1].url: must begin with https:// or http://",
        "targets[1].auth.password: is required with username",
        "log.level: must be one of debug, info, warning or error",
    )


def test_a_missing_file_is_a_problem_with_its_path(tmp_path: Path) -> None:
    path = tmp_path / "nowhere.yml"

    with pytest.raises(ConfigError) as caught:
        load(str(path), {})

    assert caught.value.problems == (f"can't read {path}: No such file or directory",)


def test_an_endless_file_is_refused() -> None:
    with pytest.raises(ConfigError) as caught:
        load("/dev/zero", {})

    assert caught.value.problems == ("/dev/zero is larger than 4MiB",)


def test_the_yaml_error_is_not_the_cause_of_the_config_error(tmp_path: Path) -> None:
    text = "targets:\n  - url: https://a.example\n    auth: {username: me, password: *hunter2}\n"

    with pytest.raises(ConfigError) as caught:
        load_text(tmp_path, text)

    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
