"""The environment, with a configuration file and without one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import trustme

from waexporter.config import DEFAULT_PLANS, load
from waexporter.errors import ConfigError
from waexporter.model import Config, Credentials, LogSettings, ProxyAuth, Secret, Target, Tls, WebSettings

if TYPE_CHECKING:
    from pathlib import Path

KEY = "hunter2hunter2"
BY_NAME = "WAEXPORTER_USERNAME and WAEXPORTER_PASSWORD"
WITHOUT_FILE = f"or set WAEXPORTER_TARGET_URL and WAEXPORTER_API_KEY (or {BY_NAME})"


def written(folder: Path, text: str) -> str:
    path = folder / "waexporter.yml"
    path.write_text(text)
    return str(path)


def problems(path: str | None, environ: dict[str, str]) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        load(path, environ)
    return caught.value.problems


def test_a_sidecar_needs_no_file() -> None:
    environ = {
        "WAEXPORTER_TARGET_URL": "https://localhost:9090",
        "WAEXPORTER_TARGET_NAME": "sidecar",
        "WAEXPORTER_API_KEY": KEY,
        "WAEXPORTER_USERNAME": "monitor",
        "WAEXPORTER_PASSWORD": "password",
        "WAEXPORTER_TLS_SERVER_NAME": "webapp",
        "WAEXPORTER_TLS_INSECURE_SKIP_VERIFY": "Yes",
        "WAEXPORTER_SHARDS": "8",
        "WAEXPORTER_ON_CALL_GROUP": "14155550100-1520000000",
        "WAEXPORTER_LISTEN": ":9000",
        "WAEXPORTER_LOG_LEVEL": "WARNING",
        "WAEXPORTER_LOG_FORMAT": "console",
    }

    config, notes = load(None, environ)

    assert notes == ()
    assert config == Config(
        targets=(
            Target(
                name="sidecar",
                url="https://localhost:9090",
                auth=Credentials(Secret(KEY), "monitor", Secret("password")),
                tls=Tls(server_name="webapp", insecure_skip_verify=True),
                shards=8,
                on_call_group="14155550100-1520000000",
                plans=dict(DEFAULT_PLANS),
            ),
        ),
        web=WebSettings("0.0.0.0", 9000),
        log=LogSettings("warning", "console"),
    )


def test_proxies_tokens_and_client_certificates_have_variables_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    issued = trustme.CA().issue_cert("client.example")
    issued.private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "both.pem"))
    (tmp_path / "token").write_text("token-of-the-file")
    (tmp_path / "word").write_text("word-of-the-file")
    monkeypatch.chdir(tmp_path)
    environ = {
        "WAEXPORTER_TARGET_URL": "https://wa.example",
        "WAEXPORTER_BEARER_TOKEN_FILE": "token",
        "WAEXPORTER_TLS_CERT_FILE": "both.pem",
        "WAEXPORTER_TLS_KEY_FILE": "both.pem",
        "WAEXPORTER_PROXY_URL": "http://proxy:3128",
        "WAEXPORTER_PROXY_USERNAME": "me",
        "WAEXPORTER_PROXY_PASSWORD_FILE": "word",
    }

    target = load(None, environ).config.targets[0]

    assert target.auth == Credentials(bearer_token=Secret("token-of-the-file"))
    assert (target.tls.cert_file, target.tls.key_file) == (f"{tmp_path}/both.pem",) * 2
    assert (target.proxy_url, target.proxy_auth) == (
        "http://proxy:3128",
        ProxyAuth("me", Secret("word-of-the-file")),
    )


def test_a_key_may_go_in_a_header_by_variables_too() -> None:
    environ = {
        "WAEXPORTER_TARGET_URL": "https://wa.example",
        "WAEXPORTER_API_KEY": "short",
        "WAEXPORTER_AUTH_HEADER": "D360-API-KEY",
        "WAEXPORTER_PROXY_URL": "http://proxy:3128",
        "WAEXPORTER_PROXY_USERNAME": "me",
        "WAEXPORTER_PROXY_PASSWORD": "word",
    }

    target = load(None, environ).config.targets[0]

    assert target.auth == Credentials(api_key=Secret("short"), header="D360-API-KEY")
    assert target.proxy_auth == ProxyAuth("me", Secret("word"))


def test_a_token_beside_a_login_is_refused_by_the_names_of_the_variables() -> None:
    environ = {
        "WAEXPORTER_TARGET_URL": "https://wa.example",
        "WAEXPORTER_BEARER_TOKEN": KEY,
        "WA_WEB_USERNAME": "me",
        "WA_WEB_PASSWORD": "word",
    }

    words = "WA_WEB_USERNAME is given too; a token needs nothing beside it"
    assert problems(None, environ) == (f"WAEXPORTER_BEARER_TOKEN: {words}",)


@pytest.mark.parametrize("password", ["WAEXPORTER_PROXY_PASSWORD", "WAEXPORTER_PROXY_PASSWORD_FILE"])
def test_a_login_without_its_proxy_is_refused_by_the_names_of_the_variables(
    tmp_path: Path, password: str
) -> None:
    environ = {
        "WAEXPORTER_TARGET_URL": "https://wa.example",
        "WAEXPORTER_PROXY_USERNAME": "me",
        password: written(tmp_path, "word"),
    }

    assert problems(None, environ) == (
        f"WAEXPORTER_PROXY_URL: is required with WAEXPORTER_PROXY_USERNAME and {password}",
    )


def test_the_names_of_metas_monitoring_are_enough() -> None:
    environ = {"WA_WEB_ENDPOINT": "wa.example:9090", "WA_WEB_USERNAME": "me", "WA_WEB_PASSWORD": "password"}

    target = load(None, environ).config.targets[0]

    assert (target.name, target.url) == ("wa.example:9090", "https://wa.example:9090")
    assert target.auth == Credentials(username="me", password=Secret("password"))


def test_our_names_win_over_metas_and_a_difference_is_noted() -> None:
    environ = {
        "WAEXPORTER_TARGET_URL": "https://ours.example",
        "WA_WEB_ENDPOINT": "theirs.example",
        "WAEXPORTER_API_KEY": KEY,
        "WA_API_KEY": KEY,
        "WA_WEB_USERNAME": "me",
        "WA_WEB_PASSWORD": "password",
    }

    config, notes = load(None, environ)

    assert config.targets[0].url == "https://ours.example"
    assert config.targets[0].auth == Credentials(Secret(KEY), "me", Secret("password"))
    assert notes == ("WA_WEB_ENDPOINT: ignored, because WAEXPORTER_TARGET_URL is set",)


def test_our_secret_file_wins_over_metas_secret(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("the-key-in-the-file\n")
    environ = {
        "WAEXPORTER_TARGET_URL": "https://wa.example",
        "WAEXPORTER_API_KEY_FILE": str(tmp_path / "key"),
        "WA_API_KEY": KEY,
    }

    config, notes = load(None, environ)

    assert config.targets[0].auth.api_key == Secret("the-key-in-the-file")
    assert notes == ("WA_API_KEY: ignored, because WAEXPORTER_API_KEY_FILE is set",)


def test_a_file_with_targets_wins_over_the_target_of_the_environment(tmp_path: Path) -> None:
    path = written(tmp_path, "targets: [{url: 'https://file.example'}]")
    environ = {"WAEXPORTER_TARGET_URL": "ftp://never.looked.at", "WA_API_KEY": "short"}

    config, notes = load(path, environ)

    assert [target.url for target in config.targets] == ["https://file.example"]
    assert notes == ("WAEXPORTER_TARGET_URL, WA_API_KEY: ignored, because the file has targets of its own",)


def test_a_file_without_targets_takes_the_target_of_the_environment(tmp_path: Path) -> None:
    path = written(tmp_path, "poll: {db: off}")

    config = load(path, {"WAEXPORTER_TARGET_URL": "https://wa.example"}).config

    assert [target.name for target in config.targets] == ["wa.example:443"]
    assert len(config.targets[0].plans) == len(DEFAULT_PLANS) - 1


def test_settings_of_the_file_win_over_the_environment_and_a_difference_is_noted(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "targets: [{url: 'https://wa.example'}]\nweb: {listen: ':1'}\nlog: {format: console}\n",
    )
    environ = {
        "WAEXPORTER_LISTEN": ":2",
        "WAEXPORTER_LOG_FORMAT": "console",
        "WAEXPORTER_LOG_LEVEL": "debug",
    }

    config, notes = load(path, environ)

    assert config.web.port == 1
    assert config.log == LogSettings("debug", "console")
    assert notes == ("WAEXPORTER_LISTEN: ignored, because the file has web.listen",)


def test_the_environment_names_the_file_unless_the_command_line_does(tmp_path: Path) -> None:
    path = written(tmp_path, "targets: [{url: 'https://wa.example'}]")

    assert load(None, {"WAEXPORTER_CONFIG": path}).config.targets[0].name == "wa.example:443"
    assert load(path, {"WAEXPORTER_CONFIG": "/nowhere"}).config.targets[0].name == "wa.example:443"


def test_problems_of_the_environment_are_called_by_their_variables() -> None:
    environ = {
        "WAEXPORTER_TARGET_URL": "wa.example:9090",
        "WAEXPORTER_SHARDS": "many",
        "WAEXPORTER_TLS_SERVER_NAME": "webapp:443",
        "WAEXPORTER_TLS_INSECURE_SKIP_VERIFY": "perhaps",
        "WAEXPORTER_TLS_CA_FILE": "/nowhere/ca.pem",
        "WAEXPORTER_PASSWORD": "a",
        "WAEXPORTER_PASSWORD_FILE": "/nowhere/password",
        "WA_API_KEY": "short",
        "WAEXPORTER_LISTEN": "9847",
        "WAEXPORTER_LOG_LEVEL": "Warn",
    }

    told = problems(None, environ)

    assert told == (
        "WAEXPORTER_TARGET_URL: must begin with https:// or http://",
        "WA_API_KEY: must be 12 to 128 characters long",
        "WAEXPORTER_PASSWORD_FILE: can't read /nowhere/password: No such file or directory",
        "WAEXPORTER_PASSWORD_FILE: WAEXPORTER_PASSWORD is given too; give one of them",
        "WAEXPORTER_USERNAME: is required with WAEXPORTER_PASSWORD",
        "WAEXPORTER_TLS_CA_FILE: can't read /nowhere/ca.pem: No such file or directory",
        "WAEXPORTER_TLS_SERVER_NAME: must be a host name or an IP address",
        "WAEXPORTER_TLS_INSECURE_SKIP_VERIFY: must be true or false, found a text",
        "WAEXPORTER_SHARDS: must be one of 1, 2, 4, 8, 16 or 32",
        "WAEXPORTER_LISTEN: must be host:port, such as 127.0.0.1:9847, or :9847 for every interface",
        'WAEXPORTER_LOG_LEVEL: must be one of debug, info, warning or error; did you mean "warning"?',
    )


def test_credentials_without_an_address_ask_for_the_address() -> None:
    assert problems(None, {"WA_API_KEY": KEY}) == ("WAEXPORTER_TARGET_URL: is required",)


@pytest.mark.parametrize("environ", [{}, {"WAEXPORTER_TARGET_URL": "", "WAEXPORTER_CONFIG": ""}])
def test_without_any_configuration_both_ways_to_give_one_are_named(environ: dict[str, str]) -> None:
    assert problems(None, environ) == (
        'no target: name a file with "targets: [{url: https://host:9090}]" by --config or WAEXPORTER_CONFIG,',
        WITHOUT_FILE,
    )


def test_a_misspelled_variable_is_noted() -> None:
    slip = {"WAEXPORTER_TARGET_ULR": "https://wa.example"}
    words = 'WAEXPORTER_TARGET_ULR: unknown variable; did you mean "WAEXPORTER_TARGET_URL"?'

    assert problems(None, slip)[-1] == words
    assert load(None, slip | {"WA_WEB_ENDPOINT": "wa.example"}).notes == (words,)


def test_the_variables_that_a_cluster_adds_are_not_taken_for_misspelled_ones() -> None:
    service = {
        "WAEXPORTER_PORT": "tcp://10.0.0.1:9847",
        "WAEXPORTER_SERVICE_HOST": "10.0.0.1",
        "WAEXPORTER_SERVICE_PORT": "9847",
        "WAEXPORTER_SERVICE_PORT_HTTP": "9847",
        "WAEXPORTER_PORT_9847_TCP_ADDR": "10.0.0.1",
        "WAEXPORTER_PORT_9847_TCP_PROTO": "tcp",
    }

    assert load(None, service | {"WA_WEB_ENDPOINT": "wa.example"}).notes == ()


def test_a_relative_path_of_the_environment_begins_where_the_program_was_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = tmp_path / "started"
    started.mkdir()
    (started / "key").write_text(KEY)
    monkeypatch.chdir(started)
    path = written(tmp_path, "poll: {db: off}")

    config = load(path, {"WA_WEB_ENDPOINT": "wa.example", "WAEXPORTER_API_KEY_FILE": "key"}).config

    assert config.targets[0].auth.api_key == Secret(KEY)


def test_a_block_of_the_wrong_type_is_a_problem_of_the_file_alone(tmp_path: Path) -> None:
    path = written(tmp_path, "targets: [{url: 'https://wa.example'}]\nlog: loud\n")

    assert problems(path, {"WAEXPORTER_LOG_LEVEL": "debug"}) == ("log: must be a mapping, found a text",)
