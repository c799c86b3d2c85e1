"""`waexporter simulate`: its scenarios, and arguments that it can't use."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from waexporter.cli import main
from waexporter.simulator import SCENARIOS

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.commands.conftest import CommandResult


def test_the_scenarios_are_listed(run: Callable[..., CommandResult]) -> None:
    result = run("simulate", "--scenario", "list")

    assert (result.status, result.complaints) == (0, "")
    assert [line.split()[0] for line in result.output.splitlines()] == list(SCENARIOS)


def test_an_unknown_scenario_is_a_wrong_argument(run: Callable[..., CommandResult]) -> None:
    result = run("simulate", "--scenario", "nonsense")

    assert (result.status, result.output) == (2, "")
    assert result.complaints.startswith("scenario must be one of answer_lost, ")


def test_an_address_in_use_is_reported_with_advice(run: Callable[..., CommandResult]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        listen = f"127.0.0.1:{taken.getsockname()[1]}"

        result = run("simulate", "--listen", listen)

    assert result.status == 1
    assert result.complaints == (
        f"can't listen on {listen}: another program listens there already (choose another with --listen)\n"
    )


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--user", "me"), "'me' is not NAME:PASSWORD or NAME:PASSWORD:admin"),
        (("--speed", "0"), "'0' is not a number above 0, up to 1000"),
        (("--listen", "x"), "--listen"),
    ],
)
def test_a_wrong_argument_ends_it_with_2(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], words: str
) -> None:
    with pytest.raises(SystemExit) as end:
        main(["simulate", *arguments])

    assert end.value.code == 2
    assert words in capsys.readouterr().err
