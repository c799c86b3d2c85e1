"""The list of targets that a web server publishes, as it is configured."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.config.texts import load_text
from waexporter.config import compare, dump_config, load
from waexporter.errors import ConfigError
from waexporter.model import HttpSd, Secret

if TYPE_CHECKING:
    from pathlib import Path

    from waexporter.model import Config


def test_the_short_key_is_the_url_of_the_block(tmp_path: Path) -> None:
    short = load_text(tmp_path, "http_sd_url: https://cmdb.example/targets")
    block = load_text(tmp_path, "http_sd: {url: https://cmdb.example/targets}")

    assert short.config.http_sd == block.config.http_sd == HttpSd("https://cmdb.example/targets")
    assert short.config.targets == ()


def test_the_short_key_and_the_block_go_together(tmp_path: Path) -> None:
    text = """
http_sd_url: https://cmdb.example/targets
http_sd: {interval: 5m, auth: {bearer_token: hunter2-hunter2, token_type: Token}}
"""

    settings = load_text(tmp_path, text).config.http_sd

    assert (settings.url, settings.interval) == ("https://cmdb.example/targets", 300.0)
    assert (settings.auth.bearer_token, settings.auth.token_type) == (Secret("hunter2-hunter2"), "Token")


def test_neither_the_query_nor_a_secret_is_printed(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("hunter2-password")
    text = """
http_sd_url: https://cmdb.example/targets?token=hunter2
http_sd:
  auth: {username: monitor, password_file: password}
  proxy_url: http://proxy:3128
  proxy_auth: {username: us, password: hunter2}
