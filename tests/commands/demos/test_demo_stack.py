"""The shipped rules at the speed of the demo, and what to do where Prometheus is missing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.commands.secured import HASH, PASSWORD, TLS, TOKEN, USER, SecuredPlace
from waexporter.cli import main
from waexporter.commands.demos import demo_stack as stack
from waexporter.commands.process import USAGE_ERROR
from waexporter.config import load_daemon_access
from waexporter.config.shipped_files import find_rule_files
from waexporter.errors import CommandError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.commands.conftest import CommandResult


@pytest.mark.parametrize(
    ("shipped", "hastened"),
    [
        ("        for: 3m\n", "        for: 6s\n"),
        ("    keep_firing_for: 1h30m", "    keep_firing_for: 3m"),
        ("  group_wait: 10s", "  group_wait: 500ms"),  # a third of a second is below what is worth it
        ("      group_wait: 0s", "      group_wait: 0s"),
        ("  repeat_interval: 4h", "  repeat_interval: 8m"),
        ("rate(a_total[5m])", "rate(a_total[10s])"),
        ("max_over_time(a[1m])", "max_over_time(a[4s])"),  # a rate needs two samples
        ("max_over_time(a[30d:1h] offset 1d)", "max_over_time(a[1d:2m] offset 48m)"),
        ("sum_over_time(a[4m:15s]) > 8", "sum_over_time(a[8s:500ms]) > 8"),  # as many steps as before
        ("a:rate5m > 3600", "a:rate5m > 3600"),  # only what is a time in the syntax is one
        ("# waits for: 3m", "# waits for: 3m"),
        ("description: for 5m", "description: for 5m"),
        ('a{b="[x]"}', 'a{b="[x]"}'),
    ],
)
def test_every_time_in_rules_and_routes_is_divided(shipped: str, hastened: str) -> None:
    assert stack.speed_up(shipped) == hastened


def test_the_shipped_routes_have_the_address_that_the_demo_replaces() -> None:
    routes = (find_rule_files() / "alertmanager.yml").read_text()

    urls = re.findall(r"- url: (\S+)", routes)

    assert urls
    assert all(url == "http://127.0.0.1:9847/api/v1/alerts" for url in urls)


def test_without_the_programs_the_error_explains_how_to_get_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(CommandError) as caught:
        stack.find_programs(tmp_path / "real")

    result = str(caught.value)
    assert "needs Prometheus and Alertmanager" in result
    assert "apt-get install" in result
    assert "make demo STACK=1" in result


def test_incidents_too_short_to_page_anybody_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["demo", "--stack", "--speed", "5"])

    assert status == USAGE_ERROR
    assert "--speed up to 2" in capsys.readouterr().err


def test_without_credentials_for_prometheus_the_demo_says_which_to_give(
    run: Callable[..., CommandResult], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "web.yml").write_text(f"basic_auth_users: {{{USER}: {HASH}}}")
    monkeypatch.setenv("WAEXPORTER_WEB_CONFIG_FILE", str(tmp_path / "web.yml"))

    result = run("demo", "--stack")

    assert result.status == 2
    assert "set WAEXPORTER_WEB_USERNAME" in result.complaints


LOGIN = {"WAEXPORTER_WEB_USERNAME": USER, "WAEXPORTER_WEB_PASSWORD": PASSWORD}
CERTIFICATE = {
    "WAEXPORTER_WEB_CLIENT_CERT_FILE": "/client.pem",
    "WAEXPORTER_WEB_CLIENT_KEY_FILE": "/client.key",
}


@pytest.mark.parametrize(
    ("web_config", "environ", "http_config"),
    [
        ({}, {}, {}),
        ({"tls_server_config": TLS}, {}, {"tls_config": {"insecure_skip_verify": True}}),
        (
            {"tls_server_config": TLS},
            CERTIFICATE,
            {
                "tls_config": {
                    "insecure_skip_verify": True,
                    "cert_file": "/client.pem",
                    "key_file": "/client.key",
                }
            },
        ),
        (
            {"basic_auth_users": {USER: HASH}},
            LOGIN,
            {"basic_auth": {"username": USER, "password": PASSWORD}},
        ),
        ({"bearer_token_files": ["token"]}, LOGIN, {"authorization": {"credentials": TOKEN}}),
    ],
)
def test_prometheus_and_alertmanager_are_let_in_by_what_the_daemon_asks_for(
    tmp_path: Path,
    web_config: dict[str, object],
    environ: dict[str, str],
    http_config: dict[str, object],
) -> None:
    place = SecuredPlace(tmp_path)
    place.secure(**web_config)

    written = stack.write_http_config(load_daemon_access(str(place.file), environ))

    assert written == http_config


@pytest.mark.parametrize("name", ["prometheus-alertmanager", "alertmanager"])
def test_the_programs_are_found_by_each_of_their_names(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    for program in ("prometheus", name):
        (tmp_path / program).touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))

    found = stack.find_programs()

    assert found == (str(tmp_path / "prometheus"), str(tmp_path / name))


def test_the_programs_in_the_cache_are_found_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    programs = tmp_path / "real" / "trixie" / "usr" / "bin"
    programs.mkdir(parents=True)
    for program in ("prometheus", "prometheus-alertmanager"):
        (programs / program).touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))

    assert stack.find_programs(tmp_path / "real").alertmanager == str(programs / "prometheus-alertmanager")


def test_a_program_that_ends_as_it_starts_is_quoted(tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.write_text("#!/bin/sh\necho flag not known\nexit 7\n")
    broken.chmod(0o755)

    with (
        pytest.raises(CommandError, match=r"ended with 7 as it started.*\nflag not known"),
        stack.run_stack(
            stack.Programs(str(broken), str(broken)), "http://127.0.0.1:9847", stack.find_free_address(), {}
        ),
    ):
        pytest.fail("it has started")
