"""Errors name the argument that is wrong, before a password is asked for."""

from __future__ import annotations

import getpass
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.commands.conftest import CommandResult

ADMIN = ("--admin-user", "admin")


@pytest.fixture(autouse=True)
def nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail when a password is asked for; unset the variables of the configuration."""

    def ask(_prompt: str) -> str:
        pytest.fail("a password was asked for")

    monkeypatch.setattr(getpass, "getpass", ask)
    for name in ("WAEXPORTER_CONFIG", "WAEXPORTER_TARGET_URL"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("arguments", "code", "beginning"),
    [
        (("bootstrap", "--url", "x", *ADMIN), 2, "--url: must begin with https:// or http://"),
        (("bootstrap", "--url", "https://me:pw@wa", *ADMIN), 2, "--url: must not hold user:password@"),
        (
            ("bootstrap", "--url", "https://wa", "--ca-file", "/nowhere/ca.pem", *ADMIN),
            2,
            "--ca-file: can't read /nowhere/ca.pem: No such file or directory",
        ),
        (("probe", "ftp://wa"), 3, "TARGET_OR_URL: must begin with https:// or http://"),
    ],
)
def test_a_problem_names_the_argument_and_not_the_variable(
    run: Callable[..., CommandResult], arguments: tuple[str, ...], code: int, beginning: str
) -> None:
    result = run(*arguments)

    assert (result.status, result.output) == (code, "")
    assert result.complaints.startswith(beginning)
    assert "WAEXPORTER_TARGET_URL" not in result.complaints
