"""The shipped rules at the speed of the demo, and what to do where Prometheus is missing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from waexporter.cli import main
from waexporter.commands.demos import demo_stack as stack
from waexporter.commands.process import USAGE_ERROR
from waexporter.config.shipped_files import find_rule_files
from waexporter.errors import CommandError

if TYPE_CHECKING:
    from pathlib import Path


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
            stack.Programs(str(broken), str(broken)), "http://127.0.0.1:9847", stack.find_free_address()
        ),
    ):
        pytest.fail("it has started")
