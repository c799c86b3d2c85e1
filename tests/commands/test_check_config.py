"""`waexporter check-config` ends with 2 whatever is wrong with a configuration."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import pytest
import yaml

from tests.commands.secured import EXPIRED, HASH, TLS, USER, SecuredPlace

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from tests.commands.conftest import CommandResult

TARGET = "targets: [{url: 'https://wa.example'}]\n"


@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated")  # by Apprise
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is empty"),
        ("targets: [", "waexporter.yml"),
        ("targets: []", "targets: "),
        (TARGET + "nothing: 1", "nothing: unknown key"),
        (TARGET + "web: {listen: '0.0.0.0:9847'}\npager: {state_dir: s}", "pager.webhook: "),
        (TARGET + "pager: {fallback: ['http://']}", "pager.fallback"),
        (TARGET + "pager: {fallback: ['nonsense://x']}", "pager.fallback"),
        (TARGET + "pager: {webhook: {secret_file: missing}}", "pager.webhook.secret_file: "),
    ],
)
def test_problems_are_printed_and_the_exit_code_is_2(
    tmp_path: Path, run: Callable[..., CommandResult], text: str, words: str
) -> None:
    file = tmp_path / "waexporter.yml"
    file.write_text(text)

    result = run("check-config", "--config", str(file))

    assert (result.status, result.output) == (2, "")
    assert words in result.complaints


def test_a_file_that_is_missing_is_wrong_too(tmp_path: Path, run: Callable[..., CommandResult]) -> None:
    result = run("check-config", "--config", str(tmp_path / "missing.yml"))

    assert result.status == 2
    assert "missing.yml: No such file or directory" in result.complaints


def test_a_fallback_that_needs_apprise_is_wrong_where_it_is_not_installed(
    tmp_path: Path, run: Callable[..., CommandResult], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)
    file = tmp_path / "waexporter.yml"
    file.write_text(TARGET + "pager: {fallback: ['mailto://me:word@example.com']}")

    result = run("check-config", "--config", str(file))

    assert result.status == 2
    assert "pip install '.[fallback]'" in result.complaints
    assert "word" not in result.complaints


def test_a_correct_configuration_is_printed(tmp_path: Path, run: Callable[..., CommandResult]) -> None:
    file = tmp_path / "waexporter.yml"
    file.write_text(TARGET)

    result = run("check-config", "--config", str(file))

    assert (result.status, result.complaints) == (0, "")
    assert "https://wa.example" in result.output


def test_a_shard_is_printed_alone_with_a_note_about_the_others(
    tmp_path: Path, run: Callable[..., CommandResult]
) -> None:
    file = tmp_path / "waexporter.yml"
    (tmp_path / "fleet.json").write_text(json.dumps([{"targets": [f"wa-{n}.example" for n in range(20)]}]))
    file.write_text("targets_files: [fleet.json]")

    parts = [run("check-config", "--config", str(file), "--shard", f"{n}/2") for n in range(2)]

    printed = [each["name"] for part in parts for each in yaml.safe_load(part.output)["targets"]]
    assert sorted(printed) == sorted(f"wa-{n}.example:443" for n in range(20))
    count = parts[0].output.count("- name:")
    words = f"note: shard 0/2 has {count} of 20 targets; the others are not printed"
    assert parts[0].complaints.splitlines() == [words]


def test_a_wrong_shard_is_a_problem_of_the_configuration(
    tmp_path: Path, run: Callable[..., CommandResult], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "waexporter.yml"
    file.write_text(TARGET)
    monkeypatch.setenv("WAEXPORTER_SHARD", "2/2")

    result = run("check-config", "--config", str(file))

    assert (result.status, result.output) == (2, "")
    assert "WAEXPORTER_SHARD: must be I/N" in result.complaints


@pytest.mark.parametrize(
    ("until", "words"),
    [(None, ""), (EXPIRED, "note: web.config_file: its certificate expired ")],
    ids=["valid", "expired"],
)
def test_the_web_configuration_is_printed_with_a_note_about_an_expired_certificate(
    tmp_path: Path, run: Callable[..., CommandResult], until: datetime | None, words: str
) -> None:
    place = SecuredPlace(tmp_path)
    place.issue("server", until=until)
    place.secure(tls_server_config=TLS, basic_auth_users={USER: HASH})

    result = run("check-config", "--config", str(place.file))

    (_, in_force) = yaml.safe_load_all(result.output)
    assert result.status == 0
    assert result.complaints.startswith(words)
    assert bool(result.complaints) is bool(words)
    assert in_force["basic_auth_users"] == {USER: "<secret>"}
    assert HASH not in result.output
