"""`waexporter probe`: which client it polls, what it prints, and its exit codes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.commands.conftest import MONITOR
from waexporter.cli import main

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.commands.conftest import CommandResult, Workplace


def test_a_configured_target_is_polled_by_its_name(workplace: Workplace) -> None:
    result = workplace.run("probe", "support-line")

    assert result.status == 0
    assert result.lines("verdict: OK")
    assert result.lines("GET /v1/health ")


@pytest.mark.parametrize("end", ["", "/", "/v1"])
def test_a_url_is_polled_with_the_credentials_of_the_environment(
    workplace: Workplace, run: Callable[..., CommandResult], monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    monkeypatch.setenv("WAEXPORTER_USERNAME", MONITOR[0])
    monkeypatch.setenv("WAEXPORTER_PASSWORD", MONITOR[1])

    result = run("probe", workplace.client.url + end)

    assert result.status == 0
    assert result.lines("verdict: OK")


def test_an_unknown_name_is_an_error_that_lists_the_configured_ones(workplace: Workplace) -> None:
    result = workplace.run("probe", "nobody")

    assert (result.status, result.output) == (3, "")
    assert result.complaints == "no target is called 'nobody'; there are: support-line\n"


def test_a_wrong_command_line_is_unknown_to_nagios(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["probe"])

    assert end.value.code == 3
    assert "the following arguments are required: TARGET_OR_URL" in capsys.readouterr().err


def test_a_client_that_is_down_ends_it_with_2(workplace: Workplace) -> None:
    workplace.configure(target={"url": "http://127.0.0.1:9"})

    result = workplace.run("probe", "support-line")

    assert result.status == 2
    assert "FAILED, the same" in result.output
    assert result.lines("verdict: DOWN")