"""

    loaded = load_text(tmp_path, text)

    printed = dump_config(loaded.config)
    assert "url: https://cmdb.example/targets?<secret>\n" in printed
    assert "hunter2" not in printed + repr(loaded)


def test_without_a_list_nothing_is_printed_about_it(tmp_path: Path) -> None:
    loaded = load_text(tmp_path, "targets: [{url: https://a.example}]")

    assert "http_sd" not in dump_config(loaded.config)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("http_sd_url: cmdb.example", "http_sd_url: must begin with https:// or http://"),
        (
            "http_sd_url: https://me:hunter2@cmdb.example",
            "http_sd_url: must not hold user:password@; use auth instead",
        ),
        (
            "http_sd_url: https://cmdb.example/?a#b",
            "http_sd_url: must not hold a fragment, spaces or backslashes in its query",
        ),
        ("http_sd: {interval: 5m}", "http_sd.url: is required, here or as http_sd_url"),
        (
            "{http_sd_url: https://a.example, http_sd: {url: https://a.example}}",
            "http_sd.url: http_sd_url is given too; give one of them",
        ),
        ("http_sd: {url: https://a.example, interval: 500ms}", "http_sd.interval: must be at least 1s"),
        (
            "http_sd: {url: https://a.example, auth: {username: a}}",
            "http_sd.auth.password: is required with username",
        ),
        (
            "http_sd: {url: https://a.example, auth: {token_type: Token}}",
            "http_sd.auth.bearer_token: is required with token_type",
        ),
        (
            "http_sd: {url: https://a.example, auth: {username: a, password: b, bearer_token: hunter2}}",
            "http_sd.auth.bearer_token: username is given too; give one of them",
        ),
        (
            "http_sd: {url: https://a.example, auth: {bearer_token: hunter2, token_type: two words}}",
            "http_sd.auth.token_type: must be one word, such as Bearer or Token",
        ),
    ],
)
def test_a_mistake_is_named_with_its_key(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_text(tmp_path, text)

    assert caught.value.problems == (problem,)


def test_a_list_over_plain_http_has_a_note(tmp_path: Path) -> None:
    loaded = load_text(tmp_path, "http_sd_url: http://cmdb.example/targets")

    assert loaded.notes == (
        "http_sd_url: http:// lets anyone on the way choose the targets, which are sent the credentials",
    )


def test_a_list_whose_server_is_not_verified_has_a_note(tmp_path: Path) -> None:
    text = "http_sd: {url: https://cmdb.example/targets, tls: {insecure_skip_verify: true}}"

    loaded = load_text(tmp_path, text)

    words = "lets anyone on the way choose the targets, which are sent the credentials"
    assert loaded.notes == (f"http_sd.tls.insecure_skip_verify: {words}",)


def test_another_url_needs_no_restart(tmp_path: Path) -> None:
    without = load_text(tmp_path, "targets: [{url: https://a.example}]").config
    with_one = load_text(
        tmp_path, "{targets: [{url: https://a.example}], http_sd_url: https://b.example}"
    ).config

    difference = compare(without, with_one)

    assert (difference.keys, difference.problems) == (("http_sd.url",), ())


GROUPS = '[{"targets": ["wa-1.example:9090", "wa-2.example:9090"], "labels": {"region": "eu"}}]'
NO_FILES = "must not name a file, because this list comes from another host"
NO_LIST = 'http_sd_url: must be a list with a "- " before each entry, such as - url: https://host:9090'
OURS = '[{"name": "a", "url": "https://wa-1.example:9090", "auth": {"api_key": "hunter2-hunter2"}}]'


def load_discovered(folder: Path, text: str, discovered: str) -> Config:
    path = folder / "waexporter.yml"
    path.write_text(text)
    return load(str(path), {}, discovered=discovered).config


@pytest.mark.parametrize(
    ("discovered", "names"), [(GROUPS, ["wa-1.example:9090", "wa-2.example:9090"]), (OURS, ["a"]), ("[]", [])]
)
def test_the_targets_of_a_list_come_after_those_of_the_file(
    tmp_path: Path, discovered: str, names: list[str]
) -> None:
    text = "{targets: [{name: first, url: https://a.example}], http_sd_url: https://cmdb.example}"

    config = load_discovered(tmp_path, text, discovered)

    assert [target.name for target in config.targets] == ["first", *names]
    assert config.discovered == len(names)


def test_a_list_without_its_url_does_not_count(tmp_path: Path) -> None:
    config = load_discovered(tmp_path, "targets: [{url: https://a.example}]", GROUPS)

    assert (len(config.targets), config.discovered) == (1, 0)


@pytest.mark.parametrize(
    ("discovered", "problem"),
    [
        (
            '[{"name": "first", "url": "https://b.example"}]',
            'http_sd_url: [0].name: "first" is used by targets[0] already',
        ),
        ('[{"url": "wa.example"}]', "http_sd_url: [0].url: must begin with https:// or http://"),
        (
            '[{"url": "https://b.example", "auth": {"username": "a", "password_file": "/etc/shadow"}}]',
            f"http_sd_url: [0].auth.password_file: {NO_FILES}",
        ),
        (
            '[{"url": "https://b.example", "tls": {"ca_file": "/etc/hostname"}}]',
            f"http_sd_url: [0].tls.ca_file: {NO_FILES}",
        ),
        (
            '{"targets": []}',
            f"{NO_LIST}; found a mapping",
        ),
        ("<!doctype html>", f"{NO_LIST}; found a text"),
        (f'[{" " * 100_000}"', "http_sd_url: line 1, column 100002: is not valid JSON here"),
    ],
)
def test_a_bad_list_is_refused_with_the_place_of_the_mistake(
    tmp_path: Path, discovered: str, problem: str
) -> None:
    text = "{targets: [{name: first, url: https://a.example}], http_sd_url: https://cmdb.example}"

    with pytest.raises(ConfigError) as caught:
        load_discovered(tmp_path, text, discovered)

    assert caught.value.problems == (problem,)


def test_a_pager_may_name_a_target_that_the_list_does_not_have_yet(tmp_path: Path) -> None:
    text = "{http_sd_url: https://cmdb.example, pager: {state_dir: /tmp, via: [a]}}"

    loaded = load_text(tmp_path, text)

    assert 'pager.via[0]: no target is called "a"' in loaded.notes
