"""Placeholders for environment variables in values: reported, and never shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import yaml

from tests.config.texts import load_text
from waexporter.cli import main
from waexporter.config import load
from waexporter.config.placeholders import find_placeholders
from waexporter.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

WORDS = "holds what looks like an environment variable, which is taken literally"


@pytest.mark.parametrize(
    "text",
    [
        "${WA_KEY}",
        "${wa_key}",
        "${WA_KEY:-default}",
        "${WA_KEY-}",
        "${WA_KEY:?is missing}",
        "before ${WA_KEY} after",
        "https://${WA_HOST}:9090",
        "$(WA_KEY)",
        "$WA_KEY",
        "https://$WA_HOST:9090",
        "https://wa.example/$WA_PREFIX",
        "discord://id/$TOKEN",
        "http://me:$PASSWORD@proxy.example",
    ],
)
def test_a_placeholder_of_other_programs_is_found(text: str) -> None:
    assert list(find_placeholders({"key": text})) == ["key"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "$",
        "$$",
        "pa$$word",
        "pa$WORD",
        "$word",
        "$WORD!",
        "$A",
        "$1",
        "${}",
        "${1}",
        "${a b}",
        "$ {WA_KEY}",
        "{WA_KEY}",
        "$[WA_KEY]",
        "$(a b)",
        "a$",
        "US$100",
        "x${",
    ],
)
def test_a_dollar_sign_in_a_password_is_no_placeholder(text: str) -> None:
    assert list(find_placeholders({"key": text})) == []


def test_each_is_found_at_its_place_and_what_aliases_repeat_once() -> None:
    document = yaml.safe_load(
        """
        targets:
          - {url: "$URL", labels: &labels {region: "${REGION}", line: orders}}
          - {url: "https://wa.example", labels: *labels, shards: 4, topology: null}
        pager: {fallback: ["https://a.example", "https://b.example/${TOKEN}"]}
        "{api_key:hunter2}": "${KEY}"
        7: "${KEY}"
        """
    )

    assert list(find_placeholders(document)) == [
        "targets[0].url",
        "targets[0].labels.region",
        "pager.fallback[1]",
    ]


def test_it_is_a_note_of_check_config_that_shows_nothing_of_the_value(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "waexporter.yml"
    file.write_text(
        "targets: [{url: 'https://wa.example', auth: {username: me, password: 'hunter2-${WA_PASSWORD}'}}]"
    )

    code = main(["check-config", "--config", str(file)])

    told = capsys.readouterr().err
    assert code == 0
    assert told.startswith(f"note: targets[0].auth.password: {WORDS}; write the value itself")
    assert "hunter2" not in told
    assert "WA_PASSWORD" not in told


def test_a_variable_that_was_not_filled_in_is_named() -> None:
    [note] = load(None, {"WA_WEB_ENDPOINT": "wa.example", "WAEXPORTER_API_KEY": "$(WA_KEY_OF_POD)"}).notes

    instead = "write the value itself, or let a variable with _FILE name the file of a secret"
    assert note == f"WAEXPORTER_API_KEY: {WORDS}; {instead}"


def test_it_is_reported_with_the_problem_that_it_causes(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load_text(tmp_path, "targets: [{url: '${WA_URL}'}]")

    first, second = caught.value.problems
    assert first == "targets[0].url: must begin with https:// or http://"
    assert second.startswith(f"targets[0].url: {WORDS}")


def test_an_x_block_is_used_by_its_anchors_and_neither_checked_nor_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "waexporter.yml"
    file.write_text(
        """
x-login: &login {username: monitor, password: hunter2}
x-: [1, {anything: "${GOES}"}]
x-common: &common
  auth: *login
  labels: {region: eu}
targets:
  - {url: "https://a.example", <<: *common}
  - {url: "https://b.example", <<: *common, labels: {region: us}}
"""
    )

    loaded = load(str(file), {})
    code = main(["check-config", "--config", str(file)])

    told = capsys.readouterr()
    assert [dict(each.labels) for each in loaded.config.targets] == [{"region": "eu"}, {"region": "us"}]
    assert {each.auth.username for each in loaded.config.targets} == {"monitor"}
    assert (code, loaded.notes, told.err) == (0, (), "")
    assert "x-" not in told.out
    assert "hunter2" not in told.out
