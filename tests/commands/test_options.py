"""What is wrong with an argument is said of that argument, and before anybody is asked anything."""

from __future__ import annotations

import getpass
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.commands.conftest import Said

ADMIN = ("--admin-user", "admin")


@pytest.fixture(autouse=True)
def nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nobody be there to be asked, and nothing be configured by variables."""

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
def test_what_is_wrong_with_an_argument_is_said_of_the_argument(
    run: Callable[..., Said], arguments: tuple[str, ...], code: int, beginning: str
) -> None:
    said = run(*arguments)

    assert (said.status, said.output) == (code, "")
    assert said.complaints.startswith(beginning)
    assert "WAEXPORTER_TARGET_URL" not in said.complaints
